"""The names a check goes by."""

import dagster as dg


def program(record):
    @dg.asset(key=["lake", "table"])
    def table():
        return 5

    @dg.asset_check(asset=table, name="renamed", description="why", metadata={"a": 1}, blocking=True)
    def positive():
        return dg.AssetCheckResult(passed=True)

    (spec,) = positive.check_specs
    record.value("key", spec.key)
    record.value("name", spec.name)
    record.value("asset", spec.asset_key)
    record.value("blocking", spec.blocking)
    record.value("description", spec.description)
    record.value("python name", spec.key.to_user_string())
    record.value("check keys", sorted(positive.check_keys, key=str))
