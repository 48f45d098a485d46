"""A check may be called as the function it is."""

import dagster as dg


def program(record):
    @dg.asset
    def table():
        return 5

    @dg.asset_check(asset=table)
    def positive(table):
        return dg.AssetCheckResult(passed=table > 0, metadata={"value": table})

    found = positive(-1)
    record.value("passed", found.passed)
    record.metadata("metadata", found.metadata)
