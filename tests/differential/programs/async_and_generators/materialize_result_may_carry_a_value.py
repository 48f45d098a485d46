"""MaterializeResult(value=...) hands the value to the IO manager."""

import dagster as dg


def program(record):
    @dg.asset
    def made():
        return dg.MaterializeResult(value=[1, 2], metadata={"rows": 2})

    @dg.asset
    def reads(made):
        return sum(made)

    record.result(dg.materialize([made, reads]))
