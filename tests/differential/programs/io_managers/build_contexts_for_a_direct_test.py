"""An IO manager may be tried with contexts made for it."""

import dagster as dg


class Shelf(dg.IOManager):
    def __init__(self):
        self.values = {}

    def handle_output(self, context, obj):
        self.values["/".join(context.asset_key.path)] = obj
        context.add_output_metadata({"size": len(obj)})

    def load_input(self, context):
        return self.values["/".join(context.upstream_output.asset_key.path)]


def program(record):
    shelf = Shelf()
    output = dg.build_output_context(
        asset_key=dg.AssetKey(["a", "b"]), name="result", step_key="a__b", definition_metadata={"k": 1}
    )
    shelf.handle_output(output, "text")
    record.value("name", output.name)
    record.value("step", output.step_key)
    record.metadata("definition metadata", output.definition_metadata)
    record.metadata("logged", output.get_logged_metadata())
    record.value("loaded", shelf.load_input(dg.build_input_context(upstream_output=output, name="b")))
    bare = dg.build_input_context(name="x")
    record.value("bare name", bare.name)
    record.value("bare has asset", bare.has_asset_key)
    with record.raises("bare asset"):
        _ = bare.asset_key
