"""Values are moved from one IO manager to another."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

import orrery as og


@og.asset(metadata={"table": "orders"})
def orders() -> list[str]:
    return ["apple"]


@og.asset(
    partitions_def=og.StaticPartitionsDefinition(["a", "b", "c", "d"]),
    backfill_policy=og.BackfillPolicy.multi_run(max_partitions_per_run=2),
)
def parts(context: og.AssetExecutionContext) -> str:
    return context.partition_key


def defs_in(folder: Path, *jobs: og.JobDefinition) -> og.Definitions:
    return og.Definitions(
        assets=[orders, parts], jobs=jobs, resources={"io_manager": og.FilesystemIOManager(base_dir=str(folder))}
    )


class Shelf(og.IOManager):
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def handle_output(self, context: og.OutputContext, obj: Any) -> None:
        keys = list(context.asset_partition_keys) if context.has_asset_partitions else []
        self.seen.append((context.asset_key.to_user_string(), keys, obj, dict(context.definition_metadata)))

    def load_input(self, context: og.InputContext) -> Any:
        raise NotImplementedError


def make(defs: og.Definitions, instance: og.Instance) -> None:
    job = defs.resolve_implicit_global_asset_job_def()
    job.execute_in_process(instance=instance, asset_selection=[orders.key])
    for key in ("a", "b", "d"):
        job.execute_in_process(instance=instance, asset_selection=[parts.key], partition_key=key)


def test_batches_are_runs_of_partitions_within_the_policy(tmp_path: Path) -> None:
    """What lies apart is not moved together; the IO manager is told the metadata of the asset."""
    defs, shelf = defs_in(tmp_path), Shelf()
    with og.instance_for_test() as instance:
        make(defs, instance)
        result = og.migrate_io_storage(
            definitions=defs, destination_io_manager=shelf, instance=instance, batch_partitions=True
        )
    assert shelf.seen == [
        ("orders", [], ["apple"], {"table": "orders"}),
        ("parts", ["a", "b"], {"a": "a", "b": "b"}, {}),
        ("parts", ["d"], "d", {}),
    ]
    assert [each.partition_keys for each in result.migrated] == [(), ("a", "b", "d")]


def test_an_op_moves_the_values_of_its_own_project(tmp_path: Path) -> None:
    shelf = Shelf()

    @og.op
    def move(context: og.OpExecutionContext) -> int:
        return len(og.migrate_io_storage(context=context, destination_io_manager=shelf).migrated)

    @og.job
    def moving() -> None:
        move()

    defs = defs_in(tmp_path, moving)
    with og.instance_for_test() as instance:
        make(defs, instance)
        assert defs.resolve_job_def("moving").execute_in_process(instance=instance).output_for_node("move") == 2


def test_a_value_that_is_lost_is_told_and_the_others_go_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    defs, shelf = defs_in(tmp_path), Shelf()
    with og.instance_for_test() as instance, caplog.at_level(logging.ERROR, logger="orrery"):
        make(defs, instance)
        for file in tmp_path.glob("orders*"):
            file.unlink()
        result = og.migrate_io_storage(definitions=defs, destination_io_manager=shelf, instance=instance)
    assert [each.key.to_user_string() for each in result.failed] == ["orders"]
    assert [each.key.to_user_string() for each in result.migrated] == ["parts"]
    assert "'orders' could not be loaded" in caplog.text
