"""Metadata for an output that does not exist fails."""

import dagster as dg


def program(record):
    @dg.asset
    def one(context):
        context.add_output_metadata({"rows": 3}, output_name="other")
        return 1

    @dg.multi_asset(outs={"a": dg.AssetOut(), "b": dg.AssetOut()})
    def pair(context):
        context.add_output_metadata({"rows": 3})
        return 1, 2

    record.result(dg.materialize([one, pair], raise_on_error=False))
