"""configured on a resource, by a function of another config."""

import dagster as dg


def program(record):
    @dg.resource(config_schema={"host": str, "port": int})
    def server(context):
        return f"{context.resource_config['host']}:{context.resource_config['port']}"

    @dg.configured(server, config_schema={"host": str})
    def standard(config):
        return {"host": config["host"], "port": 80}

    @dg.op(required_resource_keys={"one", "two"})
    def show(context):
        return [context.resources.one, context.resources.two]

    @dg.job(resource_defs={"one": standard, "two": server.configured({"host": "h", "port": 1})})
    def small():
        show()

    record.result(small.execute_in_process(run_config={"resources": {"one": {"config": {"host": "x"}}}}))
