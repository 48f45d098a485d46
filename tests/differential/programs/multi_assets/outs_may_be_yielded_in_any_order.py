"""Outputs of a generator come by name, in any order."""

import dagster as dg


def program(record):
    @dg.multi_asset(outs={"one": dg.AssetOut(), "two": dg.AssetOut()})
    def pair():
        yield dg.Output("second", output_name="two", metadata={"n": 2})
        yield dg.Output("first", output_name="one", metadata={"n": 1})

    record.result(dg.materialize([pair]))
