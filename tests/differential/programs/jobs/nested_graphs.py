"""Graphs within graphs run as one flat plan, with handles of their names."""

import dagster as dg


def program(record):
    @dg.op
    def one():
        return 1

    @dg.op
    def add_one(x):
        return x + 1

    @dg.graph
    def inner(x):
        return add_one.alias("second")(add_one.alias("first")(x))

    @dg.graph
    def middle(x):
        return inner(inner.alias("again")(x))

    @dg.job
    def outer():
        middle(one())

    result = outer.execute_in_process()
    record.result(result)
    record.value("value of the middle", result.output_for_node("middle"))
    record.value("value of an inner", result.output_for_node("middle.again"))
