"""What an op can ask its context."""

import dagster as dg


def program(record):
    @dg.op(config_schema={"n": int}, tags={"kind": "test"})
    def one(context: dg.OpExecutionContext):
        note = record.value
        note("op config", context.op_config)
        note("op", [context.op.name, context.op_def.name])
        note("handle", str(context.op_handle))
        note("job", [context.job_name, context.job_def.name])
        note("run config", context.run_config)
        note("tags", [context.has_tag("who"), context.get_tag("who")])
        note("run tags", record.user_tags(context.run_tags))
        note("retry number", context.retry_number)
        note("has partition", context.has_partition_key)
        note("has asset definition", context.has_assets_def)
        note("mapping key", context.get_mapping_key())
        note("outputs", set(context.selected_output_names))
        note("describe", isinstance(context.describe_op(), str))
        with record.raises("asset key"):
            _ = context.asset_key
        with record.raises("partition key"):
            _ = context.partition_key

    @dg.job(tags={"who": "me"})
    def small():
        one.alias("renamed")()

    config = {"ops": {"renamed": {"config": {"n": 1}}}}
    record.value("success", small.execute_in_process(run_config=config).success)
