"""Mapped steps that give nothing: the collection holds the rest."""

import dagster as dg


def program(record):
    @dg.op(out=dg.DynamicOut())
    def parts():
        for number in range(4):
            yield dg.DynamicOutput(number, mapping_key=f"n{number}")

    @dg.op(out=dg.Out(is_required=False))
    def only_even(x):
        if x % 2 == 0:
            yield dg.Output(x)

    @dg.op
    def gather(xs):
        return sorted(xs)

    @dg.job
    def small():
        gather(parts().map(only_even).collect())

    record.result(small.execute_in_process())
