"""AssetsDefinition.from_graph maps inputs and outputs of a graph to assets."""

import dagster as dg


def program(record):
    @dg.op
    def one(x):
        return x + 1

    @dg.op
    def ten(x):
        return x * 10

    @dg.graph(out={"small": dg.GraphOut(), "big": dg.GraphOut()})
    def both(x):
        y = one(x)
        return {"small": y, "big": ten(y)}

    @dg.asset
    def start():
        return 1

    assets = dg.AssetsDefinition.from_graph(
        both,
        keys_by_input_name={"x": dg.AssetKey("start")},
        keys_by_output_name={"small": dg.AssetKey("small"), "big": dg.AssetKey(["deep", "big"])},
    )
    record.result(dg.materialize([start, assets]))
