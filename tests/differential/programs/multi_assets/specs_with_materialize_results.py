"""A multi_asset of specs stores nothing and tells what it made."""

import dagster as dg


def program(record):
    @dg.multi_asset(specs=[dg.AssetSpec("users"), dg.AssetSpec(["lake", "orders"], deps=["users"])])
    def tables():
        yield dg.MaterializeResult(asset_key="users", metadata={"rows": 3})
        yield dg.MaterializeResult(asset_key=["lake", "orders"], metadata={"rows": 5}, tags={"team": "sales"})

    record.result(dg.materialize([tables]))
