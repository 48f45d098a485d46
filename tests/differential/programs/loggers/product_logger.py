"""get_dagster_logger's messages are captured in a run."""

import dagster as dg


def program(record):
    @dg.op
    def one():
        dg.get_dagster_logger("mine").info("from the side")
        dg.get_dagster_logger().warning("careful")

    @dg.job
    def small():
        one()

    with dg.instance_for_test() as instance:
        result = small.execute_in_process(instance=instance)
        entries = [e for e in instance.all_logs(result.run_id) if not e.is_dagster_event]
        record.value("messages", [[entry.level, entry.user_message, entry.step_key] for entry in entries])
