"""with_hooks puts a hook on one op, or on a graph."""

import dagster as dg


def program(record):
    seen = []

    @dg.success_hook
    def hurrah(context):
        seen.append(context.step_key)

    @dg.op
    def one():
        return 1

    @dg.graph
    def inner():
        one()
        one.alias("two")()

    @dg.job
    def small():
        one.with_hooks({hurrah})()
        one.alias("without")()
        inner.with_hooks({hurrah})()

    record.result(small.execute_in_process())
    record.value("seen", sorted(seen))
