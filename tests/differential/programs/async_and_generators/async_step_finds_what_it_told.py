"""A step that asks the log of its run finds what it told itself, asynchronous or not, its lines behind its start."""

import asyncio

import dagster as dg


def told(context):
    """What the log has of the step that asks."""
    return [
        entry.dagster_event.event_type_value if entry.is_dagster_event else entry.user_message
        for entry in context.instance.all_logs(context.run_id)
        if entry.step_key == context.op_handle.name
    ]


def program(record):
    found = {}

    @dg.op
    async def first(context):
        context.log.info("begins")
        found["first, at once"] = told(context)
        await asyncio.sleep(0.01)
        context.log.info("ends")
        found["first, later"] = told(context)
        return 1

    @dg.op
    async def pair(context, before):
        context.log.info("begins")
        found["pair, at once"] = told(context)
        yield dg.Output(before)
        await asyncio.sleep(0)
        context.log.info("after its output")

    @dg.op
    def plain(context, before):
        context.log.info("begins")
        found["plain"] = told(context)

    @dg.job
    def small():
        before = first()
        pair(before)
        plain(before)

    with dg.DagsterInstance.ephemeral() as instance:
        result = small.execute_in_process(instance=instance)
        for name, kinds in sorted(found.items()):
            record.value(name, [each for each in kinds if each not in ("LOADED_INPUT", "STEP_INPUT")])
        for step in ("first", "pair", "plain"):
            lines = [
                entry.user_message if not entry.is_dagster_event else entry.dagster_event.event_type_value
                for entry in instance.all_logs(result.run_id)
                if entry.step_key == step
            ]
            record.value(
                f"{step}, in the end", [each for each in lines if each not in ("STEP_OUTPUT", "HANDLED_OUTPUT")]
            )
