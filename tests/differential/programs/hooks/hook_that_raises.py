"""A hook that raises does not change the outcome of the run."""

import dagster as dg


def program(record):
    @dg.success_hook
    def broken(context):
        raise ValueError("hook")

    @dg.op
    def one():
        return 1

    @dg.job(hooks={broken})
    def small():
        one()

    record.result(small.execute_in_process(raise_on_error=False))
