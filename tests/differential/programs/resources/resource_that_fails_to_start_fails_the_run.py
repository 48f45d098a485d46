"""An error while a resource is set up fails the run before the first step."""

import dagster as dg


def program(record):
    @dg.resource
    def broken(context):
        raise ConnectionError("no route")

    @dg.asset(required_resource_keys={"broken"})
    def table(context):
        return 1

    @dg.asset
    def other():
        return 2

    result = dg.materialize([table, other], resources={"broken": broken}, raise_on_error=False)
    record.result(result)
    with record.raises("raised", contains=["broken"]):
        dg.materialize([table, other], resources={"broken": broken})
