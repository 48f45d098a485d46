"""An environment variable may stand for a value of run config."""

import os

import dagster as dg


class Size(dg.Config):
    rows: int
    name: str


def program(record):
    @dg.asset
    def table(config: Size):
        return [config.rows, config.name]

    config = {"rows": {"env": "DIFFERENTIAL_ROWS"}, "name": {"env": "DIFFERENTIAL_NAME"}}
    run_config = {"ops": {"table": {"config": config}}}
    with record.raises("unset", contains=["DIFFERENTIAL_ROWS", "DIFFERENTIAL_NAME"]):
        dg.materialize([table], run_config=run_config)
    os.environ.update(DIFFERENTIAL_ROWS="4", DIFFERENTIAL_NAME="four")
    record.result(dg.materialize([table], run_config=run_config), "set")
    os.environ["DIFFERENTIAL_ROWS"] = "four"
    with record.raises("no number", contains=["DIFFERENTIAL_ROWS"]):
        dg.materialize([table], run_config=run_config)
