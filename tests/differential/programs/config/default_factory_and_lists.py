"""Lists, sets of dictionaries and default factories."""

from pydantic import Field

import dagster as dg


class Lists(dg.Config):
    names: list[str] = Field(default_factory=lambda: ["x", "y"])
    matrix: list[list[int]] = [[1, 2], [3]]
    table: dict[str, list[float]] = {}


def program(record):
    @dg.asset
    def lists(config: Lists):
        return [config.names, config.matrix, config.table]

    record.result(dg.materialize([lists]), "default")
    config = {"names": [], "matrix": [[5]], "table": {"a": [0.5]}}
    record.result(dg.materialize([lists], run_config={"ops": {"lists": {"config": config}}}), "given")
    with record.raises("wrong", contains=["matrix"]):
        dg.materialize([lists], run_config={"ops": {"lists": {"config": {"matrix": [[1], ["x"]]}}}})
