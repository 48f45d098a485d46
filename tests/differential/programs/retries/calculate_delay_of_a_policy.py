"""The wait of each attempt, as the policy computes it."""

import dagster as dg


def program(record):
    record.value("plain", [dg.RetryPolicy(delay=2).calculate_delay(n) * 1.0 for n in (1, 2, 3)])
    linear = dg.RetryPolicy(delay=2, backoff=dg.Backoff.LINEAR)
    record.value("linear", [linear.calculate_delay(n) * 1.0 for n in (1, 2, 3)])
    exponential = dg.RetryPolicy(delay=2, backoff=dg.Backoff.EXPONENTIAL)
    record.value("exponential", [exponential.calculate_delay(n) * 1.0 for n in (1, 2, 3, 4)])
    full = dg.RetryPolicy(delay=2, jitter=dg.Jitter.FULL)
    record.value("full jitter is within", all(0 <= full.calculate_delay(1) <= 2 for _ in range(50)))
    around = dg.RetryPolicy(delay=2, jitter=dg.Jitter.PLUS_MINUS)
    record.value("around is within", all(0 <= around.calculate_delay(1) <= 4 for _ in range(50)))
    with record.raises("backoff without delay"):
        dg.RetryPolicy(backoff=dg.Backoff.LINEAR)
