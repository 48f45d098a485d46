"""Fields that may be None."""

from typing import Optional

import dagster as dg


class Size(dg.Config):
    rows: Optional[int] = None  # noqa: UP045
    name: str | None


def program(record):
    @dg.asset
    def table(config: Size):
        return [config.rows, config.name]

    record.result(dg.materialize([table], run_config={"ops": {"table": {"config": {"name": None}}}}), "none")
    with record.raises("left out", contains=["name"]):
        left_out = dg.materialize([table], run_config={"ops": {"table": {"config": {"rows": 1}}}})
        record.value("value", left_out.asset_value("table"))
