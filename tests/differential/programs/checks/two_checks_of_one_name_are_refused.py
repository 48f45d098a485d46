"""Two checks of one asset may not share a name."""

import dagster as dg


def program(record):
    @dg.asset
    def table():
        return 5

    @dg.asset_check(asset=table, name="same")
    def one():
        return dg.AssetCheckResult(passed=True)

    @dg.asset_check(asset=table, name="same")
    def two():
        return dg.AssetCheckResult(passed=True)

    with record.raises("definitions", contains=["same"]):
        dg.Definitions.validate_loadable(dg.Definitions(assets=[table], asset_checks=[one, two]))
