"""The fields of a config cannot be set."""

import dagster as dg


class Size(dg.Config):
    rows: int


def program(record):
    @dg.asset
    def table(config: Size):
        config.rows = 5
        return config.rows

    result = dg.materialize([table], run_config={"ops": {"table": {"config": {"rows": 1}}}}, raise_on_error=False)
    record.value("success", result.success)
    record.value("failed", result.get_failed_step_keys())
