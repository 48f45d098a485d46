"""configured fixes some of an op's config, by a value or by a function."""

import dagster as dg


def program(record):
    @dg.op(config_schema={"a": int, "b": int})
    def add(context):
        return context.op_config["a"] + context.op_config["b"]

    fixed = dg.configured(add, name="fixed")({"a": 1, "b": 2})
    by_method = add.configured({"a": 10, "b": 20}, name="by_method")

    @dg.configured(add, config_schema={"n": int})
    def twice(config):
        return {"a": config["n"], "b": config["n"]}

    @dg.job
    def small():
        fixed()
        by_method()
        twice()

    record.result(small.execute_in_process(run_config={"ops": {"twice": {"config": {"n": 5}}}}))
    with record.raises("wrong", contains=["a"]):
        wrong = add.configured({"a": "x", "b": 1}, name="wrong")

        @dg.job
        def broken():
            wrong()

        broken.execute_in_process()
