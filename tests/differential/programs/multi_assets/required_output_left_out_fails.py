"""A required output that is not given fails the step."""

import dagster as dg


def program(record):
    @dg.multi_asset(outs={"one": dg.AssetOut(), "two": dg.AssetOut()})
    def pair():
        yield dg.Output(1, output_name="one")

    record.result(dg.materialize([pair], raise_on_error=False))
