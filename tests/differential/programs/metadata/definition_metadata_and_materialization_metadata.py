"""Metadata of the definition is not that of its materializations."""

import dagster as dg


def program(record):
    @dg.asset(metadata={"owner": "me", "rows": 5})
    def table():
        return dg.Output(1, metadata={"rows": 7})

    record.result(dg.materialize([table]))
    record.metadata("definition", table.metadata_by_key[table.key])
    record.metadata("spec", table.get_asset_spec().metadata)
