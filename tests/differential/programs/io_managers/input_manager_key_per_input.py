"""input_manager_key loads one input otherwise than its value was stored."""

import dagster as dg


class Shelf(dg.IOManager):
    def handle_output(self, context, obj):
        STORE[context.asset_key] = obj

    def load_input(self, context):
        return STORE[context.asset_key]


class Doubling(Shelf):
    def load_input(self, context):
        return STORE[context.asset_key] * 2


STORE: dict = {}


def program(record):
    @dg.asset
    def a():
        return 5

    @dg.asset(ins={"a": dg.AssetIn(input_manager_key="doubling")})
    def b(a):
        return a

    @dg.asset
    def c(a):
        return a

    record.result(dg.materialize([a, b, c], resources={"io_manager": Shelf(), "doubling": Doubling()}))
