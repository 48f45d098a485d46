"""An error in load_input fails the reader, not the writer."""

import dagster as dg


class Shelf(dg.IOManager):
    def handle_output(self, context, obj):
        pass

    def load_input(self, context):
        raise FileNotFoundError("nothing there")


def program(record):
    @dg.asset
    def a():
        return 1

    @dg.asset
    def b(a):
        return a

    record.result(dg.materialize([a, b], resources={"io_manager": Shelf()}, raise_on_error=False))
