"""log_event in handle_output tells of another asset."""

import dagster as dg


class Shelf(dg.IOManager):
    def handle_output(self, context, obj):
        context.log_event(dg.AssetMaterialization(asset_key="index", metadata={"n": 1}))

    def load_input(self, context):
        return 1


def program(record):
    @dg.asset
    def a():
        return 1

    record.result(dg.materialize([a], resources={"io_manager": Shelf()}))
