"""Enum and EnumValue: given by name, seen as the value."""

from enum import Enum

import dagster as dg


class Colour(Enum):
    RED = 1
    BLUE = 2


def program(record):
    @dg.op(config_schema={"colour": dg.Field(dg.Enum.from_python_enum(Colour))})
    def one(context):
        return context.op_config["colour"]

    @dg.op(
        config_schema=dg.Enum("Size", [dg.EnumValue("SMALL", python_value=1), dg.EnumValue("LARGE", python_value=9)])
    )
    def two(context):
        return context.op_config

    @dg.job
    def small():
        one()
        two()

    config = {"ops": {"one": {"config": {"colour": "BLUE"}}, "two": {"config": "LARGE"}}}
    record.result(small.execute_in_process(run_config=config))
    config["ops"]["one"]["config"]["colour"] = "GREEN"
    with record.raises("unknown", contains=["GREEN"]):
        small.execute_in_process(run_config=config)
    with record.raises("value instead of name"):
        config["ops"]["one"]["config"]["colour"] = 1
        small.execute_in_process(run_config=config)
