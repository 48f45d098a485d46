"""A loaded value that does not match the annotation fails before the function is called."""

import dagster as dg


def program(record):
    called = []

    @dg.asset
    def number():
        return "four"

    @dg.asset
    def double(number: int):
        called.append(1)
        return number * 2

    record.result(dg.materialize([number, double], raise_on_error=False))
    record.value("called", called)
