"""What is logged is an entry with level, step and message."""

import dagster as dg


def program(record):
    @dg.op
    def one(context):
        context.log.info("first line\nsecond line")
        context.log.warning("percent %d and %s", 5, "text")
        context.log.error("\x1b[31mred\x00")

    @dg.job
    def small():
        one()

    with dg.instance_for_test() as instance:
        result = small.execute_in_process(instance=instance)
        for number, entry in enumerate(e for e in instance.all_logs(result.run_id) if not e.is_dagster_event):
            record.value(f"entry {number}", [entry.level, entry.user_message, entry.step_key, entry.job_name])
