"""An asset that observes others while it runs."""

import dagster as dg


def program(record):
    @dg.asset
    def table(context):
        yield dg.AssetObservation(asset_key="source", metadata={"rows": 5}, description="looked at it")
        yield dg.Output(1)

    result = dg.materialize([table])
    record.result(result)
    record.value("for the node", [o.label for o in result.asset_observations_for_node("table")])
