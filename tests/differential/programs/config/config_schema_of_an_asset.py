"""config_schema instead of a class: context.op_config is the dictionary."""

import dagster as dg


def program(record):
    @dg.asset(config_schema={"rows": int, "name": dg.Field(str, default_value="t", is_required=False)})
    def table(context):
        return [context.op_config["rows"], context.op_config["name"], context.op_execution_context.op_config]

    record.result(dg.materialize([table], run_config={"ops": {"table": {"config": {"rows": 1}}}}))
    with record.raises("missing", contains=["rows"]):
        dg.materialize([table])
