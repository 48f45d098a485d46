"""Hooks run after the steps they were put on."""

import dagster as dg


def program(record):
    seen = []

    @dg.success_hook
    def hurrah(context):
        seen.append(["success", context.op.name, context.step_key])

    @dg.failure_hook
    def alas(context):
        seen.append(["failure", context.op.name, type(context.op_exception).__name__, str(context.op_exception)])

    @dg.op
    def good():
        return 1

    @dg.op
    def bad(x):
        raise ValueError("no")

    @dg.op
    def never(x):
        return 1

    @dg.job(hooks={hurrah, alas})
    def small():
        never(bad(good()))

    record.result(small.execute_in_process(raise_on_error=False))
    record.value("seen", seen)
