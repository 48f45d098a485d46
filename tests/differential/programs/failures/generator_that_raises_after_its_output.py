"""A generator that fails after its output: the value is handled, the step has failed."""

import dagster as dg


def program(record):
    @dg.asset
    def late():
        yield dg.Output(1)
        raise RuntimeError("afterwards")

    @dg.asset
    def child(late):
        return late

    record.result(dg.materialize([late, child], raise_on_error=False))
