"""Plain values are turned into the kind that fits."""

from pathlib import Path

import dagster as dg


def program(record):
    @dg.asset
    def table():
        return dg.Output(
            1,
            metadata={
                "text": "t",
                "int": 1,
                "float": 2.5,
                "bool": False,
                "none": None,
                "dict": {"a": {"b": [1, 2]}},
                "list": [1, "two", None],
                "path": Path("/x/y"),
                "key": dg.AssetKey("k"),
                "schema": dg.TableSchema(columns=[dg.TableColumn("a", "string")]),
            },
        )

    result = dg.materialize([table])
    (found,) = result.asset_materializations_for_node("table")
    for name, entry in found.metadata.items():
        record.value(name, type(entry).__name__.removeprefix("Dagster"))
