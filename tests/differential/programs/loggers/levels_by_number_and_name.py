"""context.log.log takes a level."""

import logging

import dagster as dg


def program(record):
    @dg.op
    def one(context):
        context.log.log(logging.WARNING, "by number")
        context.log.log("ERROR", "by name")
        try:
            raise ValueError("inner")
        except ValueError:
            context.log.exception("with an exception")

    @dg.job
    def small():
        one()

    with dg.instance_for_test() as instance:
        result = small.execute_in_process(instance=instance, raise_on_error=False)
        record.value("success", result.success)
        entries = [e for e in instance.all_logs(result.run_id) if not e.is_dagster_event]
        record.value("entries", [[entry.level, entry.user_message] for entry in entries if entry.level < 50])
