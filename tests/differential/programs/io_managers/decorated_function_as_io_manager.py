"""@io_manager makes a definition of a function that returns an IOManager."""

import dagster as dg


class Shelf(dg.IOManager):
    def __init__(self, prefix):
        self.prefix = prefix
        self.values = {}

    def handle_output(self, context, obj):
        self.values[context.name] = [self.prefix, obj]

    def load_input(self, context):
        return self.values[context.upstream_output.name]


@dg.io_manager(config_schema={"prefix": str}, required_resource_keys={"suffix"})
def shelf(context):
    return Shelf(context.resource_config["prefix"] + context.resources.suffix)


def program(record):
    @dg.asset
    def a():
        return 1

    @dg.asset
    def b(a):
        return a

    config = {"resources": {"io_manager": {"config": {"prefix": "p-"}}}}
    resources = {"io_manager": shelf, "suffix": dg.ResourceDefinition.hardcoded_resource("s")}
    record.result(dg.materialize([a, b], resources=resources, run_config=config))
