"""A SourceAsset is not run: its value is loaded through the IO manager it names."""

import dagster as dg


class Shelf(dg.IOManager):
    def handle_output(self, context, obj):
        raise AssertionError("nothing is stored here")

    def load_input(self, context):
        return f"from the shelf: {context.asset_key.to_user_string()}"


def program(record):
    source = dg.SourceAsset(key=dg.AssetKey(["outside", "table"]), io_manager_key="shelf")

    @dg.asset(ins={"table": dg.AssetIn(key=source.key)})
    def reader(table):
        return table

    record.result(dg.materialize([source, reader], resources={"shelf": Shelf()}))
