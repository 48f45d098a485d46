"""A mapping that raises, or that gives wrong config."""

import dagster as dg


def program(record):
    @dg.op(config_schema={"n": int})
    def one(context):
        return context.op_config["n"]

    @dg.config_mapping(config_schema={"n": int})
    def raises(value):
        raise ValueError("mapping")

    @dg.config_mapping(config_schema={"n": int})
    def wrong(value):
        return {"one": {"config": {"n": "text"}}}

    @dg.graph(config=raises)
    def first():
        one()

    @dg.graph(config=wrong)
    def second():
        one()

    with record.raises("raising"):
        first.to_job().execute_in_process(run_config={"n": 1})

    @dg.job
    def job():
        second()

    with record.raises("wrong", contains=["n"]):
        job.execute_in_process(run_config={"ops": {"second": {"config": {"n": 1}}}})
