"""Config for an asset without a schema: refused or passed over."""

import dagster as dg


def program(record):
    @dg.asset
    def table():
        return 1

    with record.raises("materialize", contains=["table"]):
        result = dg.materialize([table], run_config={"ops": {"table": {"config": {"rows": 1}}}})
        record.value("success", result.success)
