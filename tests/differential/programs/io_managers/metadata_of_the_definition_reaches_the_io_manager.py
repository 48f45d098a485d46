"""An asset's metadata steers its IO manager."""

import dagster as dg


class Shelf(dg.IOManager):
    def __init__(self):
        self.log = []

    def handle_output(self, context, obj):
        self.log.append(["store", context.definition_metadata["table"]])

    def load_input(self, context):
        self.log.append(["load", context.upstream_output.definition_metadata["table"], context.definition_metadata])
        return 1


def program(record):
    shelf = Shelf()

    @dg.asset(metadata={"table": "t1"})
    def a():
        return 1

    @dg.asset(ins={"a": dg.AssetIn(metadata={"columns": ["x"]})}, metadata={"table": "t2"})
    def b(a):
        return a

    dg.materialize([a, b], resources={"io_manager": shelf})
    record.value("log", shelf.log)
