"""An error raised from another keeps its cause."""

import dagster as dg


def program(record):
    @dg.asset
    def bad():
        try:
            int("x")
        except ValueError as error:
            raise RuntimeError("cannot read the number") from error

    record.result(dg.materialize([bad], raise_on_error=False))
