"""What a RunRequest carries."""

import dagster as dg


class Size(dg.Config):
    rows: int


def program(record):
    request = dg.RunRequest(
        run_key="k",
        run_config=dg.RunConfig(ops={"one": Size(rows=1)}),
        tags={"a": "b"},
        job_name="j",
        asset_selection=[dg.AssetKey("a")],
        partition_key="2024-01-01",
    )
    record.value("run key", request.run_key)
    record.value("config", request.run_config)
    record.value("tags", dict(request.tags))
    record.value("job", request.job_name)
    record.value("assets", list(request.asset_selection))
    record.value("partition", request.partition_key)
    bare = dg.RunRequest()
    record.value("bare", [bare.run_key, bare.run_config, dict(bare.tags), bare.partition_key])
