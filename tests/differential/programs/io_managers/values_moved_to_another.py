"""Stored values are copied to another IO manager, but for what was never made, is left out, or fails."""

import os

import dagster as dg


class Shelf(dg.IOManager):
    def __init__(self):
        self.values = {}

    def handle_output(self, context, obj):
        key = context.asset_key.to_user_string()
        if key == "bad":
            raise ValueError("no room")
        partitions = list(context.asset_partition_keys) if context.has_asset_partitions else None
        self.values[f"{key} {partitions} {context.has_partition_key}"] = obj

    def load_input(self, context):
        raise NotImplementedError


@dg.asset
def a():
    return 1


@dg.asset
def bad():
    return 2


@dg.asset
def never():
    return 3


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["x", "y", "z"]))
def parts(context):
    return context.partition_key


def program(record):
    defs = dg.Definitions(
        assets=[a, bad, never, parts, dg.AssetSpec("outside")],
        resources={"io_manager": dg.FilesystemIOManager(base_dir=os.path.join(os.getcwd(), "values"))},
    )
    job = defs.resolve_implicit_global_asset_job_def
    with dg.instance_for_test() as instance:
        job().execute_in_process(instance=instance, asset_selection=[a.key, bad.key])
        for key in ("x", "z"):
            job().execute_in_process(instance=instance, asset_selection=[parts.key], partition_key=key)

        def move(name, **more):
            shelf = Shelf()
            result = dg.migrate_io_storage(definitions=defs, destination_io_manager=shelf, instance=instance, **more)
            for outcome in ("migrated", "skipped", "failed"):
                found = {}
                for each in getattr(result, outcome):
                    key = each.key.to_user_string()
                    found[key] = sorted(each.expensively_compute_partition_keys()) if key == "parts" else None
                record.value(f"{name}: {outcome}", found)
            record.value(f"{name}: stored", dict(sorted(shelf.values.items())))

        move("all")
        move("selection", selection=dg.AssetSelection.assets("a", "parts"), transform=lambda value: [value])
        move("left out", should_skip=lambda key, partition: key == a.key or partition == "x")
        move("batches", batch_partitions=True)
        with record.raises("transform"):
            move("raises", transform=lambda value: 1 / 0)
        materializations = dg.EventRecordsFilter(dg.DagsterEventType.ASSET_MATERIALIZATION)
        record.value("nothing is recorded", len(instance.get_event_records(materializations)))
    with record.raises("neither", contains=["definitions", "context"]):
        dg.migrate_io_storage(destination_io_manager=Shelf())
    with record.raises("no instance", contains=["instance"]):
        dg.migrate_io_storage(definitions=defs, destination_io_manager=Shelf())
