"""After the last retry the step has failed."""

import dagster as dg


def program(record):
    attempts = []

    @dg.asset(retry_policy=dg.RetryPolicy(max_retries=2))
    def broken():
        attempts.append(1)
        raise ValueError("always")

    @dg.asset
    def child(broken):
        return 1

    record.result(dg.materialize([broken, child], raise_on_error=False))
    record.value("attempts", len(attempts))
