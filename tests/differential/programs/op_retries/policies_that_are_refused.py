"""Policies with wrong numbers."""

import dagster as dg


def program(record):
    with record.raises("jitter without delay"):
        dg.RetryPolicy(jitter=dg.Jitter.FULL)
    with record.raises("text"):
        dg.RetryPolicy(max_retries="three")
    record.value("defaults", [dg.RetryPolicy().max_retries, dg.RetryPolicy().delay])
