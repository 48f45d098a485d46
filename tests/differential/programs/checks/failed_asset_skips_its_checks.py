"""Where the asset fails, its checks do not run."""

import dagster as dg


def program(record):
    @dg.asset
    def table():
        raise RuntimeError("no table")

    @dg.asset_check(asset=table)
    def positive(table):
        return dg.AssetCheckResult(passed=True)

    record.result(dg.materialize([table, positive], raise_on_error=False))
