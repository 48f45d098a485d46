"""Failure(allow_retries=False) is not retried, whatever the policy says."""

import dagster as dg


def program(record):
    attempts = []

    @dg.asset(retry_policy=dg.RetryPolicy(max_retries=5))
    def final():
        attempts.append(1)
        raise dg.Failure("never mind", allow_retries=False)

    record.result(dg.materialize([final], raise_on_error=False))
    record.value("attempts", len(attempts))
