"""Two dynamic outputs of one key fail the step."""

import dagster as dg


def program(record):
    @dg.op(out=dg.DynamicOut())
    def parts():
        yield dg.DynamicOutput(1, mapping_key="same")
        yield dg.DynamicOutput(2, mapping_key="same")

    @dg.op
    def double(x):
        return x * 2

    @dg.job
    def small():
        parts().map(double)

    record.result(small.execute_in_process(raise_on_error=False))
