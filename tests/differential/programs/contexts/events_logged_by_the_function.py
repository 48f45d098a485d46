"""log_event tells of materializations, observations and expectations at once."""

import dagster as dg


def program(record):
    @dg.asset
    def table(context):
        context.log_event(dg.AssetMaterialization(asset_key="side", metadata={"n": 1}))
        context.log_event(dg.AssetObservation(asset_key=["deep", "source"], metadata={"fresh": True}, tags={"a": "b"}))
        context.log_event(dg.ExpectationResult(success=False, label="hm", description="not so good"))
        return 1

    record.result(dg.materialize([table]))
