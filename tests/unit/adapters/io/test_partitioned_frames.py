"""Frames by partition: one file or one key each, several at once as one frame or as a dictionary."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import orrery as og
from orrery.base.errors import InvariantViolationError, StorageError, ValueNotFoundError
from orrery.runtime.instance import Instance

DAYS = og.DailyPartitionsDefinition("2013-01-01", end_date="2013-01-05")
LETTERS = og.StaticPartitionsDefinition(["a", "x' OR '1'='1", '"; DROP TABLE t; --', "\U0001f600"])
GRID = og.MultiPartitionsDefinition({"day": DAYS, "letter": og.StaticPartitionsDefinition(["a", "b"])})
AT_ONCE = og.BackfillPolicy.single_run()


@pytest.fixture(params=["parquet", "duckdb", "delta", "iceberg"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "parquet":
        return og.ParquetIOManager(tmp_path / "tables")
    if request.param == "duckdb":
        return og.DuckDBIOManager(tmp_path / "tables.duckdb")
    kind = og.DeltaLakeIOManager if request.param == "delta" else og.IcebergIOManager
    return kind(tmp_path / "tables")


@pytest.fixture
def instance() -> Iterator[Instance]:
    with Instance.ephemeral() as made:
        yield made


def made(manager: Any, instance: Instance, *assets: Any, **options: Any) -> og.BackfillResult:
    defs = og.Definitions(assets=assets, resources={"io_manager": manager})
    return og.backfill(defs, instance=instance, **options)


def rows(context: og.AssetExecutionContext) -> list[dict[str, Any]]:
    return [
        {"day": date.fromisoformat(key), "n": number} for number, key in enumerate(context.partition_keys) for _ in "ab"
    ]


@og.asset(partitions_def=DAYS, backfill_policy=AT_ONCE, metadata={"partition_expr": "day"})
def in_one(context: og.AssetExecutionContext) -> pl.DataFrame:
    return pl.DataFrame(rows(context))


@og.asset(partitions_def=DAYS)
def each(in_one: pl.DataFrame) -> pl.DataFrame:
    assert len(set(in_one["day"])) == 1
    return in_one


def test_one_frame_of_several_partitions_is_taken_apart(manager: Any, instance: Instance) -> None:
    """And what needs one of them gets its rows."""
    seen = {}

    @og.asset(deps=[each])
    def whole() -> None: ...

    @og.asset
    def together(in_one: pl.DataFrame) -> None:
        seen["in one"] = in_one.sort("day", "n")["n"].to_list()

    @og.asset
    def apart(each: dict[str, pl.DataFrame]) -> None:
        seen["apart"] = {key: len(frame) for key, frame in each.items()}

    result = made(manager, instance, in_one, each, together, apart)
    assert result.success, result.runs
    assert seen["in one"] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert seen["apart"] == dict.fromkeys(DAYS.get_partition_keys(), 2)
    assert len(result.runs) == 1 + 4 + 1 + 1


@pytest.mark.parametrize("frame", [pl.DataFrame, pl.LazyFrame, pd.DataFrame, pa.Table])
def test_each_library_gets_its_own_frame(manager: Any, instance: Instance, frame: Any) -> None:
    kinds: list[type] = []
    make: Callable[[Any], Any] = {
        pl.DataFrame: pl.DataFrame,
        pl.LazyFrame: pl.LazyFrame,
        pd.DataFrame: pd.DataFrame,
        pa.Table: pa.Table.from_pylist,
    }[frame]

    def source(context: og.AssetExecutionContext) -> Any:
        return make([{"at": datetime.fromisoformat(key), "n": 1} for key in context.partition_keys])

    source.__annotations__["return"] = frame
    asset = og.asset(partitions_def=DAYS, backfill_policy=AT_ONCE, metadata={"partition_expr": "at"})(source)

    def reader(source: Any) -> None:
        kinds.append(type(source))
        found = source.collect() if isinstance(source, pl.LazyFrame) else source
        assert found.shape[0] == 4

    reader.__annotations__["source"] = frame
    assert made(manager, instance, asset, og.asset(reader)).success
    assert kinds == [frame]


def test_a_dictionary_of_frames_needs_no_column(manager: Any, instance: Instance) -> None:
    """And any key is data: none becomes a statement or a path."""

    @og.asset(partitions_def=LETTERS, backfill_policy=AT_ONCE)
    def keyed(context: og.AssetExecutionContext) -> dict[str, pl.DataFrame]:
        return {key: pl.DataFrame({"key": [key]}) for key in context.partition_keys}

    seen: dict[str, list[str]] = {}

    @og.asset
    def reader(keyed: dict[str, pl.DataFrame]) -> None:
        seen.update({key: frame["key"].to_list() for key, frame in keyed.items()})
        assert all(frame.columns == ["key"] for frame in keyed.values())

    assert made(manager, instance, keyed, reader).success
    assert seen == {key: [key] for key in LETTERS.get_partition_keys()}
    again = made(manager, instance, keyed, which="all")  # nothing is doubled
    assert again.success
    assert made(manager, instance, keyed, reader, which="all").success
    assert seen == {key: [key] for key in LETTERS.get_partition_keys()}


def test_a_dictionary_is_taken_of_one_partition_as_of_several(manager: Any, instance: Instance) -> None:
    @og.asset(partitions_def=DAYS, backfill_policy=AT_ONCE)
    def by_key(context: og.AssetExecutionContext) -> dict[str, pl.DataFrame]:
        return {key: pl.DataFrame({"day": [key]}) for key in context.partition_keys}

    seen: list[list[str]] = []

    @og.asset(ins={"by_key": og.AssetIn(partition_mapping=og.SpecificPartitionsPartitionMapping(["2013-01-02"]))})
    def reader(by_key: pl.DataFrame) -> None:
        seen.append(by_key["day"].to_list())

    assert made(manager, instance, by_key, selection="by_key", partitions="2013-01-02").success
    assert made(manager, instance, by_key, reader, selection="reader").success
    assert seen == [["2013-01-02"]]


def test_several_dimensions_have_a_column_each(manager: Any, instance: Instance) -> None:
    columns = {"partition_expr": {"day": "day", "letter": "letter"}}

    @og.asset(partitions_def=GRID, backfill_policy=AT_ONCE, metadata=columns)
    def grid(context: og.AssetExecutionContext) -> pl.DataFrame:
        keys = [GRID.get_partition_key_from_str(key).keys_by_dimension for key in context.partition_keys]
        return pl.DataFrame([{"day": date.fromisoformat(key["day"]), "letter": key["letter"]} for key in keys])

    seen: list[int] = []

    @og.asset(partitions_def=GRID)
    def one(grid: pl.DataFrame) -> pl.DataFrame:
        seen.append(len(grid))
        return grid

    result = made(manager, instance, grid, one)
    assert result.success
    assert seen == [1] * 8


def test_a_partition_without_rows_is_there(manager: Any, instance: Instance) -> None:
    @og.asset(partitions_def=DAYS)
    def none() -> pl.DataFrame:
        return pl.DataFrame({"n": []}, schema={"n": pl.Int64})

    seen: list[int] = []

    @og.asset(partitions_def=DAYS)
    def reader(none: pl.DataFrame) -> pl.DataFrame:
        seen.append(len(none))
        return none

    assert made(manager, instance, none, reader, partitions="2013-01-02").success
    assert seen == [0]


def test_what_is_not_stored_is_told_by_name(manager: Any, instance: Instance) -> None:
    with pytest.raises((ValueNotFoundError, FileNotFoundError, InvariantViolationError), match="in_one"):
        og.Definitions(assets=[in_one], resources={"io_manager": manager}).load_asset_value(
            "in_one", instance=instance, partition_key="2013-01-02"
        )


@pytest.mark.parametrize(
    ("value", "metadata", "told"),
    [
        (pl.DataFrame({"day": [date(2013, 1, 1)]}), {}, "nothing says which rows belong"),
        (pl.DataFrame({"day": [date(2012, 1, 1)]}), {"partition_expr": "day"}, "1 of 1 rows"),
        (pl.DataFrame({"n": [1]}), {"partition_expr": "day"}, "names no column"),
        ({"2013-01-01": pl.DataFrame({"n": [1]})}, {}, "dictionary of the partitions"),
        (5, {}, "int"),
    ],
)
def test_what_cannot_be_taken_apart_is_told(
    manager: Any, instance: Instance, value: Any, metadata: dict[str, Any], told: str
) -> None:
    @og.asset(partitions_def=DAYS, backfill_policy=AT_ONCE, metadata=metadata)
    def wrong() -> Any:
        return value

    result = made(manager, instance, wrong)
    assert not result.success
    log = instance.all_logs(result.runs[0].run_id, og.EventType.STEP_FAILURE)
    error = log[0].dagster_event.event_specific_data.error  # type: ignore[union-attr]  # the failure's
    assert told in error.to_string()


def test_values_of_other_io_managers_go_key_by_key(instance: Instance, tmp_path: Path) -> None:
    """A dictionary by partition key, in memory and as pickles."""

    @og.asset(partitions_def=DAYS, backfill_policy=AT_ONCE)
    def numbers(context: og.AssetExecutionContext) -> dict[str, int]:
        return {key: int(key[-2:]) for key in context.partition_keys}

    for resources in ({}, {"io_manager": og.FilesystemIOManager(base_dir=str(tmp_path))}):
        defs = og.Definitions(assets=[numbers], resources=resources)
        assert og.backfill(defs, which="all", instance=instance).success
        assert defs.load_asset_value("numbers", instance=instance, partition_key="2013-01-03") == 3


@pytest.mark.parametrize("frame", [pl.DataFrame(), pd.DataFrame(index=[1, 2])], ids=["polars", "pandas"])
def test_a_frame_without_columns_is_refused_with_the_asset(tmp_path: Path, frame: Any) -> None:
    """A table of DuckDB has one at least, as those of Delta Lake and Iceberg have."""

    @og.asset
    def nothing() -> Any:
        return frame

    with pytest.raises(InvariantViolationError, match="The frame of asset 'nothing' has no columns"):
        og.materialize([nothing], resources={"io_manager": og.DuckDBIOManager(tmp_path / "tables.duckdb")})


def test_a_table_of_another_asset_is_not_overwritten(tmp_path: Path, instance: Instance) -> None:
    """The database does not tell upper from lower case."""
    manager = og.DuckDBIOManager(tmp_path / "one.duckdb")

    @og.asset(name="orders")
    def lower() -> pl.DataFrame:
        return pl.DataFrame({"n": [1]})

    @og.asset(name="ORDERS")
    def upper() -> pl.DataFrame:
        return pl.DataFrame({"n": [2]})

    assert og.materialize([lower], instance=instance, resources={"io_manager": manager}).success
    with pytest.raises(Exception, match='holds asset \\["orders"\\]'):
        og.materialize([upper], instance=instance, resources={"io_manager": manager})


def test_a_database_that_another_process_has_open_is_waited_for(tmp_path: Path, instance: Instance) -> None:
    path = tmp_path / "busy.duckdb"
    duckdb.connect(str(path)).close()
    program = f"import duckdb, sys; c = duckdb.connect({str(path)!r}); print('open', flush=True); sys.stdin.read()"
    holder = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        manager = og.DuckDBIOManager(path, busy_seconds=0.2)
        with pytest.raises(StorageError, match="open in another process"):
            og.Definitions(assets=[in_one], resources={"io_manager": manager}).load_asset_value(
                "in_one", instance=instance, partition_key="2013-01-02"
            )
    finally:
        holder.communicate(timeout=60)
