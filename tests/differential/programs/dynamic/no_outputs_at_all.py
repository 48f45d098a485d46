"""A dynamic output that gives nothing: nothing is mapped, and the collection is empty."""

import dagster as dg


def program(record):
    @dg.op(out=dg.DynamicOut())
    def parts():
        yield from ()

    @dg.op
    def double(x):
        return x * 2

    @dg.op
    def total(xs):
        return sum(xs)

    @dg.job
    def empty():
        total(parts().map(double).collect())

    record.result(empty.execute_in_process(raise_on_error=False))
