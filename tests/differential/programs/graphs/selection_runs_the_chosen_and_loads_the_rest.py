"""materialize(selection=...) runs what is chosen, and reads the rest from storage."""

import dagster as dg


def program(record):
    calls = []

    @dg.asset
    def a():
        calls.append("a")
        return 1

    @dg.asset
    def b(a):
        calls.append("b")
        return a + 1

    @dg.asset
    def c(b):
        calls.append("c")
        return b + 1

    with dg.instance_for_test() as instance:
        record.result(dg.materialize([a, b, c], instance=instance), "first")
        record.result(dg.materialize([a, b, c], instance=instance, selection=["c"]), "second")
        third = dg.materialize([a, b, c], instance=instance, selection=dg.AssetSelection.assets(b).downstream())
        record.result(third, "third")
    record.value("calls", calls)
