"""An evaluation names the materialization that was checked; the instance tells how the latest went."""

import dagster as dg


def program(record):
    @dg.asset(check_specs=[dg.AssetCheckSpec("inside", asset="orders")])
    def orders():
        yield dg.Output(1)
        yield dg.AssetCheckResult(check_name="inside", passed=True)

    @dg.asset_check(asset=orders)
    def apart():
        return dg.AssetCheckResult(passed=False, metadata={"n": 1})

    with dg.instance_for_test() as instance:
        result = dg.materialize([orders, apart], instance=instance, raise_on_error=False)
        made = instance.get_latest_materialization_event(dg.AssetKey("orders"))
        for each in sorted(result.get_asset_check_evaluations(), key=lambda each: each.check_name):
            seen = each.target_materialization_data
            record.value(each.check_name, [seen.run_id == result.run_id, seen.timestamp == made.timestamp])
        for name in ("apart", "inside"):
            key = dg.AssetCheckKey(dg.AssetKey("orders"), name)
            latest = instance.get_latest_asset_check_evaluation_record(key)
            record.value(f"latest {name}", [latest.status.value, latest.key.name, latest.evaluation.passed])
