"""A graph_multi_asset returns one value per output name."""

import dagster as dg


def program(record):
    @dg.op
    def small():
        return 1

    @dg.op
    def large():
        return 100

    @dg.op
    def total(a, b):
        return a + b

    @dg.graph_multi_asset(outs={"low": dg.AssetOut(), "high": dg.AssetOut(key=["x", "high"]), "both": dg.AssetOut()})
    def trio():
        one, two = small(), large()
        return {"low": one, "high": two, "both": total(one, two)}

    record.result(dg.materialize([trio]))
    record.value("keys", sorted(k.to_user_string() for k in trio.keys))
