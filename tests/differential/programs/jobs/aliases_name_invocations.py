"""alias gives each use of an op a name of its own; without it, numbers are added."""

import dagster as dg


def program(record):
    @dg.op
    def one():
        return 1

    @dg.op
    def add(a, b):
        return a + b

    @dg.job
    def named():
        add.alias("sum")(one.alias("first")(), one.alias("second")())

    @dg.job
    def numbered():
        one()
        one()
        one()

    record.result(named.execute_in_process(), "named")
    record.result(numbered.execute_in_process(), "numbered")
