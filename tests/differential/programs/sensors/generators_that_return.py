"""What the function of a sensor or schedule returns after it has yielded, or instead."""

from datetime import UTC, datetime

import dagster as dg


def program(record):
    @dg.job
    def small(): ...

    def returns_a_reason(context):
        if context is not None:
            return dg.SkipReason("enough")
        yield

    def returns_a_request(context):
        if context is not None:
            return dg.RunRequest(run_key="returned")
        yield

    def returns_nothing(context):
        if context is not None:
            return
        yield

    def yields_and_ends(context):
        yield dg.RunRequest(run_key="yielded")

    with dg.DagsterInstance.ephemeral() as instance:
        for fn in (returns_a_reason, returns_a_request, returns_nothing, yields_and_ends):
            tick = dg.sensor(job=small)(fn).evaluate_tick(dg.build_sensor_context(instance=instance))
            record.value(f"sensor {fn.__name__}", [[each.run_key for each in tick.run_requests], tick.skip_message])
    due = datetime(2024, 1, 1, tzinfo=UTC)
    for fn in (returns_a_reason, returns_a_request, returns_nothing, yields_and_ends):
        daily = dg.schedule(job=small, cron_schedule="@daily")(fn)
        tick = daily.evaluate_tick(dg.build_schedule_context(scheduled_execution_time=due))
        record.value(f"schedule {fn.__name__}", [[each.run_key for each in tick.run_requests], tick.skip_message])
