"""A multi_asset of specs that returns nothing has made all of them."""

import dagster as dg


def program(record):
    @dg.multi_asset(specs=[dg.AssetSpec("users"), dg.AssetSpec("orders")])
    def tables():
        pass

    record.result(dg.materialize([tables]))
