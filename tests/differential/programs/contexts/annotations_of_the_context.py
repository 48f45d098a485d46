"""What the context of a function may be annotated with."""

import dagster as dg


def program(record):
    def annotated(kind):
        def fn(context):
            return dg.AssetCheckResult(passed=True)

        fn.__annotations__["context"] = kind
        return fn

    @dg.asset
    def orders():
        return 1

    kinds = {
        "asset": dg.AssetExecutionContext,
        "op": dg.OpExecutionContext,
        "check": dg.AssetCheckExecutionContext,
        "resource": dg.InitResourceContext,
        "text": str,
        "union": int | None,
    }
    for name, kind in kinds.items():
        for noun, declare in (("asset", dg.asset), ("op", dg.op), ("check", dg.asset_check(asset=orders))):
            with record.raises(f"{noun} with {name}", contains=["Cannot annotate `context`"]):
                declare(annotated(kind))
