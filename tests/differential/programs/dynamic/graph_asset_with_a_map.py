"""A graph asset may map inside."""

import dagster as dg


def program(record):
    @dg.op(out=dg.DynamicOut())
    def parts():
        for number in range(3):
            yield dg.DynamicOutput(number, mapping_key=f"n{number}")

    @dg.op
    def square(x):
        return x * x

    @dg.op
    def total(xs):
        return sum(xs)

    @dg.graph_asset
    def squares():
        return total(parts().map(square).collect())

    record.result(dg.materialize([squares]))
