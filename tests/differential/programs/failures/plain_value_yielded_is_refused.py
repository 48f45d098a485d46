"""A generator has to yield events, not bare values."""

import dagster as dg


def program(record):
    @dg.asset
    def bare():
        yield 5

    record.result(dg.materialize([bare], raise_on_error=False))
