"""A value that cannot be metadata fails, and is named."""

import dagster as dg


def program(record):
    with record.raises("set", contains=["tags"]):
        dg.MaterializeResult(metadata={"tags": {1, 2}})
        dg.AssetMaterialization("a", metadata={"tags": {1, 2}})
    with record.raises("object", contains=["thing"]):
        dg.AssetMaterialization("a", metadata={"thing": object()})
    with record.raises("json", contains=["unserializable"]):
        dg.MetadataValue.json({"x": object()})

    @dg.asset
    def table():
        return dg.Output(1, metadata={"thing": object()})

    record.value("run", dg.materialize([table], raise_on_error=False).success)
