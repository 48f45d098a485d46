"""A sensor asks for checks of freshness that were never made, and for none that failed or still hold."""

from datetime import timedelta

import dagster as dg


@dg.asset
def a():
    return 1


@dg.asset
def b():
    return 1


def program(record):
    lasting = dg.build_last_update_freshness_checks(assets=[a, b], lower_bound_delta=timedelta(days=1))
    sensor = dg.build_sensor_for_freshness_checks(freshness_checks=lasting)
    defs = dg.Definitions(assets=[a, b], asset_checks=lasting, sensors=[sensor])
    record.value("sensor", [sensor.name, sensor.minimum_interval_seconds, sensor.default_status])
    with dg.instance_for_test() as instance:

        def look(name):
            with dg.build_sensor_context(instance=instance, definitions=defs) as context:
                tick = sensor.evaluate_tick(context)
            keys = [[key.asset_key.to_user_string() for key in each.asset_check_keys] for each in tick.run_requests]
            record.value(name, [sorted(each) for each in keys])
            record.value(f"{name}: is skipped", tick.skip_message is not None)

        def check():
            everything = [a, b, *lasting]
            dg.materialize(everything, selection=dg.AssetSelection.all_asset_checks(), instance=instance)

        look("never made")
        check()
        look("failed")
        dg.materialize([a], instance=instance)
        check()
        look("one passed, the other failed")
