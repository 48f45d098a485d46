"""Events of steps tell the process that they happened in."""

import os

import dagster as dg


def program(record):
    @dg.op
    def one():
        return 1

    @dg.op
    def two(one):
        return one

    @dg.job
    def small():
        two(one())

    @dg.asset(check_specs=[dg.AssetCheckSpec("positive", asset="a")])
    def a():
        yield dg.Output(1)
        yield dg.AssetCheckResult(passed=True)

    def processes(run_id):
        found = {}
        for entry in instance.all_logs(run_id):
            event = entry.dagster_event
            if event is not None and event.step_key is not None and event.step_kind_value is not None:
                where = "untold" if event.pid is None else "here" if event.pid == os.getpid() else "elsewhere"
                found.setdefault(f"{event.step_key} {event.event_type_value}", set()).add(where)
        return {kind: sorted(where) for kind, where in sorted(found.items())}

    with dg.instance_for_test() as instance:
        record.value("of a job", processes(small.execute_in_process(instance=instance).run_id))
        record.value("of an asset", processes(dg.materialize([a], instance=instance).run_id))
