"""The schedule of a partitioned job gives one request for the newest window, and several for partitions of other kinds."""

from datetime import UTC, datetime

import dagster as dg

DAYS = dg.DailyPartitionsDefinition("2024-01-01")
NAMES = dg.StaticPartitionsDefinition(["a"])


def program(record):
    kinds = {
        "days": (DAYS, None),
        "names": (NAMES, "0 0 * * *"),
        "both": (dg.MultiPartitionsDefinition({"day": DAYS, "name": NAMES}), None),
    }
    for kind, (partitions, cron) in kinds.items():
        made = dg.asset(name="made", partitions_def=partitions)(lambda: 1)
        job = dg.define_asset_job("nightly", "made", partitions_def=partitions, tags={"team": "web"})
        schedule = dg.build_schedule_from_partitioned_job(job, cron_schedule=cron)
        definitions = dg.Definitions([made], jobs=[job], schedules=[schedule])
        found = definitions.resolve_schedule_def("nightly_schedule")
        context = dg.build_schedule_context(
            scheduled_execution_time=datetime(2024, 3, 5, tzinfo=UTC), repository_def=definitions.get_repository_def()
        )
        called = found(context)
        record.value(f"{kind}: called", type(called).__name__)
        for number, request in enumerate(called if isinstance(called, list) else [called]):
            record.value(
                f"{kind}: {number}", [request.run_key, request.partition_key, request.tags["dagster/partition"]]
            )
        for request in found.evaluate_tick(context).run_requests:
            names = ("dagster/schedule_name", "dagster/partition", "dagster/partition/name")
            record.value(f"{kind}: tick", [request.run_key, *(request.tags.get(name) for name in names)])
