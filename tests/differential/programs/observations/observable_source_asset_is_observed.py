"""A job over observable source assets tells their data versions."""

import dagster as dg


def program(record):
    @dg.observable_source_asset
    def source():
        return dg.DataVersion("v1")

    @dg.observable_source_asset(key=["deep", "other"], group_name="g")
    def other():
        return dg.ObserveResult(metadata={"files": 3}, data_version=dg.DataVersion("v2"))

    job = dg.define_asset_job("look", selection=["source", "deep/other"])
    defs = dg.Definitions(assets=[source, other], jobs=[job])
    result = defs.resolve_job_def("look").execute_in_process()
    record.result(result)
    tags = {e.asset_key.to_user_string(): e for e in result.get_asset_observation_events()}
    for name, event in sorted(tags.items()):
        record.value(
            f"version of {name}", record.system_tag(event.asset_observation_data.asset_observation.tags, "data_version")
        )
