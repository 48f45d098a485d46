"""A second yield of a resource: an error, not a second resource."""

import dagster as dg


def program(record):
    @dg.resource
    def double(context):
        yield 1
        yield 2

    @dg.asset(required_resource_keys={"double"})
    def table(context):
        return context.resources.double

    with record.raises("materialize"):
        record.value("success", dg.materialize([table], resources={"double": double}).success)
