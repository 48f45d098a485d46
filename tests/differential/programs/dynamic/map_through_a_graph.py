"""A graph may be mapped over a dynamic output."""

import dagster as dg


def program(record):
    @dg.op(out=dg.DynamicOut())
    def parts():
        yield dg.DynamicOutput(1, mapping_key="a")
        yield dg.DynamicOutput(2, mapping_key="b")

    @dg.op
    def add_one(x):
        return x + 1

    @dg.op
    def double(x):
        return x * 2

    @dg.graph
    def both(x):
        return double(add_one(x))

    @dg.op
    def total(xs):
        return sum(xs)

    @dg.job
    def small():
        total(parts().map(both).collect())

    record.result(small.execute_in_process())
