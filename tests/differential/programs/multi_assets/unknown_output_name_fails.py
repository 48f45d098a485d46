"""An output of a name that was not declared fails the step."""

import dagster as dg


def program(record):
    @dg.multi_asset(outs={"one": dg.AssetOut(), "two": dg.AssetOut()})
    def pair():
        yield dg.Output(1, output_name="one")
        yield dg.Output(2, output_name="tow")

    record.result(dg.materialize([pair], raise_on_error=False))
