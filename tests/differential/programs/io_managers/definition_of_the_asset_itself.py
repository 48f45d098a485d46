"""io_manager_def binds an IO manager to one asset."""

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

    @dg.asset(io_manager_def=shelf)
    def a():
        return 1

    @dg.asset
    def b(a):
        return a + 1

    result = dg.materialize([a, b])
    record.value("success", result.success)
    record.value("value", result.asset_value("b"))
    record.value("shelf", shelf.values)
