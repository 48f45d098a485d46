"""The wait before the next attempt is in the event; backoff makes it grow."""

import dagster as dg


def program(record):
    linear = dg.RetryPolicy(max_retries=2, delay=0.001, backoff=dg.Backoff.LINEAR)
    exponential = dg.RetryPolicy(max_retries=3, delay=0.001, backoff=dg.Backoff.EXPONENTIAL)

    @dg.asset(retry_policy=linear)
    def by_steps():
        raise ValueError("no")

    @dg.asset(retry_policy=exponential)
    def by_powers():
        raise ValueError("no")

    record.result(dg.materialize([by_steps, by_powers], raise_on_error=False))
