"""A result says how bad its failure is."""

import dagster as dg


def program(record):
    @dg.asset
    def table():
        return 1

    @dg.asset_check(asset=table)
    def warns():
        return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN, description="odd")

    @dg.asset_check(asset=table)
    def errs():
        return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.ERROR)

    record.result(dg.materialize([table, warns, errs]))
