"""Dynamic outputs may be returned as a list."""

import dagster as dg


def program(record):
    @dg.op(out=dg.DynamicOut())
    def parts() -> list[dg.DynamicOutput[int]]:
        return [dg.DynamicOutput(1, mapping_key="a"), dg.DynamicOutput(2, mapping_key="b")]

    @dg.op
    def double(x):
        return x * 2

    @dg.job
    def small():
        parts().map(double)

    record.result(small.execute_in_process())
