"""A value that does not match the annotation fails, and is not stored."""

import dagster as dg


def program(record):
    @dg.asset
    def number() -> int:
        return "four"

    record.result(dg.materialize([number], raise_on_error=False))
