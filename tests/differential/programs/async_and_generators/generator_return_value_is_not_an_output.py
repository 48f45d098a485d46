"""What a generator returns is no output."""

import dagster as dg


def program(record):
    @dg.asset
    def returns():
        yield dg.Output(1)
        return 2

    record.result(dg.materialize([returns], raise_on_error=False))
