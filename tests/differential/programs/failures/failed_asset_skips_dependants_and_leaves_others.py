"""A failed asset: what depends on it does not run, independent branches go on."""

import dagster as dg


def program(record):
    ran = []

    @dg.asset
    def good():
        ran.append("good")
        return 1

    @dg.asset
    def bad(good):
        ran.append("bad")
        raise ValueError("no such luck")

    @dg.asset
    def child(bad):
        ran.append("child")

    @dg.asset
    def grandchild(child):
        ran.append("grandchild")

    @dg.asset
    def beside(good):
        ran.append("beside")
        return good + 1

    record.result(dg.materialize([good, bad, child, grandchild, beside], raise_on_error=False))
    record.value("ran", sorted(ran))
