"""A wrong type is retried or not, as the oracle does."""

import dagster as dg


def program(record):
    attempts = []

    @dg.asset(retry_policy=dg.RetryPolicy(max_retries=1))
    def number() -> int:
        attempts.append(1)
        return "four"

    record.result(dg.materialize([number], raise_on_error=False))
    record.value("attempts", len(attempts))
