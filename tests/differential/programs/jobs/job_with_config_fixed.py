"""A job may carry its config, which a run may replace."""

import dagster as dg


def program(record):
    @dg.op(config_schema={"n": int})
    def one(context):
        return context.op_config["n"]

    @dg.job(config={"ops": {"one": {"config": {"n": 5}}}})
    def small():
        one()

    record.value("fixed", small.execute_in_process().output_for_node("one"))
    over = {"ops": {"one": {"config": {"n": 6}}}}
    record.value("given", small.execute_in_process(run_config=over).output_for_node("one"))
