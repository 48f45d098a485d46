"""MaterializeResult may be yielded as well as returned."""

import dagster as dg


def program(record):
    @dg.asset
    def yields():
        yield dg.MaterializeResult(metadata={"rows": 2})

    @dg.asset
    def returns():
        return dg.MaterializeResult(metadata={"rows": 3}, tags={"who": "me"})

    record.result(dg.materialize([yields, returns]))
