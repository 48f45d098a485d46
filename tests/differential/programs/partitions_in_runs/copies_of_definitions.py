"""A copy of a partitions definition is of its class, and equal to it."""

import copy
import pickle

import dagster as dg


def program(record):
    day = dg.DailyPartitionsDefinition("2024-01-01", timezone="Europe/Berlin", hour_offset=3, end_offset=1)
    definitions = {
        "day": day,
        "hour": dg.HourlyPartitionsDefinition("2024-01-01-00:00", minute_offset=15),
        "week": dg.WeeklyPartitionsDefinition("2024-01-01", day_offset=3),
        "month": dg.MonthlyPartitionsDefinition("2024-01-01"),
        "cron": dg.TimeWindowPartitionsDefinition(start="2024-01-01", fmt="%Y-%m-%d", cron_schedule="0 0 * * 1-5"),
        "static": dg.StaticPartitionsDefinition(["a", "b"]),
        "dynamic": dg.DynamicPartitionsDefinition(name="people"),
        "several": dg.MultiPartitionsDefinition({"day": day, "kind": dg.StaticPartitionsDefinition(["x"])}),
    }
    for name, definition in definitions.items():
        for way, made in (
            ("copied", copy.copy(definition)),
            ("deeply", copy.deepcopy(definition)),
            ("pickled", pickle.loads(pickle.dumps(definition))),
        ):
            record.value(f"{name} {way}", [type(made), made == definition])
    several = pickle.loads(pickle.dumps(definitions["several"]))
    record.value("dimensions", [type(each.partitions_def) for each in several.partitions_defs])
