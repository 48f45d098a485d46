"""The instance keeps the failed run, its status and its tags."""

import dagster as dg


def program(record):
    @dg.asset
    def bad():
        raise ValueError("no")

    with dg.instance_for_test() as instance:
        result = dg.materialize([bad], instance=instance, raise_on_error=False, tags={"team": "data"})
        run = instance.get_run_by_id(result.run_id)
        record.value("status", run.status)
        record.value("team", run.tags["team"])
        record.value("count", instance.get_runs_count())
        record.value("finished", run.is_finished)
        record.value("materialized", instance.get_latest_materialization_event(dg.AssetKey("bad")) is not None)
