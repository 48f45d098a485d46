"""What a resource can ask its context."""

import dagster as dg


def program(record):
    @dg.resource(config_schema={"n": int}, required_resource_keys={"base"})
    def one(context):
        note = record.value
        note("config", context.resource_config)
        note("base", context.resources.base)
        note("has a run", context.run is not None)
        note("run id is a text", isinstance(context.run_id, str))
        note("log", hasattr(context.log, "info"))
        note("instance", context.instance is not None)
        note("definition", context.resource_def is not None)
        return 1

    @dg.asset(required_resource_keys={"one"})
    def table(context):
        return context.resources.one

    config = {"resources": {"one": {"config": {"n": 1}}}}
    result = dg.materialize([table], resources={"one": one, "base": "b"}, run_config=config)
    record.value("success", result.success)
