"""A check runs after its asset and reads its value."""

import dagster as dg


def program(record):
    @dg.asset
    def numbers():
        return [1, 2, 3]

    @dg.asset_check(asset=numbers, description="there are numbers")
    def not_empty(numbers):
        return dg.AssetCheckResult(passed=len(numbers) > 0, metadata={"count": len(numbers)})

    result = dg.materialize([numbers, not_empty])
    record.result(result)
    record.value("evaluations", [(e.asset_key, e.check_name, e.passed) for e in result.get_asset_check_evaluations()])
