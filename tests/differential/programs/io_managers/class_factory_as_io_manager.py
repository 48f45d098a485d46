"""@io_manager on a class, as on any callable that returns an IOManager."""

import dagster as dg


class Shelf(dg.IOManager):
    values: dict = {}

    def __init__(self, context):
        pass

    def handle_output(self, context, obj):
        self.values[context.step_key] = obj

    def load_input(self, context):
        return self.values[context.upstream_output.step_key]


def program(record):
    @dg.asset
    def a():
        return 1

    @dg.asset
    def b(a):
        return a + 1

    with record.raises("run"):
        shelf = dg.io_manager(Shelf)
        record.value("is a definition", isinstance(shelf, dg.IOManagerDefinition))
        record.value("value", dg.materialize([a, b], resources={"io_manager": shelf}).asset_value("b"))
