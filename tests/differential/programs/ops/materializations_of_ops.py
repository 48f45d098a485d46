"""Ops may tell of assets that they make."""

import dagster as dg


def program(record):
    @dg.op
    def one():
        yield dg.AssetMaterialization(
            asset_key=["lake", "table"],
            description="made",
            metadata={"rows": 5, "where": dg.MetadataValue.path("/lake/table")},
            partition="2024",
            tags={"a": "b"},
        )
        yield dg.Output(1)

    @dg.job
    def small():
        one()

    with dg.instance_for_test() as instance:
        record.result(small.execute_in_process(instance=instance))
        record.value("keys", [key.path for key in instance.all_asset_keys()])
