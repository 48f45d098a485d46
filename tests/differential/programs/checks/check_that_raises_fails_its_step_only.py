"""An error in a check fails the check's step; the value of the asset stays."""

import dagster as dg


def program(record):
    @dg.asset
    def table():
        return 1

    @dg.asset_check(asset=table)
    def broken():
        raise ValueError("cannot look")

    record.result(dg.materialize([table, broken], raise_on_error=False))
