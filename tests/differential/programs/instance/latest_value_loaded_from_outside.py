"""load_asset_value reads what a run left."""

import dagster as dg


def program(record):
    @dg.asset
    def a():
        return {"x": 1}

    defs = dg.Definitions(assets=[a])
    with dg.instance_for_test() as instance:
        defs.resolve_implicit_global_asset_job_def().execute_in_process(instance=instance)
        record.value("value", defs.load_asset_value("a", instance=instance))
        with defs.get_asset_value_loader(instance=instance) as loader:
            record.value("by the loader", loader.load_asset_value(dg.AssetKey("a")))
