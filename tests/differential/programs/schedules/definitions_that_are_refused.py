"""Wrong cron strings, time zones and names."""

import dagster as dg


def program(record):
    @dg.op
    def one():
        return 1

    @dg.job
    def small():
        one()

    with record.raises("cron", contains=["61"]):
        dg.ScheduleDefinition(job=small, cron_schedule="61 * * * *")
    with record.raises("words"):
        dg.ScheduleDefinition(job=small, cron_schedule="every day")
    with record.raises("time zone", contains=["Nowhere"]):
        dg.ScheduleDefinition(job=small, cron_schedule="0 5 * * *", execution_timezone="Nowhere/City")
    with record.raises("name"):
        dg.ScheduleDefinition(name="bad name", job=small, cron_schedule="0 5 * * *")
    for cron in ("0 5 * * *", "@daily", "@hourly", ["0 1 * * *", "0 2 * * *"], "*/15 * * * *", "0 0 * * 1-5"):
        with record.raises(f"cron {cron}"):
            record.value(f"kept {cron}", dg.ScheduleDefinition(job=small, cron_schedule=cron).cron_schedule)
