"""Resources that need one another are refused."""

import dagster as dg


def program(record):
    @dg.resource(required_resource_keys={"b"})
    def a(context):
        return 1

    @dg.resource(required_resource_keys={"a"})
    def b(context):
        return 1

    @dg.asset(required_resource_keys={"a"})
    def table(context):
        return 1

    with record.raises("materialize", contains=["a", "b"]):
        dg.materialize([table], resources={"a": a, "b": b})
