"""Executing a run is going through its events."""

from dagster import job, op


@op
def one():
    return 1


@job
def my_job():
    one()


def execute_run_iterator(pipeline):
    kinds.extend(event.event_type_value for event in pipeline.execute_in_process().all_events)


kinds = []

#: block 3

execute_run(my_job)
steps = [kind for kind in kinds if kind in ("STEP_START", "STEP_OUTPUT", "STEP_SUCCESS")]
assert steps == ["STEP_START", "STEP_OUTPUT", "STEP_SUCCESS"]
