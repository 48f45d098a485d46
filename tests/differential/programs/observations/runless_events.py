"""Events without a run: an instance is told of what happened elsewhere."""

import dagster as dg


def program(record):
    with dg.instance_for_test() as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization("outside", metadata={"rows": 4}))
        instance.report_runless_asset_event(dg.AssetObservation("outside", metadata={"seen": True}))
        event = instance.get_latest_materialization_event(dg.AssetKey("outside"))
        record.metadata("metadata", event.asset_materialization.metadata)
        record.value("run id", event.run_id)
        observed = instance.fetch_observations(dg.AssetKey("outside"), limit=1).records[0]
        record.metadata("observed", observed.asset_observation.metadata)
