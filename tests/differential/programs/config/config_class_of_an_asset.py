"""A parameter of a Config class is filled from run config."""

import dagster as dg


class Size(dg.Config):
    rows: int
    name: str = "table"


def program(record):
    @dg.asset
    def table(config: Size):
        return [config.name] * config.rows

    record.result(dg.materialize([table], run_config=dg.RunConfig(ops={"table": Size(rows=2)})), "object")
    run_config = {"ops": {"table": {"config": {"rows": 1, "name": "other"}}}}
    record.result(dg.materialize([table], run_config=run_config), "dict")
