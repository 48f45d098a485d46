"""A check that returns True or False."""

import dagster as dg


def program(record):
    @dg.asset
    def table():
        return 1

    with record.raises("definition"):

        @dg.asset_check(asset=table)
        def positive(table) -> bool:
            return table > 0

        record.result(dg.materialize([table, positive], raise_on_error=False))
