"""Definitions have a job of all their assets."""

import dagster as dg


def program(record):
    @dg.asset
    def a():
        return 1

    @dg.asset
    def b(a):
        return a + 1

    defs = dg.Definitions(assets=[a, b])
    record.result(defs.resolve_implicit_global_asset_job_def().execute_in_process())
    chosen = defs.resolve_implicit_global_asset_job_def().execute_in_process(asset_selection=[dg.AssetKey("a")])
    record.result(chosen, "chosen")
