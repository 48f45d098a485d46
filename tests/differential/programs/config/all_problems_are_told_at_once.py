"""Several mistakes in one config come in one error."""

import dagster as dg


class Size(dg.Config):
    rows: int
    columns: int
    name: str


def program(record):
    @dg.asset
    def table(config: Size):
        return 1

    given = {"rows": "many", "columns": "few", "extra": 1}
    with record.raises("materialize", contains=["rows", "columns", "name", "extra"]):
        dg.materialize([table], run_config={"ops": {"table": {"config": given}}})
