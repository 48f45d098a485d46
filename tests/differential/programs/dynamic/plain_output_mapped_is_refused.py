"""Only a dynamic output can be mapped."""

import dagster as dg


def program(record):
    @dg.op
    def plain():
        return [1, 2]

    @dg.op
    def double(x):
        return x * 2

    with record.raises("map"):

        @dg.job
        def small():
            plain().map(double)
