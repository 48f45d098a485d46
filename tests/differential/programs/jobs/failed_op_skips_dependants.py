"""A failed op: what depends on it does not run."""

import dagster as dg


def program(record):
    @dg.op
    def bad():
        raise ValueError("no")

    @dg.op
    def child(x):
        return x

    @dg.op
    def beside():
        return 1

    @dg.job
    def small():
        child(bad())
        beside()

    record.result(small.execute_in_process(raise_on_error=False))
    with record.raises("raised", contains=["no"]):
        small.execute_in_process()
