"""What an asset told is found again through the instance."""

import dagster as dg


def program(record):
    @dg.asset
    def table():
        return dg.Output(1, metadata={"rows": 7}, tags={"a": "b"})

    with dg.instance_for_test() as instance:
        first = dg.materialize([table], instance=instance)
        second = dg.materialize([table], instance=instance)
        event = instance.get_latest_materialization_event(dg.AssetKey("table"))
        record.value("latest is of the second run", event.run_id == second.run_id)
        record.metadata("metadata", event.asset_materialization.metadata)
        records = instance.fetch_materializations(dg.AssetKey("table"), limit=10).records
        record.value("runs", [one.run_id == first.run_id for one in records])
        record.value("keys", [key.to_user_string() for key in instance.all_asset_keys()])
        record.value("has", [instance.has_asset_key(dg.AssetKey(name)) for name in ("table", "other")])
