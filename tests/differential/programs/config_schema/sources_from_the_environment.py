"""StringSource, IntSource and BoolSource take a value or the name of a variable."""

import os

import dagster as dg


def program(record):
    @dg.op(config_schema={"name": dg.StringSource, "n": dg.IntSource, "on": dg.BoolSource})
    def one(context):
        return context.op_config

    @dg.job
    def small():
        one()

    def run(config):
        return small.execute_in_process(run_config={"ops": {"one": {"config": config}}}).output_for_node("one")

    record.value("values", run({"name": "x", "n": 1, "on": True}))
    os.environ.update(DIFF_NAME="env", DIFF_N="7", DIFF_ON="true")
    environment = {"name": {"env": "DIFF_NAME"}, "n": {"env": "DIFF_N"}, "on": {"env": "DIFF_ON"}}
    record.value("environment", run(environment))
    del os.environ["DIFF_NAME"]
    with record.raises("unset", contains=["DIFF_NAME"]):
        run(environment)
    os.environ.update(DIFF_NAME="env", DIFF_N="seven")
    with record.raises("no number", contains=["DIFF_N"]):
        run(environment)
    os.environ.update(DIFF_N="7", DIFF_ON="")
    with record.raises("empty bool"):
        record.value("empty is", run(environment))
