"""A job with a config mapping takes the small config."""

import dagster as dg


def program(record):
    @dg.op(config_schema={"n": int, "name": str})
    def one(context):
        return [context.op_config["n"], context.op_config["name"]]

    @dg.config_mapping(config_schema={"n": dg.Field(int, default_value=3)})
    def small_config(value):
        return {"ops": {"one": {"config": {"n": value["n"], "name": "fixed"}}}}

    @dg.job(config=small_config)
    def small():
        one()

    record.value("default", small.execute_in_process().output_for_node("one"))
    record.value("given", small.execute_in_process(run_config={"n": 9}).output_for_node("one"))
    with record.raises("wrong", contains=["n"]):
        small.execute_in_process(run_config={"n": "x"})
    with record.raises("full config"):
        small.execute_in_process(run_config={"ops": {"one": {"config": {"n": 1, "name": "x"}}}})
