"""A generator without a single output fails its step."""

import dagster as dg


def program(record):
    @dg.asset
    def empty():
        yield from ()

    record.result(dg.materialize([empty], raise_on_error=False))
