"""A generator that fails in the middle starts anew."""

import dagster as dg


def program(record):
    attempts = []

    @dg.multi_asset(outs={"a": dg.AssetOut(), "b": dg.AssetOut()}, retry_policy=dg.RetryPolicy(max_retries=1))
    def pair():
        attempts.append(1)
        yield dg.Output(len(attempts), output_name="a")
        if len(attempts) == 1:
            raise ValueError("between the two")
        yield dg.Output(len(attempts), output_name="b")

    record.result(dg.materialize([pair], raise_on_error=False))
