"""add_output_metadata and add_asset_metadata land on the materialization."""

import dagster as dg


def program(record):
    @dg.asset
    def one(context: dg.AssetExecutionContext):
        context.add_output_metadata({"rows": 3, "name": "x"})
        return 1

    @dg.asset
    def two(context: dg.AssetExecutionContext):
        context.add_asset_metadata({"rows": 4})
        return dg.Output(2, metadata={"mine": True})

    @dg.multi_asset(outs={"a": dg.AssetOut(), "b": dg.AssetOut()})
    def pair(context: dg.AssetExecutionContext):
        context.add_output_metadata({"of": "a"}, output_name="a")
        context.add_asset_metadata({"of": "b"}, asset_key="b")
        return 1, 2

    record.result(dg.materialize([one, two, pair]))
