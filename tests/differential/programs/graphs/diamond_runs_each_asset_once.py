"""A diamond: the top is computed once, and both sides reach the bottom."""

import dagster as dg


def program(record):
    @dg.asset
    def top():
        return 2

    @dg.asset
    def left(top):
        return top + 1

    @dg.asset
    def right(top):
        return top * 10

    @dg.asset
    def bottom(left, right):
        return [left, right]

    record.result(dg.materialize([top, left, right, bottom]))
