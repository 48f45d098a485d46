"""PermissiveConfig keeps fields that it does not declare."""

import dagster as dg


class Open(dg.PermissiveConfig):
    rows: int


def program(record):
    @dg.asset
    def table(config: Open):
        return [config.rows, config.other]

    record.result(dg.materialize([table], run_config={"ops": {"table": {"config": {"rows": 1, "other": "x"}}}}))
