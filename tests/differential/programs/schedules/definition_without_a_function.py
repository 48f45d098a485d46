"""ScheduleDefinition with fixed config and tags."""

from datetime import UTC, datetime

import dagster as dg


def program(record):
    @dg.op(config_schema={"n": int})
    def one(context):
        return 1

    @dg.job
    def small():
        one()

    schedule = dg.ScheduleDefinition(
        job=small,
        cron_schedule="0 0 * * *",
        run_config={"ops": {"one": {"config": {"n": 1}}}},
        tags={"a": "b"},
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    record.value("name", schedule.name)
    record.value("status", schedule.default_status)
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2024, 1, 1, tzinfo=UTC))
    (request,) = schedule.evaluate_tick(context).run_requests
    record.value("config", request.run_config)
    record.value("tags", record.user_tags(request.tags))
    should = dg.ScheduleDefinition(name="s", job=small, cron_schedule="0 0 * * *", should_execute=lambda _: False)
    data = should.evaluate_tick(context)
    record.value("should not", [data.run_requests, data.skip_message is not None])
