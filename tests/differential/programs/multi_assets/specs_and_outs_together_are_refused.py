"""A multi_asset is described by outs or by specs, not by both."""

import dagster as dg


def program(record):
    with record.raises("definition"):

        @dg.multi_asset(outs={"a": dg.AssetOut()}, specs=[dg.AssetSpec("b")])
        def both():
            pass
