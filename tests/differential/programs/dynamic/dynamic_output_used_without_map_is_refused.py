"""A dynamic output must be mapped or collected."""

import dagster as dg


def program(record):
    @dg.op(out=dg.DynamicOut())
    def parts():
        yield dg.DynamicOutput(1, mapping_key="a")

    @dg.op
    def double(x):
        return x * 2

    with record.raises("job", contains=["parts"]):

        @dg.job
        def small():
            double(parts())
