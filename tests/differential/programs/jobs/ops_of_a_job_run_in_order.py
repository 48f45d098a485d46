"""A job of ops: values go from output to input."""

import dagster as dg


def program(record):
    @dg.op
    def one():
        return 1

    @dg.op
    def add(a, b):
        return a + b

    @dg.op
    def report(total):
        return f"total {total}"

    @dg.job
    def sums():
        report(add(one(), one()))

    record.result(sums.execute_in_process())
