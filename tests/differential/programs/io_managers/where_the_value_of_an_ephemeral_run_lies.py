"""A run without an instance of its own: whether its values are files."""

import dagster as dg


def program(record):
    @dg.asset
    def table():
        return 1

    result = dg.materialize([table])
    (found,) = result.asset_materializations_for_node("table")
    record.value("tells a path", "path" in found.metadata)
    record.value("value", result.asset_value("table"))
