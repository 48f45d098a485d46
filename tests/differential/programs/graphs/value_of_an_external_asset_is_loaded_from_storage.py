"""A parent declared as AssetSpec is read from where an earlier run left it."""

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
        record.result(dg.materialize([dg.AssetSpec("parent"), child], instance=instance))
