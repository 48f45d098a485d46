"""A value of the wrong type is told with its place."""

import dagster as dg


class Size(dg.Config):
    rows: int


def program(record):
    @dg.asset
    def table(config: Size):
        return config.rows

    with record.raises("text", contains=["rows", "ops"]):
        dg.materialize([table], run_config={"ops": {"table": {"config": {"rows": "many"}}}})
    with record.raises("none", contains=["rows"]):
        dg.materialize([table], run_config={"ops": {"table": {"config": {"rows": None}}}})
    with record.raises("float", contains=["rows"]):
        dg.materialize([table], run_config={"ops": {"table": {"config": {"rows": 1.5}}}})
