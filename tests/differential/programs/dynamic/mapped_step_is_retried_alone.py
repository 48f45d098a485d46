"""A retry policy holds for each mapped step by itself."""

import dagster as dg


def program(record):
    attempts = {}

    @dg.op(out=dg.DynamicOut())
    def parts():
        for name in ("a", "b"):
            yield dg.DynamicOutput(name, mapping_key=name)

    @dg.op(retry_policy=dg.RetryPolicy(max_retries=1))
    def flaky(context, x):
        attempts[x] = attempts.get(x, 0) + 1
        if x == "b" and attempts[x] == 1:
            raise ValueError("once")
        return [x, context.get_mapping_key()]

    @dg.job
    def small():
        parts().map(flaky)

    record.result(small.execute_in_process())
    record.value("attempts", attempts)
