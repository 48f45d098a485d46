"""An IOManager stores and loads; each asset's value goes through it."""

import dagster as dg


class Shelf(dg.IOManager):
    def __init__(self):
        self.values = {}

    def handle_output(self, context, obj):
        self.values[context.asset_key.to_user_string()] = obj

    def load_input(self, context):
        return self.values[context.asset_key.to_user_string()]


def program(record):
    shelf = Shelf()

    @dg.asset
    def a():
        return 1

    @dg.asset(key_prefix="deep")
    def b(a):
        return a + 1

    @dg.asset(ins={"b": dg.AssetIn(key_prefix="deep")})
    def c(b):
        return b + 1

    record.result(dg.materialize([a, b, c], resources={"io_manager": shelf}))
    record.value("shelf", shelf.values)
