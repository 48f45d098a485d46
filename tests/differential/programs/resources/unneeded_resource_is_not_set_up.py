"""A resource that no step asks for is not set up."""

import dagster as dg


def program(record):
    made = []

    @dg.resource
    def lazy(context):
        made.append("lazy")
        return 1

    @dg.asset
    def table():
        return 1

    record.result(dg.materialize([table], resources={"lazy": lazy}))
    record.value("made", made)
