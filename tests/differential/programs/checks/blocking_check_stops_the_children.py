"""A blocking check that fails keeps the children of its asset from running."""

import dagster as dg


def program(record):
    @dg.asset
    def table():
        return []

    @dg.asset_check(asset=table, blocking=True)
    def not_empty(table):
        return dg.AssetCheckResult(passed=bool(table))

    @dg.asset
    def child(table):
        return len(table)

    @dg.asset
    def stranger():
        return 1

    record.result(dg.materialize([table, not_empty, child, stranger], raise_on_error=False))
