"""A job that selects an asset which nobody provides is refused."""

import dagster as dg


def program(record):
    @dg.asset
    def orders():
        return 1

    job = dg.define_asset_job("some", selection=["order"])
    with record.raises("definitions", contains=["order"]):
        dg.Definitions.validate_loadable(dg.Definitions(assets=[orders], jobs=[job]))
