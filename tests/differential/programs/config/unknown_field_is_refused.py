"""A field that the schema does not know is named."""

import dagster as dg


class Size(dg.Config):
    rows: int


def program(record):
    @dg.asset
    def table(config: Size):
        return config.rows

    with record.raises("field", contains=["rwos"]):
        dg.materialize([table], run_config={"ops": {"table": {"config": {"rows": 1, "rwos": 2}}}})
    with record.raises("op", contains=["tabel"]):
        dg.materialize([table], run_config={"ops": {"tabel": {"config": {"rows": 1}}}})
    with record.raises("section", contains=["opps"]):
        dg.materialize([table], run_config={"opps": {}, "ops": {"table": {"config": {"rows": 1}}}})
