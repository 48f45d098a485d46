"""A fan-in whose sources were partly skipped takes what there is, or is skipped."""

import dagster as dg


def program(record):
    @dg.op(out={"a": dg.Out(is_required=False), "b": dg.Out(is_required=False)})
    def split():
        yield dg.Output(1, output_name="a")

    @dg.op
    def gather(xs):
        return list(xs)

    @dg.job
    def fan_in():
        a, b = split()
        gather([a, b])

    record.result(fan_in.execute_in_process())
