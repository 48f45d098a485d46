"""Without can_subset, all assets of a multi_asset are chosen or none."""

import dagster as dg


def program(record):
    @dg.multi_asset(outs={"a": dg.AssetOut(), "b": dg.AssetOut()})
    def pair():
        return 1, 2

    with record.raises("materialize", contains=["a", "b"]):
        dg.materialize([pair], selection=["a"])
