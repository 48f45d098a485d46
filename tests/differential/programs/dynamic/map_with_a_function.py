"""map takes a function that composes several ops."""

import dagster as dg


def program(record):
    @dg.op(out=dg.DynamicOut())
    def parts():
        yield dg.DynamicOutput(1, mapping_key="a")
        yield dg.DynamicOutput(2, mapping_key="b")

    @dg.op
    def base():
        return 100

    @dg.op
    def add(x, y):
        return x + y

    @dg.op
    def double(x):
        return x * 2

    @dg.job
    def composed():
        offset = base()
        parts().map(lambda part: double(add(part, offset)))

    record.result(composed.execute_in_process())
