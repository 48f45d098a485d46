"""Assets that wait for one another are refused before anything runs."""

import dagster as dg


def program(record):
    ran = []

    @dg.asset(deps=["c"])
    def a():
        ran.append("a")

    @dg.asset(deps=["a"])
    def b():
        ran.append("b")

    @dg.asset(deps=["b"])
    def c():
        ran.append("c")

    with record.raises("materialize"):
        dg.materialize([a, b, c])
    record.value("ran", ran)
