"""A nested graph maps over a dynamic output that a graph around it gives, and collects outside."""

import dagster as dg


def program(record):
    @dg.op(out=dg.DynamicOut(int))
    def numbers():
        for number in (1, 2):
            yield dg.DynamicOutput(number, mapping_key=f"n{number}")

    @dg.op
    def double(x):
        return 2 * x

    @dg.op
    def raised(x):
        return x + 1

    @dg.graph
    def both(x):
        return raised(double(x))

    @dg.op
    def total(xs):
        return sum(xs)

    @dg.job
    def mapped():
        total(numbers().map(lambda x: both(x)).collect())

    result = mapped.execute_in_process()
    record.result(result)
    record.value("total", result.output_for_node("total"))
    record.value("mapped", result.output_for_node("both.raised"))
