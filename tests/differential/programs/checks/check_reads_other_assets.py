"""additional_ins lets a check read assets beside its own."""

import dagster as dg


def program(record):
    @dg.asset
    def expected():
        return 3

    @dg.asset
    def table():
        return [1, 2, 3]

    @dg.asset_check(asset=table, additional_ins={"count": dg.AssetIn("expected")})
    def complete(table, count):
        return dg.AssetCheckResult(passed=len(table) == count)

    record.result(dg.materialize([expected, table, complete]))
