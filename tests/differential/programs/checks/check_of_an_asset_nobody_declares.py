"""A check on an asset that no definition provides runs in the job of all assets."""

import dagster as dg


@dg.asset
def orders():
    return 1


@dg.asset_check(asset="order")
def near():
    return dg.AssetCheckResult(passed=True)


def program(record):
    job = dg.Definitions(assets=[orders], asset_checks=[near]).resolve_implicit_global_asset_job_def()
    record.result(job.execute_in_process())
