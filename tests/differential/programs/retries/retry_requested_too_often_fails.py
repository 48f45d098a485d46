"""RetryRequested beyond its number fails with the error it was raised from."""

import dagster as dg


def program(record):
    attempts = []

    @dg.asset
    def asks():
        attempts.append(1)
        try:
            raise ValueError("under it")
        except ValueError as error:
            raise dg.RetryRequested(max_retries=2) from error

    record.result(dg.materialize([asks], raise_on_error=False))
    record.value("attempts", len(attempts))
