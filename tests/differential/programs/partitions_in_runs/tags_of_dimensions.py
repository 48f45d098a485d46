"""A materialization of a partition of several dimensions bears the key of each dimension as a tag."""

import dagster as dg

PARTITIONS = dg.MultiPartitionsDefinition(
    {"region": dg.StaticPartitionsDefinition(["eu", "us"]), "tier": dg.StaticPartitionsDefinition(["1", "2"])}
)


def program(record):
    @dg.asset(partitions_def=PARTITIONS)
    def sales(context):
        context.log_event(dg.AssetMaterialization("beside", partition=context.partition_key))
        return dg.Output(1, tags={"team": "web"})

    @dg.multi_asset(
        specs=[dg.AssetSpec("one", partitions_def=PARTITIONS), dg.AssetSpec("two", partitions_def=PARTITIONS)]
    )
    def several():
        yield dg.MaterializeResult(asset_key="one")
        yield dg.MaterializeResult(asset_key="two", data_version=dg.DataVersion("v"))

    @dg.asset(partitions_def=PARTITIONS, backfill_policy=dg.BackfillPolicy.single_run())
    def in_one_run() -> None: ...

    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a"]))
    def flat():
        return 1

    key = dg.MultiPartitionKey({"region": "eu", "tier": "1"})
    first_to_last = {
        "dagster/asset_partition_range_start": "eu|1",
        "dagster/asset_partition_range_end": "eu|2",
    }
    with dg.DagsterInstance.ephemeral() as instance:
        values = {"io_manager": dg.mem_io_manager}
        runs = [
            dg.materialize([sales, several], partition_key=key, instance=instance, resources=values),
            dg.materialize([in_one_run], tags=first_to_last, instance=instance),
            dg.materialize([flat], partition_key="a", instance=instance, resources=values),
        ]
        for run in runs:
            for event in run.get_asset_materialization_events():
                told = event.materialization
                tags = [
                    (told.tags or {}).get(name)
                    for name in ("dagster/partition/region", "dagster/partition/tier", "team")
                ]
                record.value(f"{event.asset_key.to_user_string()}[{event.partition}]", tags)
        stored = instance.get_latest_materialization_event(dg.AssetKey("two")).asset_materialization
        record.value("stored", [stored.partition, stored.tags["dagster/partition/tier"]])
