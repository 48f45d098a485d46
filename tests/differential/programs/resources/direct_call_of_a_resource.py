"""A resource may be called with a context made for it."""

import dagster as dg


def program(record):
    @dg.resource(config_schema={"size": int}, required_resource_keys={"base"})
    def one(context):
        return [context.resource_config["size"], context.resources.base]

    context = dg.build_init_resource_context(config={"size": 3}, resources={"base": "b"})
    record.value("value", one(context))

    @dg.resource
    def plain():
        return 7

    record.value("without a context", plain())
