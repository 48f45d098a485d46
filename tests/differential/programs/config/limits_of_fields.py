"""pydantic's limits hold for config."""

from pydantic import Field

import dagster as dg


class Size(dg.Config):
    rows: int = Field(gt=0, le=10, description="how many")


def program(record):
    @dg.asset
    def table(config: Size):
        return config.rows

    record.result(dg.materialize([table], run_config={"ops": {"table": {"config": {"rows": 5}}}}))
    too_many = {"ops": {"table": {"config": {"rows": 11}}}}
    with record.raises("too many", contains=["rows"]):
        record.value("success", dg.materialize([table], run_config=too_many, raise_on_error=False).success)
    with record.raises("object", contains=["rows"]):
        Size(rows=0)
