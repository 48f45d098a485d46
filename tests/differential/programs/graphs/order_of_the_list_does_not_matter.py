"""Assets may be given in any order: the graph decides."""

import dagster as dg


def program(record):
    @dg.asset
    def a():
        return "a"

    @dg.asset
    def b(a):
        return a + "b"

    @dg.asset
    def c(b):
        return b + "c"

    record.result(dg.materialize([c, a, b]))
