"""A graph may be run as it is, and gives its outputs."""

import dagster as dg


def program(record):
    @dg.op
    def number():
        return 3

    @dg.op
    def double(x):
        return x * 2

    @dg.graph
    def twice():
        return double(number())

    result = twice.execute_in_process()
    record.result(result)
    record.value("output", result.output_value())
