"""A graph_asset is one asset whose value several ops compute."""

import dagster as dg


def program(record):
    @dg.op
    def fetch():
        return [3, 1, 2]

    @dg.op
    def order(rows):
        return sorted(rows)

    @dg.graph_asset
    def tidy():
        return order(fetch())

    @dg.asset
    def first(tidy):
        return tidy[0]

    record.result(dg.materialize([tidy, first]))
