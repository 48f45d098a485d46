"""A resource that nobody provides is named together with who needs it."""

import dagster as dg


def program(record):
    @dg.asset(required_resource_keys={"database"})
    def table(context):
        return 1

    with record.raises("materialize", contains=["database", "table"]):
        dg.materialize([table])
