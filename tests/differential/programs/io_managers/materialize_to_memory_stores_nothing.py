"""materialize_to_memory passes values in memory, whatever key the assets name."""

import dagster as dg


def program(record):
    @dg.asset(io_manager_key="warehouse")
    def a():
        return [1]

    @dg.asset
    def b(a):
        return [*a, 2]

    result = dg.materialize_to_memory([a, b])
    record.result(result)
    record.value("value", result.asset_value("b"))
