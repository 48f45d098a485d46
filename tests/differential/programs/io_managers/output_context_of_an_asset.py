"""What handle_output can ask its context."""

import dagster as dg


class Shelf(dg.IOManager):
    def __init__(self, record):
        self.record = record

    def handle_output(self, context, obj):
        note = self.record.value
        note("asset key", context.asset_key)
        note("has asset key", context.has_asset_key)
        note("name", context.name)
        note("step key", context.step_key)
        self.record.metadata("definition metadata", context.definition_metadata)
        note("op", context.op_def.name)
        note("type", context.dagster_type.display_name)
        note("has partition", [context.has_partition_key, context.has_asset_partitions])
        note("identifier of the asset", list(context.get_asset_identifier()))
        note("identifier", list(context.get_identifier()))
        note("config", context.config)
        note("resource config", context.resource_config)
        note("mapping key", context.mapping_key)
        note("version", context.version)
        note("run id is a text", isinstance(context.run_id, str))
        note("job name is a text", isinstance(context.job_name, str))
        note("logs", hasattr(context.log, "info"))

    def load_input(self, context):
        return 1


def program(record):
    @dg.asset(key=["lake", "table"], metadata={"rows": 5, "who": "me"})
    def table() -> int:
        return 1

    record.value("success", dg.materialize([table], resources={"io_manager": Shelf(record)}).success)
