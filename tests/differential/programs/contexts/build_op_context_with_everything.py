"""build_op_context gives config, resources and tags to a direct call."""

import dagster as dg


def program(record):
    @dg.op(config_schema={"n": int}, required_resource_keys={"base"})
    def one(context):
        context.log.info("heard")
        return context.op_config["n"] + context.resources.base

    record.value("value", one(dg.build_op_context(op_config={"n": 2}, resources={"base": 40})))
    with record.raises("no config"):
        one(dg.build_op_context(resources={"base": 40}))
    with record.raises("wrong config"):
        one(dg.build_op_context(op_config={"n": "x"}, resources={"base": 40}))
    with record.raises("no resource", contains=["base"]):
        one(dg.build_op_context(op_config={"n": 1}))
    with dg.build_op_context(resources={"base": 1}) as context:
        record.value("as a context manager", context.resources.base)
    context = dg.build_op_context(partition_key="2024-01-01", run_tags={"a": "b"}, mapping_key="m")
    record.value("partition", context.partition_key)
    record.value("run tags", [context.get_tag("a"), context.run_tags])
    record.value("mapping key", context.get_mapping_key())
