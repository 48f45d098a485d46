"""A generator may tell of what it sees before and after its output."""

import dagster as dg


def program(record):
    @dg.asset
    def talks():
        yield dg.AssetObservation(asset_key="talks", metadata={"phase": "before"})
        yield dg.AssetMaterialization(asset_key="by_the_way", description="made along")
        yield dg.Output("value", metadata={"n": 1})
        yield dg.ExpectationResult(success=True, label="fine")

    record.result(dg.materialize([talks]))
