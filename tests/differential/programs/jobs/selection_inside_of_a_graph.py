"""op_selection reaches into nested graphs."""

import dagster as dg


def program(record):
    ran = []

    @dg.op
    def one():
        ran.append("one")
        return 1

    @dg.op
    def two():
        ran.append("two")
        return 2

    @dg.graph
    def inner():
        one()
        two()

    @dg.job
    def outer():
        inner()

    record.result(outer.execute_in_process(op_selection=["inner.one"]))
    record.value("ran", ran)
