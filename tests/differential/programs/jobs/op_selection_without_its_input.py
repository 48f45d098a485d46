"""A selection that leaves out the source of a value cannot run."""

import dagster as dg


def program(record):
    @dg.op
    def a():
        return 1

    @dg.op
    def b(a):
        return a + 1

    @dg.job
    def chain():
        b(a())

    with record.raises("run", contains=["b", "a"]):
        chain.execute_in_process(op_selection=["b"])
