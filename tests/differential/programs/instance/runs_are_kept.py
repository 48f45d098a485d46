"""An instance for a test keeps runs, events and assets."""

import dagster as dg


def program(record):
    @dg.asset
    def a():
        return 1

    with dg.instance_for_test() as instance:
        first = dg.materialize([a], instance=instance, tags={"n": "1"})
        second = dg.materialize([a], instance=instance, tags={"n": "2"}, raise_on_error=False)
        record.value("count", instance.get_runs_count())
        record.value("newest first", [run.run_id == second.run_id for run in instance.get_runs()])
        record.value("statuses", [run.status for run in instance.get_runs()])
        by_tag = instance.get_runs(filters=dg.RunsFilter(tags={"n": "1"}))
        record.value("by tag", [run.run_id == first.run_id for run in by_tag])
        by_status = instance.get_runs(filters=dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
        record.value("failed", len(by_status))
        record.value("limited", len(instance.get_runs(limit=1)))
        kinds = [e.dagster_event.event_type_value for e in instance.all_logs(first.run_id) if e.is_dagster_event]
        record.value("kinds", [kind for kind in kinds if kind not in ("ENGINE_EVENT", "LOGS_CAPTURED")])
        record.value("unknown run", instance.get_run_by_id("nothing") is None)
        record.value("ephemeral", instance.is_ephemeral)
