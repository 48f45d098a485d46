"""Of several partitions that are loaded at once, those that are missing or damaged are named, and made again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from pyiceberg.catalog.sql import SqlCatalog

import orrery as og
from orrery.base.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    DAMAGED_VALUE_TAG,
)

TRUSTING = og.CachePolicy(verify="none")
TOLD = {"STEP_START", "STEP_UP_FOR_RETRY", "STEP_FAILURE", "STEP_SUCCESS", "STEP_SKIPPED"}
LETTERS = og.StaticPartitionsDefinition(["x", "y", "z"])
AT_ONCE = og.BackfillPolicy.single_run()
ALL = {ASSET_PARTITION_RANGE_START_TAG: "x", ASSET_PARTITION_RANGE_END_TAG: "z"}


@og.asset(partitions_def=LETTERS, backfill_policy=AT_ONCE)
def part(context: og.AssetExecutionContext) -> dict[str, pl.DataFrame]:
    """Partition z has no rows."""
    return {key: pl.DataFrame({"n": [ord(key)] * (key != "z")}, {"n": pl.Int64}) for key in context.partition_keys}


@og.asset(partitions_def=LETTERS, backfill_policy=AT_ONCE)
def double(context: og.AssetExecutionContext, part: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    return {key: part[key] * 2 for key in context.partition_keys}


@og.asset(io_manager_key="plain")
def together(part: pl.DataFrame) -> list[int]:
    return sorted(part["n"])


@og.asset(io_manager_key="plain")
def apart(part: dict[str, pl.DataFrame]) -> dict[str, int]:
    return {key: len(frame) for key, frame in part.items()}


def files_of(folder: Path, letter: str) -> list[Path]:
    found = [path for path in folder.rglob("*.parquet") if f"partition={letter}" in str(path)]
    assert found
    return found


def file_gone(folder: Path, letter: str) -> None:
    for path in files_of(folder, letter):
        path.unlink()


def file_garbage(folder: Path, letter: str) -> None:
    for path in files_of(folder, letter):
        path.write_bytes(b"garbage")


def rows_gone_duckdb(folder: Path, letter: str) -> None:
    with duckdb.connect(str(folder / "tables.duckdb")) as connection:
        connection.execute("DELETE FROM main.part WHERE orrery_partition = ?", [letter])


def rows_gone_delta(folder: Path, letter: str) -> None:
    import deltalake

    deltalake.DeltaTable(str(folder / "part.delta")).delete(f"orrery_partition = '{letter}'")


def rows_gone_iceberg(folder: Path, letter: str) -> None:
    SqlCatalog("orrery", uri=f"sqlite:///{folder}/catalog.db").load_table("main.part").delete(
        f"orrery_partition == '{letter}'"
    )


Damage = Callable[[Path, str], None]
MANAGERS: dict[str, Callable[[Path], Any]] = {
    "parquet": og.ParquetIOManager,
    "duckdb": lambda folder: og.DuckDBIOManager(folder / "tables.duckdb"),
    "delta": og.DeltaLakeIOManager,
    "iceberg": og.IcebergIOManager,
}
DAMAGES: list[tuple[str, Damage, str]] = [
    ("parquet", file_gone, "missing"),
    ("parquet", file_garbage, "damaged"),
    ("duckdb", rows_gone_duckdb, "missing"),
    ("delta", rows_gone_delta, "missing"),
    ("delta", file_gone, "damaged"),
    ("delta", file_garbage, "damaged"),
    ("iceberg", rows_gone_iceberg, "missing"),
    ("iceberg", file_gone, "damaged"),
    ("iceberg", file_garbage, "damaged"),
]


def story(result: Any, step: str) -> list[str]:
    return [e.event_type_value for e in result.all_events if e.step_key == step and e.event_type_value in TOLD]


def found_in(result: Any) -> list[tuple[str | None, str]]:
    """Return which partitions a run found unusable, and how."""
    seen = [e.event_specific_data.asset_observation for e in result.all_events if e.is_asset_observation]
    return [(each.partition, each.tags[DAMAGED_VALUE_TAG]) for each in seen]


class Project:
    """The assets, with one IO manager, in one instance."""

    def __init__(self, instance: og.Instance, folder: Path, manager: str) -> None:
        self.options: dict[str, Any] = {
            "instance": instance,
            "resources": {"io_manager": MANAGERS[manager](folder), "plain": og.fs_io_manager},
        }

    def run(self, *assets: Any, **options: Any) -> Any:
        return og.materialize(list(assets), raise_on_error=False, **self.options, **options)


@pytest.mark.parametrize(("manager", "damage", "kind"), DAMAGES)
def test_one_partition_of_several_is_named_and_made_again_in_the_same_run(
    manager: str, damage: Damage, kind: str, tmp_path: Path
) -> None:
    """And one that is empty, as it was stored, is no damage."""
    with og.Instance.local_temp() as instance:
        project = Project(instance, tmp_path, manager)
        assert project.run(part, double, tags=ALL).success
        damage(tmp_path, "y")
        result = project.run(part, double, tags=ALL, reuse=TRUSTING, force="double")
        assert result.success
        assert found_in(result) == [("y", kind)]
        assert story(result, "part") == ["STEP_SKIPPED", "STEP_START", "STEP_SUCCESS"]
        assert story(result, "double") == ["STEP_START", "STEP_UP_FOR_RETRY", "STEP_START", "STEP_SUCCESS"]
        assert {key: frame["n"].to_list() for key, frame in result.output_for_node("double").items()} == {
            "x": [240],
            "y": [242],
            "z": [],
        }


@pytest.mark.parametrize("consumer", [together, apart])
@pytest.mark.parametrize(("manager", "damage", "kind"), DAMAGES)
def test_what_another_run_makes_is_named_by_partition_and_made_again_by_the_next(
    manager: str, damage: Damage, kind: str, consumer: Any, tmp_path: Path
) -> None:
    """The next run of each partition knows whether it has to be made."""
    with og.Instance.local_temp() as instance:
        project = Project(instance, tmp_path, manager)
        project.run(part, tags=ALL)
        damage(tmp_path, "y")
        failed = project.run(part, consumer, selection=consumer.key.to_user_string())
        assert not failed.success
        assert found_in(failed) == [("y", kind)]
        told = next(event for event in failed.all_events if event.is_step_failure).step_failure_data.error.message
        assert "orrery materialize part --partition 'y' --reuse" in told
        runs = [project.run(part, partition_key=each, reuse=TRUSTING) for each in "xyz"]
        assert [story(run, "part")[0] for run in runs] == ["STEP_SKIPPED", "STEP_START", "STEP_SKIPPED"]
        result = project.run(part, consumer, selection=consumer.key.to_user_string())
        assert result.success
        expected = [120, 121] if consumer is together else {"x": 1, "y": 1, "z": 0}
        assert result.output_for_node(consumer.key.to_user_string()) == expected


@pytest.mark.parametrize("manager", MANAGERS)
def test_where_several_are_missing_all_that_are_known_are_named(manager: str, tmp_path: Path) -> None:
    """The command in the error makes them."""
    with og.Instance.local_temp() as instance:
        project = Project(instance, tmp_path, manager)
        project.run(part, tags=ALL)
        damage = next(damage for name, damage, _ in DAMAGES if name == manager)
        damage(tmp_path, "x")
        damage(tmp_path, "y")
        failed = project.run(part, apart, selection="apart")
        told = next(event for event in failed.all_events if event.is_step_failure).step_failure_data.error.message
        if manager == "parquet":  # file by file: it stops at the first
            assert found_in(failed) == [("x", "missing")]
        else:
            assert found_in(failed) == [("x", "missing"), ("y", "missing")]
            assert "asset 'part', partitions 'x', 'y'" in told
            assert "orrery backfill part --partitions 'x,y' --all" in told
        remade = og.backfill(
            og.Definitions([part], resources=project.options["resources"]),
            selection="part",
            partitions="x,y",
            which="all",
            instance=instance,
        )
        assert remade.success
        assert project.run(part, apart, selection="apart").success


def test_a_database_of_before_rows_were_counted_is_read_and_counts_from_now_on(tmp_path: Path) -> None:
    """What was stored then is taken as it is."""
    with og.Instance.local_temp() as instance:
        project = Project(instance, tmp_path, "duckdb")
        project.run(part, tags=ALL)
        with duckdb.connect(str(tmp_path / "tables.duckdb")) as connection:
            connection.execute("ALTER TABLE main.orrery_partitions DROP COLUMN rows")
        rows_gone_duckdb(tmp_path, "y")
        assert project.run(part, apart, selection="apart").output_for_node("apart") == {"x": 1, "y": 0, "z": 0}
        project.run(part, partition_key="y")
        rows_gone_duckdb(tmp_path, "y")
        assert found_in(project.run(part, apart, selection="apart")) == [("y", "missing")]
        assert story(project.run(part, partition_key="y", reuse=True), "part") == ["STEP_START", "STEP_SUCCESS"]


@pytest.mark.parametrize("manager", ["delta", "iceberg"])
def test_a_version_of_the_past_that_is_not_there_says_nothing_of_the_value_of_now(manager: str, tmp_path: Path) -> None:
    """The value is whole: nothing is recorded, and nothing is made again."""

    @og.asset
    def whole() -> pl.DataFrame:
        return pl.DataFrame({"n": [1]})

    @og.asset(io_manager_key="plain", ins={"whole": og.AssetIn(metadata={"table_version": 77})})
    def past(whole: pl.DataFrame) -> int:
        return len(whole)

    with og.Instance.local_temp() as instance:
        project = Project(instance, tmp_path, manager)
        project.run(whole)
        failed = project.run(whole, past, reuse=TRUSTING)
        assert story(failed, "whole") == ["STEP_SKIPPED"]
        assert not found_in(failed)
        told = next(event for event in failed.all_events if event.is_step_failure).step_failure_data.error.message
        assert "ask for a version that the metadata 'table_version'" in told
