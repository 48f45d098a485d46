"""A multi_asset of one output returns its value alone."""

import dagster as dg


def program(record):
    @dg.multi_asset(outs={"only": dg.AssetOut()})
    def single():
        return [1, 2]

    record.result(dg.materialize([single]))
