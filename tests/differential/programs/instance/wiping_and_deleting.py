"""Assets are wiped and runs deleted."""

import dagster as dg


def program(record):
    @dg.asset
    def a():
        return 1

    with dg.instance_for_test() as instance:
        result = dg.materialize([a], instance=instance)
        instance.wipe_assets([dg.AssetKey("a")])
        record.value("known", instance.has_asset_key(dg.AssetKey("a")))
        record.value("latest", instance.get_latest_materialization_event(dg.AssetKey("a")))
        record.value("runs", instance.get_runs_count())
        instance.delete_run(result.run_id)
        record.value("runs after", instance.get_runs_count())
