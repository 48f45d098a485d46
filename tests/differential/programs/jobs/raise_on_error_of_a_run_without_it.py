"""raise_on_error=False gives a result that tells of the failure."""

import dagster as dg


def program(record):
    @dg.op
    def bad():
        raise dg.Failure("why", metadata={"n": 1})

    @dg.job
    def small():
        bad()

    result = small.execute_in_process(raise_on_error=False)
    record.result(result)
    record.value("failed", result.is_node_failed("bad"))
    record.value("events", [event.event_type_value for event in result.events_for_node("bad")])
