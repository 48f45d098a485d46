"""The finally block of a generator runs when its step fails, and when it succeeds."""

import dagster as dg


def program(record):
    closed = []

    @dg.asset
    def fine():
        try:
            yield dg.Output(1)
        finally:
            closed.append("fine")

    @dg.asset
    def broken():
        try:
            yield dg.Output("x")
            raise ValueError("no")
        finally:
            closed.append("broken")

    dg.materialize([fine, broken], raise_on_error=False)
    record.value("closed", sorted(closed))
