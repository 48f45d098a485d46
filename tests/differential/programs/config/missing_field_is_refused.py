"""A required field that is not given is named, and nothing runs."""

import dagster as dg


class Size(dg.Config):
    rows: int


def program(record):
    ran = []

    @dg.asset
    def table(config: Size):
        ran.append(1)

    with record.raises("nothing given", contains=["rows", "table"]):
        dg.materialize([table])
    with record.raises("empty", contains=["rows", "table"]):
        dg.materialize([table], run_config={"ops": {"table": {"config": {}}}})
    record.value("ran", ran)
