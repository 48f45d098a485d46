"""config_schema of a resource is filled from run config, with defaults."""

import dagster as dg


def program(record):
    @dg.resource(config_schema={"host": str, "port": dg.Field(int, default_value=80)})
    def server(context):
        return f"{context.resource_config['host']}:{context.resource_config['port']}"

    @dg.asset(required_resource_keys={"server"})
    def address(context):
        return context.resources.server

    config = {"resources": {"server": {"config": {"host": "here"}}}}
    record.result(dg.materialize([address], resources={"server": server}, run_config=config))
    fixed = server.configured({"host": "there", "port": 8080})
    record.result(dg.materialize([address], resources={"server": fixed}), "configured")
