"""A schedule may ask for resources."""

import dagster as dg


class Calendar(dg.ConfigurableResource):
    holiday: bool


def program(record):
    @dg.op
    def one():
        return 1

    @dg.job
    def small():
        one()

    @dg.schedule(cron_schedule="0 0 * * *", job=small)
    def daily(context, calendar: Calendar):
        return dg.SkipReason("holiday") if calendar.holiday else dg.RunRequest(run_key="go")

    record.value("holiday", daily(dg.build_schedule_context(), calendar=Calendar(holiday=True)).skip_message)
    context = dg.build_schedule_context(resources={"calendar": Calendar(holiday=False)})
    record.value("work day", daily(context).run_key)
    record.value("needs", daily.required_resource_keys)
