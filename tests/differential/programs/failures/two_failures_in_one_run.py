"""Two independent assets fail: both are told, and the names of both."""

import dagster as dg


def program(record):
    @dg.asset
    def one():
        raise ValueError("one")

    @dg.asset
    def two():
        raise TypeError("two")

    @dg.asset(deps=[one, two])
    def last():
        return 1

    result = dg.materialize([one, two, last], raise_on_error=False)
    record.result(result)
    record.value("failed", sorted(result.get_failed_step_keys()))
