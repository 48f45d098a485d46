"""collect gives all values of a map to one op."""

import dagster as dg


def program(record):
    @dg.op(out=dg.DynamicOut(int))
    def parts():
        for number in range(3):
            yield dg.DynamicOutput(number, mapping_key=f"n{number}")

    @dg.op
    def double(x):
        return x * 2

    @dg.op
    def total(xs):
        return [sum(xs), len(xs)]

    @dg.job
    def gathered():
        total(parts().map(double).collect())

    record.result(gathered.execute_in_process())
