"""execute_job runs a job that names no executor: whether it starts processes for its steps."""

import dagster as dg


def make():
    @dg.op
    def one():
        return 1

    @dg.job
    def small():
        one()

    return small


def program(record):
    with dg.instance_for_test() as instance, dg.execute_job(dg.reconstructable(make), instance=instance) as result:
        kinds = {event.event_type_value for event in result.all_events}
        record.value("starts workers", "STEP_WORKER_STARTING" in kinds)
