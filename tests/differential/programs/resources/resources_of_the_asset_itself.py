"""resource_defs on an asset bind its resources to it."""

import dagster as dg


def program(record):
    @dg.resource
    def number(context):
        return 4

    @dg.asset(resource_defs={"number": number}, required_resource_keys={"number"})
    def table(context):
        return context.resources.number

    record.result(dg.materialize([table]))
