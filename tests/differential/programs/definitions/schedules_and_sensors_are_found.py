"""Definitions find schedules and sensors by name."""

import dagster as dg


def program(record):
    @dg.asset
    def a():
        return 1

    job = dg.define_asset_job("j", selection=[a])

    @dg.schedule(cron_schedule="0 5 * * *", job=job)
    def nightly():
        return dg.RunRequest()

    @dg.sensor(job=job)
    def watch():
        return dg.SkipReason("nothing")

    defs = dg.Definitions(assets=[a], jobs=[job], schedules=[nightly], sensors=[watch])
    record.value(
        "schedule", [defs.resolve_schedule_def("nightly").name, defs.resolve_schedule_def("nightly").cron_schedule]
    )
    record.value("sensor", [defs.resolve_sensor_def("watch").name, defs.resolve_sensor_def("watch").job_name])
