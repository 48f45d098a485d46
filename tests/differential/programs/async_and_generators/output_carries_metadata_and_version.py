"""Output(value, metadata, data_version, tags) returned from an asset."""

import dagster as dg


def program(record):
    @dg.asset
    def made():
        return dg.Output(5, metadata={"rows": 1}, data_version=dg.DataVersion("v7"), tags={"who": "me"})

    result = dg.materialize([made])
    record.result(result)
    (found,) = result.asset_materializations_for_node("made")
    record.value("data version", record.system_tag(found.tags, "data_version"))
