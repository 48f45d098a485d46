"""Ops without assets: the IO manager sees steps and names."""

import dagster as dg


class Shelf(dg.IOManager):
    def __init__(self):
        self.log = []
        self.values = {}

    def handle_output(self, context, obj):
        self.log.append(["store", context.step_key, context.name, context.has_asset_key])
        self.values[tuple(context.get_identifier()[1:])] = obj

    def load_input(self, context):
        up = context.upstream_output
        self.log.append(["load", context.name, up.step_key, up.name, context.has_asset_key])
        return self.values[tuple(up.get_identifier()[1:])]


def program(record):
    shelf = Shelf()

    @dg.op(out={"x": dg.Out(), "y": dg.Out()})
    def pair():
        return 1, 2

    @dg.op
    def add(a, b):
        return a + b

    @dg.job(resource_defs={"io_manager": dg.IOManagerDefinition.hardcoded_io_manager(shelf)})
    def sums():
        x, y = pair()
        add(x, y)

    record.result(sums.execute_in_process())
    record.value("log", shelf.log)
    record.value("places", sorted(map(list, shelf.values)))
