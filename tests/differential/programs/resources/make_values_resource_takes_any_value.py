"""make_values_resource is a resource that is its config."""

import dagster as dg


def program(record):
    @dg.asset(required_resource_keys={"values"})
    def table(context):
        return dict(context.resources.values)

    values = dg.make_values_resource(one=str, two=int)
    config = {"resources": {"values": {"config": {"one": "a", "two": 2}}}}
    record.result(dg.materialize([table], resources={"values": values}, run_config=config))
