"""A tuple of the wrong length fails the step."""

import dagster as dg


def program(record):
    @dg.multi_asset(outs={"one": dg.AssetOut(), "two": dg.AssetOut(), "three": dg.AssetOut()})
    def three():
        return 1, 2

    record.result(dg.materialize([three], raise_on_error=False))
