"""An error in handle_output fails the step after its materialization was told or before it."""

import dagster as dg


class Shelf(dg.IOManager):
    def handle_output(self, context, obj):
        raise OSError("disk full")

    def load_input(self, context):
        return 1


def program(record):
    @dg.asset
    def a():
        return 1

    @dg.asset
    def b(a):
        return a

    record.result(dg.materialize([a, b], resources={"io_manager": Shelf()}, raise_on_error=False))
