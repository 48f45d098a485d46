"""RetryRequested asks for another attempt, so many times at most."""

import dagster as dg


def program(record):
    attempts = []

    @dg.asset
    def asks(context):
        attempts.append(context.retry_number)
        if len(attempts) < 2:
            raise dg.RetryRequested(max_retries=1)
        return "second"

    record.result(dg.materialize([asks]))
    record.value("attempts", attempts)
