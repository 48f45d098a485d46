"""A hook may be called with a context made for it."""

import dagster as dg


def program(record):
    seen = []

    @dg.success_hook(required_resource_keys={"box"})
    def put(context):
        seen.append([context.resources.box, context.op.name if context.op else None])

    @dg.failure_hook
    def alas(context):
        seen.append(str(context.op_exception))

    @dg.op
    def one():
        return 1

    put(dg.build_hook_context(resources={"box": 3}, op=one))
    alas(dg.build_hook_context(op_exception=ValueError("why")))
    record.value("seen", seen)
    with record.raises("no resource", contains=["box"]):
        put(dg.build_hook_context())
