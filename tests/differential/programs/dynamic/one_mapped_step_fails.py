"""One of the mapped steps fails: the others go on, the collection does not run."""

import dagster as dg


def program(record):
    @dg.op(out=dg.DynamicOut())
    def parts():
        for number in (1, 0, 2):
            yield dg.DynamicOutput(number, mapping_key=f"n{number}")

    @dg.op
    def invert(x):
        return 1 / x

    @dg.op
    def total(xs):
        return sum(xs)

    @dg.job
    def small():
        total(parts().map(invert).collect())

    record.result(small.execute_in_process(raise_on_error=False))
