"""A config parameter of a plain type takes that type."""

import dagster as dg


def program(record):
    @dg.asset
    def number(config: int):
        return config + 1

    @dg.asset
    def mapping(config: dict):
        return config

    run_config = {"ops": {"number": {"config": 4}, "mapping": {"config": {"a": 1}}}}
    record.result(dg.materialize([number, mapping], run_config=run_config))
