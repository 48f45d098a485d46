"""A selection of checks runs the checks without their assets."""

import dagster as dg


def program(record):
    @dg.asset
    def table():
        return 1

    @dg.asset_check(asset=table)
    def positive(table):
        return dg.AssetCheckResult(passed=table > 0)

    with dg.instance_for_test() as instance:
        dg.materialize([table, positive], instance=instance)
        selection = dg.AssetSelection.checks_for_assets(table)
        record.result(dg.materialize([table, positive], instance=instance, selection=selection))
