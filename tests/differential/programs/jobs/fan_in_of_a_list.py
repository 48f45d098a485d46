"""A list of outputs feeds one input."""

import dagster as dg


def program(record):
    @dg.op(config_schema=int)
    def number(context):
        return context.op_config

    @dg.op
    def total(numbers: list[int]):
        return sum(numbers)

    @dg.job
    def fan_in():
        total([number.alias(f"n{index}")() for index in range(4)])

    config = {"ops": {f"n{index}": {"config": index} for index in range(4)}}
    record.result(fan_in.execute_in_process(run_config=config))
