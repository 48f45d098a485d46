"""What the function logs reaches the event log with its level."""

import dagster as dg


def program(record):
    @dg.asset
    def table(context):
        context.log.debug("quiet")
        context.log.info("plain %s", "text")
        context.log.warning("careful")
        context.log.error("bad")
        context.log.critical("worst")
        return 1

    with dg.instance_for_test() as instance:
        result = dg.materialize([table], instance=instance, resources={"io_manager": dg.mem_io_manager})
        entries = [entry for entry in instance.all_logs(result.run_id) if not entry.is_dagster_event]
        record.value("messages", [[entry.level, entry.user_message, entry.step_key] for entry in entries])
