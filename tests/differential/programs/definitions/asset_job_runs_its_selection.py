"""define_asset_job runs the assets it selects."""

import dagster as dg


def program(record):
    @dg.asset
    def a():
        return 1

    @dg.asset
    def b(a):
        return a + 1

    @dg.asset
    def c():
        return 10

    job = dg.define_asset_job("some", selection=["a", "b"], tags={"team": "data"}, description="two of three")
    defs = dg.Definitions(assets=[a, b, c], jobs=[job])
    resolved = defs.resolve_job_def("some")
    record.value("name", resolved.name)
    record.value("description", resolved.description)
    record.value("tags", record.user_tags(resolved.tags))
    record.result(resolved.execute_in_process())
