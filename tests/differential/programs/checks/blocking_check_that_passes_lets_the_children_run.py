"""A blocking check that passes comes between an asset and its children."""

import dagster as dg


def program(record):
    @dg.asset
    def table():
        return [1]

    @dg.asset_check(asset=table, blocking=True)
    def not_empty(table):
        return dg.AssetCheckResult(passed=bool(table))

    @dg.asset
    def child(table):
        return len(table)

    record.result(dg.materialize([table, not_empty, child]))
