"""build_resources sets resources up for a block of code."""

import dagster as dg


def program(record):
    log = []

    @dg.resource(config_schema={"name": str})
    def base(context):
        yield context.resource_config["name"]
        log.append("closed")

    @dg.resource(required_resource_keys={"base"})
    def over(context):
        return f"over {context.resources.base}"

    with dg.build_resources(
        {"base": base, "over": over, "plain": 3}, resource_config={"base": {"config": {"name": "b"}}}
    ) as resources:
        record.value("over", resources.over)
        record.value("plain", resources.plain)
        record.value("open", log)
    record.value("log", log)
