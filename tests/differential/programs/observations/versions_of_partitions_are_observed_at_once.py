"""A function observes a source with partitions, and tells the version of each."""

import dagster as dg


def program(record):
    @dg.observable_source_asset(partitions_def=dg.StaticPartitionsDefinition(["a", "b"]))
    def prices():
        return dg.DataVersionsByPartition({"a": "1", "b": dg.DataVersion("2")})

    defs = dg.Definitions(assets=[prices], jobs=[dg.define_asset_job("look", selection=["prices"])])
    job = defs.resolve_job_def("look")
    for key in (None, "a"):
        result = job.execute_in_process(partition_key=key)
        record.result(result, f"run of {key}")
        for event in result.get_asset_observation_events():
            version = event.asset_observation_data.asset_observation.data_version
            record.value(f"{key} {event.partition}", version)
