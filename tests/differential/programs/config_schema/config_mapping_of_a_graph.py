"""A graph maps its own config onto that of its ops."""

import dagster as dg


def program(record):
    @dg.op(config_schema={"n": int})
    def one(context):
        return context.op_config["n"]

    @dg.op(config_schema={"n": int})
    def two(context):
        return context.op_config["n"]

    @dg.config_mapping(config_schema={"base": int})
    def spread(value):
        return {"one": {"config": {"n": value["base"]}}, "two": {"config": {"n": value["base"] + 1}}}

    @dg.graph(config=spread)
    def both():
        one()
        two()

    @dg.job
    def small():
        both()

    record.result(small.execute_in_process(run_config={"ops": {"both": {"config": {"base": 5}}}}))
    with record.raises("wrong", contains=["base"]):
        small.execute_in_process(run_config={"ops": {"both": {"config": {"base": "x"}}}})
