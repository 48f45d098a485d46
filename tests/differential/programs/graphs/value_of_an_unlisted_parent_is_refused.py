"""A value of a parent that no definition provides is refused, though an earlier run stored it."""

import dagster as dg


def program(record):
    @dg.asset
    def parent():
        return 11

    @dg.asset
    def child(parent):
        return parent + 1

    with dg.instance_for_test() as instance:
        dg.materialize([parent], instance=instance)
        with record.raises("materialize", contains=["parent"]):
            dg.materialize([child], instance=instance)
