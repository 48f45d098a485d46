"""What load_input can ask its context."""

import dagster as dg


class Shelf(dg.IOManager):
    def __init__(self, record):
        self.record = record

    def handle_output(self, context, obj):
        pass

    def load_input(self, context):
        note = self.record.value
        note("asset key", context.asset_key)
        note("has asset key", context.has_asset_key)
        note("name", context.name)
        note("has name", context.has_input_name)
        self.record.metadata("definition metadata", context.definition_metadata)
        note("op", context.op_def.name)
        note("type", context.dagster_type.display_name)
        note("has partition", [context.has_partition_key, context.has_asset_partitions])
        note("identifier", list(context.get_identifier()))
        note("identifier of the asset", list(context.get_asset_identifier()))
        note("config", context.config)
        note("resource config", context.resource_config)
        upstream = context.upstream_output
        note("upstream name", upstream.name)
        note("upstream step", upstream.step_key)
        note("upstream asset", upstream.asset_key)
        note("upstream type", upstream.dagster_type.display_name)
        self.record.metadata("upstream metadata", upstream.definition_metadata)
        note("logs", hasattr(context.log, "info"))
        return 4


def program(record):
    @dg.asset(key=["lake", "table"], metadata={"rows": 5})
    def table() -> int:
        return 1

    @dg.asset(ins={"rows": dg.AssetIn(key=["lake", "table"], metadata={"columns": ["a"]})})
    def reader(rows: int):
        return rows

    record.value("success", dg.materialize([table, reader], resources={"io_manager": Shelf(record)}).success)
