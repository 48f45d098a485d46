"""A resource is configured twice, by a value and by a function, and used under two keys."""

import dagster as dg


def program(record):
    @dg.resource(config_schema={"host": str, "port": dg.Field(int, default_value=80)})
    def client(context):
        return f"{context.resource_config['host']}:{context.resource_config['port']}"

    fixed = client.configured({"host": "a", "port": 1})

    @dg.configured(client, config_schema={"name": str})
    def named(config):
        return {"host": config["name"].upper()}

    @dg.op(required_resource_keys={"fixed", "named"})
    def both(context):
        return context.resources.fixed, context.resources.named

    @dg.job(resource_defs={"fixed": fixed, "named": named})
    def nightly():
        both()

    result = nightly.execute_in_process(run_config={"resources": {"named": {"config": {"name": "b"}}}})
    record.value("both", result.output_for_node("both"))
    with record.raises("wrong", contains=["named"]):
        nightly.execute_in_process(run_config={"resources": {"named": {"config": {"nam": "b"}}}})
    with record.raises("missing"):
        nightly.execute_in_process()
