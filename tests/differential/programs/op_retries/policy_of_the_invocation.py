"""with_retry_policy and op_retry_policy of a job, beside the op's own."""

import dagster as dg


def program(record):
    attempts = {}

    def fails(name):
        attempts[name] = attempts.get(name, 0) + 1
        raise ValueError(name)

    @dg.op(retry_policy=dg.RetryPolicy(max_retries=1))
    def own():
        fails("own")

    @dg.op
    def plain():
        fails("plain")

    @dg.op
    def invoked():
        fails("invoked")

    @dg.job(op_retry_policy=dg.RetryPolicy(max_retries=2))
    def small():
        own()
        plain()
        invoked.with_retry_policy(dg.RetryPolicy(max_retries=3))()

    small.execute_in_process(raise_on_error=False)
    record.value("attempts", attempts)
