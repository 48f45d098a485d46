"""What a generator op may do wrong."""

import dagster as dg


def program(record):
    @dg.op
    def text():
        yield "text"

    @dg.op
    def unknown_name():
        yield dg.Output(1, output_name="other")

    @dg.op
    def twice():
        yield dg.Output(1)
        yield dg.Output(2)

    @dg.op
    def nothing():
        yield dg.AssetMaterialization("side")

    @dg.op
    def dynamic():
        yield dg.DynamicOutput(1, mapping_key="a")

    @dg.job
    def small():
        text()
        unknown_name()
        twice()
        nothing()
        dynamic()

    record.result(small.execute_in_process(raise_on_error=False))
