"""A failure hook runs once, after the last retry; a success hook after the attempt that went well."""

import dagster as dg


def program(record):
    seen, attempts = [], []

    @dg.success_hook
    def hurrah(context):
        seen.append(["success", context.step_key])

    @dg.failure_hook
    def alas(context):
        seen.append(["failure", context.step_key])

    @dg.op(retry_policy=dg.RetryPolicy(max_retries=1))
    def broken():
        raise ValueError("always")

    @dg.op(retry_policy=dg.RetryPolicy(max_retries=1))
    def flaky():
        attempts.append(1)
        if len(attempts) == 1:
            raise ValueError("once")

    @dg.job(hooks={hurrah, alas})
    def small():
        broken()
        flaky()

    record.result(small.execute_in_process(raise_on_error=False))
    record.value("seen", sorted(seen))
