"""A check that does not pass and does not block leaves the run a success."""

import dagster as dg


def program(record):
    @dg.asset
    def numbers():
        return []

    @dg.asset_check(asset=numbers)
    def not_empty(numbers):
        return dg.AssetCheckResult(passed=len(numbers) > 0)

    @dg.asset
    def child(numbers):
        return len(numbers)

    record.result(dg.materialize([numbers, not_empty, child]))
