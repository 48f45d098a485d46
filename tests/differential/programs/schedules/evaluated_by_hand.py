"""A schedule's function gives run requests for an instant."""

from datetime import UTC, datetime

import dagster as dg


def program(record):
    @dg.op(config_schema={"day": str})
    def one(context):
        return context.op_config["day"]

    @dg.job
    def small():
        one()

    @dg.schedule(cron_schedule="0 5 * * *", job=small, execution_timezone="Europe/Berlin", description="nightly")
    def nightly(context):
        day = context.scheduled_execution_time.strftime("%Y-%m-%d")
        return dg.RunRequest(run_key=day, run_config={"ops": {"one": {"config": {"day": day}}}}, tags={"day": day})

    instant = datetime(2024, 3, 1, 5, tzinfo=UTC)
    found = nightly(dg.build_schedule_context(scheduled_execution_time=instant))
    record.value("request", [found.run_key, found.run_config, dict(found.tags)])
    record.value("schedule", [nightly.name, nightly.cron_schedule, nightly.execution_timezone, nightly.job_name])
    record.value("description", nightly.description)
    record.value("status", nightly.default_status)
    data = nightly.evaluate_tick(dg.build_schedule_context(scheduled_execution_time=instant))
    record.value("tick", [[request.run_key, request.run_config] for request in data.run_requests])
    record.value("skipped", data.skip_message)
