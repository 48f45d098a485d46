"""Where every field has a default, no config need be given."""

import dagster as dg


class Size(dg.Config):
    rows: int = 3
    names: list[str] = ["a"]
    limits: dict[str, int] = {"x": 1}


def program(record):
    @dg.asset
    def table(config: Size):
        return [config.rows, config.names, config.limits]

    record.result(dg.materialize([table]))
