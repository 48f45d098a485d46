"""Two definitions of one key are refused, and the message names it."""

import dagster as dg


def program(record):
    @dg.asset(name="orders")
    def one():
        return 1

    @dg.asset(name="orders")
    def two():
        return 2

    with record.raises("definitions", contains=["orders"]):
        dg.Definitions.validate_loadable(dg.Definitions(assets=[one, two]))
    with record.raises("materialize", contains=["orders"]):
        dg.materialize([one, two])
