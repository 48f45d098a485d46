"""Conditions keep their label when a part is taken out, and say in their names what they are about."""

import dagster as dg


def program(record):
    condition = dg.AutomationCondition
    latest = condition.in_latest_time_window()
    shown = {
        "eager": condition.eager(),
        "eager without": condition.eager().without(latest),
        "cron without": condition.on_cron("@daily").without(latest),
        "cron": condition.cron_tick_passed("0 9 * * *", "Europe/Berlin"),
        "downstream": condition.any_downstream_conditions(),
        "since": condition.newly_updated().since(condition.cron_tick_passed("@hourly")),
    }
    for name, each in shown.items():
        record.value(name, [each.name, each.get_label(), [child.get_label() or child.name for child in each.children]])
    sensors = {
        "declared": dg.AutomationConditionSensorDefinition("one", target="*"),
        "beside the code": dg.AutomationConditionSensorDefinition("two", target="*", use_user_code_server=True),
    }
    for name, sensor in sensors.items():
        record.value(name, [sensor.name, sensor.sensor_type.value, sensor.minimum_interval_seconds])
