"""An op with several outs gives them by name or as a tuple."""

import dagster as dg


def program(record):
    @dg.op(out={"low": dg.Out(int), "high": dg.Out(int)})
    def both():
        return 1, 100

    @dg.op
    def double(x):
        return x * 2

    @dg.job
    def by_tuple():
        low, high = both()
        double.alias("double_low")(low)
        double.alias("double_high")(high)

    @dg.job
    def by_name():
        found = both()
        double(found.high)

    record.result(by_tuple.execute_in_process(), "tuple")
    record.result(by_name.execute_in_process(), "name")
