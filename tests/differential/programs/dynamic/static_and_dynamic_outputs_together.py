"""An op may have a plain output beside a dynamic one."""

import dagster as dg


def program(record):
    @dg.op(out={"count": dg.Out(int), "parts": dg.DynamicOut(str)})
    def split():
        yield dg.Output(2, output_name="count")
        yield dg.DynamicOutput("x", output_name="parts", mapping_key="x")
        yield dg.DynamicOutput("y", output_name="parts", mapping_key="y")

    @dg.op
    def label(part, count):
        return f"{part}/{count}"

    @dg.job
    def small():
        count, parts = split()
        parts.map(lambda part: label(part, count))

    record.result(small.execute_in_process())
