"""The function that was decorated is found at the definition, for tests that call it by itself."""

import dagster as dg


def program(record):
    @dg.op
    def one(context, x):
        return [context, x]

    @dg.asset
    def table(context):
        return context

    @dg.asset
    def plain():
        return "value"

    record.value("op", one.compute_fn.decorated_fn("context", 2))
    record.value("asset", table.op.compute_fn.decorated_fn("context"))
    record.value("without a context", plain.node_def.compute_fn.decorated_fn())
    record.value("names", [each.compute_fn.decorated_fn.__name__ for each in (one, table.op, plain.op)])
