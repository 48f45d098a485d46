"""An error in a blocking check keeps the children from running."""

import dagster as dg


def program(record):
    @dg.asset
    def table():
        return 1

    @dg.asset_check(asset=table, blocking=True)
    def broken():
        raise ValueError("cannot look")

    @dg.asset
    def child(table):
        return table

    record.result(dg.materialize([table, broken, child], raise_on_error=False))
