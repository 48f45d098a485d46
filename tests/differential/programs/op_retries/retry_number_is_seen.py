"""retry_number counts the attempts."""

import dagster as dg


def program(record):
    seen = []

    @dg.op
    def asks(context):
        seen.append(context.retry_number)
        if context.retry_number < 2:
            raise dg.RetryRequested(max_retries=5, seconds_to_wait=0.001)
        return "done"

    @dg.job
    def small():
        asks()

    result = small.execute_in_process()
    record.result(result)
    record.value("seen", seen)
    record.value("attempts", result.retry_attempts_for_node("asks"))
