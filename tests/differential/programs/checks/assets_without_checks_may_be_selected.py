"""without_checks() leaves the checks of the chosen assets out."""

import dagster as dg


def program(record):
    @dg.asset
    def table():
        return 1

    @dg.asset_check(asset=table)
    def positive(table):
        return dg.AssetCheckResult(passed=table > 0)

    record.result(dg.materialize([table, positive], selection=dg.AssetSelection.assets(table).without_checks()))
