"""A blocking check that fails with severity WARN lets the children run."""

import dagster as dg


def program(record):
    @dg.asset
    def table():
        return []

    @dg.asset_check(asset=table, blocking=True)
    def not_empty(table):
        return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)

    @dg.asset
    def child(table):
        return len(table)

    record.result(dg.materialize([table, not_empty, child], raise_on_error=False))
