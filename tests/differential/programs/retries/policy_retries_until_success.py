"""A retry policy runs a failed step again."""

import dagster as dg


def program(record):
    attempts = []

    @dg.asset(retry_policy=dg.RetryPolicy(max_retries=3))
    def flaky(context):
        attempts.append(context.retry_number)
        if len(attempts) < 3:
            raise ValueError(f"attempt {len(attempts)}")
        return "at last"

    result = dg.materialize([flaky])
    record.result(result)
    record.value("attempts", attempts)
    record.value("retries", result.retry_attempts_for_node("flaky"))
