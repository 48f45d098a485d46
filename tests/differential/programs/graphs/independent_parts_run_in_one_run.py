"""Two graphs without an edge between them are one run."""

import dagster as dg


def program(record):
    @dg.asset
    def a1():
        return 1

    @dg.asset
    def a2(a1):
        return a1 + 1

    @dg.asset
    def b1():
        return 10

    @dg.asset
    def b2(b1):
        return b1 + 10

    record.result(dg.materialize([a1, a2, b1, b2]))
