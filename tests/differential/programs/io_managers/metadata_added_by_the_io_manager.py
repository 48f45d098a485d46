"""add_output_metadata in handle_output lands on the materialization."""

import dagster as dg


class Shelf(dg.IOManager):
    def handle_output(self, context, obj):
        context.add_output_metadata({"rows": len(obj), "where": dg.MetadataValue.path("/shelf")})

    def load_input(self, context):
        context.add_input_metadata({"read": True})
        return [1]


def program(record):
    @dg.asset
    def a():
        return dg.Output([1, 2, 3], metadata={"from": "function"})

    @dg.asset
    def b(a):
        return a

    record.result(dg.materialize([a, b], resources={"io_manager": Shelf()}))
