"""A map of a map runs key by key."""

import dagster as dg


def program(record):
    @dg.op(out=dg.DynamicOut())
    def parts():
        yield dg.DynamicOutput(1, mapping_key="one")
        yield dg.DynamicOutput(2, mapping_key="two")

    @dg.op
    def add_ten(x):
        return x + 10

    @dg.op
    def as_text(x):
        return str(x)

    @dg.op
    def join(texts):
        return "-".join(sorted(texts))

    @dg.job
    def chained():
        join(parts().map(add_ten).map(as_text).collect())

    record.result(chained.execute_in_process())
