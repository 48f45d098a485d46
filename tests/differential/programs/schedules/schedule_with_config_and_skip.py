"""A schedule gives run requests with config and tags, or a reason to skip."""

import datetime as dt

import dagster as dg


def program(record):
    @dg.op(config_schema={"day": str})
    def show(context):
        return context.op_config["day"]

    @dg.job
    def nightly():
        show()

    @dg.schedule(cron_schedule="0 3 * * *", job=nightly, execution_timezone="Europe/Berlin", tags={"team": "a"})
    def daily(context):
        day = context.scheduled_execution_time.strftime("%Y-%m-%d")
        if day.endswith("02"):
            return dg.SkipReason("the second")
        return dg.RunRequest(run_key=day, run_config={"ops": {"show": {"config": {"day": day}}}}, tags={"day": day})

    def asked(day):
        instant = dt.datetime(2024, 1, day, 3, tzinfo=dt.UTC)
        return daily.evaluate_tick(dg.build_schedule_context(scheduled_execution_time=instant))

    (request,) = asked(1).run_requests
    record.value("request", [request.run_key, request.run_config, record.user_tags(request.tags)])
    record.value("skip", [asked(2).skip_message, list(asked(2).run_requests)])
    record.value("zone", daily.execution_timezone)
    with record.raises("wrong cron"):
        dg.ScheduleDefinition(job=nightly, cron_schedule="61 * * * *")
