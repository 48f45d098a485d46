"""What an asset can ask its context."""

import dagster as dg


def program(record):
    @dg.asset(key=["lake", "table"], group_name="g", code_version="v3", metadata={"a": 1}, tags={"tier": "gold"})
    def table(context: dg.AssetExecutionContext):
        note = record.value
        note("asset key", context.asset_key)
        note("keys", context.selected_asset_keys)
        note("outputs", context.selected_output_names)
        note("is subset", context.is_subset)
        note("has partition", context.has_partition_key)
        note("retry number", context.retry_number)
        note("run config", context.run.run_config)
        note("run id is that of the run", context.run_id == context.run.run_id)
        note(
            "tag", [context.has_tag("who"), context.get_tag("who"), context.has_tag("other"), context.get_tag("other")]
        )
        note("run tags", record.user_tags(context.run.tags))
        note("op", context.op_def.name)
        note("asset definition", context.assets_def.key)
        note("key of the output", context.asset_key_for_output("result"))
        note("op context", type(context.op_execution_context).__name__)
        note("same asset in the op context", context.op_execution_context.asset_key)
        note("instance is ephemeral", context.instance.is_ephemeral)
        note("has definition", context.has_assets_def)
        note("job name is a text", isinstance(context.job_name, str))
        note("log", hasattr(context.log, "warning"))
        return 1

    record.value("success", dg.materialize([table], tags={"who": "me"}).success)
