"""Config, requests, several requests, reasons to skip, or nothing."""

from datetime import UTC, datetime

import dagster as dg


def program(record):
    @dg.op
    def one():
        return 1

    @dg.job
    def small():
        one()

    def tick(function):
        schedule = dg.schedule(cron_schedule="* * * * *", job=small, name="s")(function)
        context = dg.build_schedule_context(scheduled_execution_time=datetime(2024, 1, 1, tzinfo=UTC))
        data = schedule.evaluate_tick(context)
        return [[request.run_key for request in data.run_requests or []], data.skip_message]

    def config():
        return {}

    def several():
        yield dg.RunRequest(run_key="a")
        yield dg.RunRequest(run_key="b")

    record.value("config", tick(config))
    record.value("request", tick(lambda: dg.RunRequest(run_key="k")))
    record.value("list", tick(lambda: [dg.RunRequest(run_key="a"), dg.RunRequest(run_key="b")]))
    record.value("generator", tick(several))
    record.value("skip", tick(lambda: dg.SkipReason("not today")))
    requests, reason = tick(lambda: None)
    record.value("nothing", [requests, reason is not None])
    with record.raises("error"):
        tick(lambda: 1 / 0)
    with record.raises("text"):
        tick(lambda: "text")
