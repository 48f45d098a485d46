"""Hooks use resources and see outputs, errors and config of their step."""

import dagster as dg


def program(record):
    told = []

    @dg.success_hook(required_resource_keys={"chat"})
    def good(context):
        told.append([context.resources.chat, context.op.name, context.op_output_values, context.op_config])

    @dg.failure_hook(required_resource_keys={"chat"})
    def bad(context):
        told.append([context.resources.chat, context.op.name, type(context.op_exception).__name__])

    @dg.op(config_schema={"x": int})
    def fine(context):
        return context.op_config["x"]

    @dg.op
    def broken(x):
        raise KeyError("k")

    @dg.job(resource_defs={"chat": dg.ResourceDefinition.hardcoded_resource("room")}, hooks={good, bad})
    def nightly():
        broken(fine())

    result = nightly.execute_in_process(raise_on_error=False, run_config={"ops": {"fine": {"config": {"x": 3}}}})
    record.result(result)
    record.value("told", told)
    with dg.build_hook_context(resources={"chat": "desk"}, op=fine) as context:
        record.value("built", [context.resources.chat, context.op.name])
