"""Arguments of a multi_asset are upstream assets."""

import dagster as dg


def program(record):
    @dg.asset
    def x():
        return 2

    @dg.asset(key_prefix="p")
    def y():
        return 5

    @dg.multi_asset(outs={"sum": dg.AssetOut(), "product": dg.AssetOut()}, ins={"other": dg.AssetIn(key=["p", "y"])})
    def arithmetic(x, other):
        return x + other, x * other

    record.result(dg.materialize([x, y, arithmetic]))
