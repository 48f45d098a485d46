"""Contexts that are built for tests answer as far as they can, and refuse the rest."""

import dagster as dg


def program(record):
    @dg.op(required_resource_keys={"api"}, config_schema={"n": int})
    def asked(context, x):
        context.log.info("called")
        return [context.resources.api, context.op_config["n"], x]

    context = dg.build_op_context(resources={"api": "there"}, op_config={"n": 2})
    record.value("op", asked(context, 5))
    with record.raises("resource missing", contains=["api"]):
        asked(dg.build_op_context(op_config={"n": 2}), 5)
    with record.raises("config missing", contains=["n"]):
        asked(dg.build_op_context(resources={"api": "there"}), 5)
    with record.raises("no context"):
        asked(5)
    with record.raises("input missing", contains=["x"]):
        asked(context)
    asset_context = dg.build_asset_context(partition_key="p1", resources={"api": 1})
    record.value("partition", asset_context.partition_key)
    record.value("has partition", asset_context.has_partition_key)
    output = dg.build_output_context(step_key="s", name="o", metadata={"a": 1}, run_id="r", asset_key=["k", "l"])
    record.value("identifier", list(output.get_identifier()))
    record.value("asset identifier", list(output.get_asset_identifier()))
    given = dg.build_input_context(upstream_output=output, name="i", metadata={"b": 2})
    record.value("input", [given.name, given.upstream_output.step_key, given.metadata])
    init = dg.build_init_resource_context(config={"c": 3}, resources={"api": 4})
    record.value("init", [init.resource_config, init.resources.api])
