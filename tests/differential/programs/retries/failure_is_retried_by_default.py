"""Failure is retried as any other error is."""

import dagster as dg


def program(record):
    attempts = []

    @dg.asset(retry_policy=dg.RetryPolicy(max_retries=1))
    def once_more():
        attempts.append(1)
        raise dg.Failure("again")

    record.result(dg.materialize([once_more], raise_on_error=False))
    record.value("attempts", len(attempts))
