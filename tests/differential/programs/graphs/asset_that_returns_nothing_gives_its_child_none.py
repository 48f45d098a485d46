"""The child of an asset without a return value is given None."""

import dagster as dg


def program(record):
    @dg.asset
    def parent():
        pass

    @dg.asset
    def child(parent):
        return parent is None

    record.result(dg.materialize([parent, child]))
