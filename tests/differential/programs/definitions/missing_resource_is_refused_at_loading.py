"""Definitions without a resource that an asset needs are refused."""

import dagster as dg


def program(record):
    @dg.asset(required_resource_keys={"database"})
    def table(context):
        return 1

    with record.raises("validate", contains=["database"]):
        dg.Definitions.validate_loadable(dg.Definitions(assets=[table]))
