"""A resource that yields nothing cannot be set up."""

import dagster as dg


def program(record):
    @dg.resource
    def empty(context):
        yield from ()

    @dg.asset(required_resource_keys={"empty"})
    def table(context):
        return 1

    with record.raises("materialize"):
        dg.materialize([table], resources={"empty": empty})
