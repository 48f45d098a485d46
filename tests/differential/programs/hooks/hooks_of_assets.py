"""Hooks on assets and asset jobs."""

import dagster as dg


def program(record):
    seen = []

    @dg.success_hook
    def hurrah(context):
        seen.append(context.step_key)

    @dg.asset(hooks={hurrah})
    def a():
        return 1

    @dg.asset
    def b():
        return 2

    record.result(dg.materialize([a, b]))
    job = dg.define_asset_job("j", selection=["b"], hooks={hurrah})
    record.result(dg.Definitions(assets=[a, b], jobs=[job]).resolve_job_def("j").execute_in_process(), "job")
    record.value("seen", seen)
