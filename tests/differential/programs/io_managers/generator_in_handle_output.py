"""handle_output may yield materializations and metadata."""

import dagster as dg


class Shelf(dg.IOManager):
    def handle_output(self, context, obj):
        yield dg.AssetMaterialization(asset_key="side")
        yield {"bytes": 12}

    def load_input(self, context):
        return 1


def program(record):
    @dg.asset
    def a():
        return 1

    record.result(dg.materialize([a], resources={"io_manager": Shelf()}, raise_on_error=False))
