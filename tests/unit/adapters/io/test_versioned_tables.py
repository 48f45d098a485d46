"""Tables of Delta Lake and Iceberg: one commit for what a run makes, versions, types, and damage that is told."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import deltalake
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyiceberg.catalog.sql import SqlCatalog

import orrery as og
from orrery.adapters.io import tables
from orrery.base.errors import (
    DamagedValueError,
    InvalidDefinitionError,
    InvariantViolationError,
    StorageError,
    ValueNotFoundError,
)
from orrery.runtime.files.sync import sync_folder
from orrery.testing.conformance.samples import ValueContext

MANAGERS: dict[str, Callable[..., Any]] = {"delta": og.DeltaLakeIOManager, "iceberg": og.IcebergIOManager}


@pytest.fixture(params=list(MANAGERS))
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return MANAGERS[request.param](tmp_path / "tables")


def stored(manager: Any, value: Any, *partitions: str, key: Any = "orders") -> dict[str, Any]:
    """Store a value; return the metadata that it was given."""
    context = ValueContext(key, partitions=partitions or None)
    manager.handle_output(context, value)
    return {name: getattr(each, "value", each) for name, each in context.output_metadata.items()}


def loaded(manager: Any, *partitions: str, frame: Any = pl.DataFrame, key: Any = "orders", **metadata: Any) -> Any:
    return manager.load_input(
        ValueContext(key, partitions=partitions or None, typing_type=frame, definition_metadata=metadata)
    )


def data_files(tmp_path: Path) -> set[str]:
    return {str(file) for file in tmp_path.rglob("*.parquet")}


def test_rows_columns_place_and_version_are_noted(manager: Any, tmp_path: Path) -> None:
    noted = stored(manager, pl.DataFrame({"n": [1, 2], "name": ["a", "b"]}), key=["sales", "orders"])
    assert noted["orrery/row_count"] == 2
    columns = [(column.name, column.type) for column in noted["orrery/column_schema"].columns]
    assert columns == [("n", "int64"), ("name", "large_string")]
    assert noted["path"].startswith(str(tmp_path / "tables" / "sales" / "orders"))
    assert isinstance(noted["table_version"], int)


def test_a_version_can_be_loaded_again(manager: Any) -> None:
    first = stored(manager, pl.DataFrame({"n": [1]}))["table_version"]
    second = stored(manager, pl.DataFrame({"other": ["x"]}))["table_version"]
    assert first != second
    assert loaded(manager).to_dict(as_series=False) == {"other": ["x"]}
    assert loaded(manager, table_version=first).to_dict(as_series=False) == {"n": [1]}
    with pytest.raises(ValueNotFoundError, match="Version 77 of the table"):
        loaded(manager, table_version=77)
    with pytest.raises(InvalidDefinitionError, match="'latest', which is no whole number"):
        loaded(manager, table_version="latest")


def test_a_version_of_a_partition_is_loaded_with_what_it_had_then(manager: Any) -> None:
    first = stored(manager, pl.DataFrame({"n": [1]}), "x")["table_version"]
    stored(manager, pl.DataFrame({"n": [2]}), "y")
    stored(manager, pl.DataFrame({"n": [3]}), "x")
    assert loaded(manager, "x", table_version=first)["n"].to_list() == [1]
    with pytest.raises(ValueNotFoundError, match=r"partition 'y'"):
        loaded(manager, "y", table_version=first)


def test_a_partition_is_replaced_and_the_files_of_others_stay(manager: Any, tmp_path: Path) -> None:
    stored(manager, pl.DataFrame({"n": [1]}), "x")
    before = data_files(tmp_path)
    stored(manager, {"y": pl.DataFrame({"n": [2, 3]}), "z": pl.DataFrame({"n": [4]})}, "y", "z")
    stored(manager, pl.DataFrame({"n": [5]}), "y")
    assert before <= data_files(tmp_path)
    assert {key: frame["n"].to_list() for key, frame in loaded(manager, "x", "y", "z", frame=object).items()} == {
        "x": [1],
        "y": [5],
        "z": [4],
    }
    together = loaded(manager, "y", "x")
    assert together.columns == ["n"]
    assert sorted(together["n"]) == [1, 5]


def test_several_partitions_are_one_commit(tmp_path: Path) -> None:
    manager = og.DeltaLakeIOManager(tmp_path)
    keys = [f"{number}" for number in range(5)]
    one = stored(manager, {key: pl.DataFrame({"n": [1]}) for key in keys}, *keys)["table_version"]
    two = stored(manager, {key: pl.DataFrame({"n": [2]}) for key in keys}, *keys)["table_version"]
    assert (one, two) == (0, 1)


@pytest.mark.parametrize("frame", [pl.DataFrame, pl.LazyFrame, pd.DataFrame, pa.Table])
def test_what_is_made_of_each_library_comes_back_as_of_each(manager: Any, frame: Any) -> None:
    make = pa.table if frame is pa.Table else frame
    stored(manager, make({"n": [1, 2], "name": ["a", None]}))
    found = loaded(manager, frame=frame)
    assert isinstance(found, frame)
    rows = found.collect() if frame is pl.LazyFrame else found
    table = pa.Table.from_pandas(rows) if frame is pd.DataFrame else rows if frame is pa.Table else rows.to_arrow()
    assert table.to_pydict() == {"n": [1, 2], "name": ["a", None]}


def test_types_that_a_table_has_not_are_stored_as_the_next_that_hold_the_same(manager: Any) -> None:
    value = pa.table(
        {
            "small": pa.array([255], pa.uint8()),
            "word": pa.array(["a"]).dictionary_encode(),
            "at": pa.array([datetime(2024, 1, 1, 12, tzinfo=UTC)], pa.timestamp("ns", "Europe/Berlin")),
            "view": pa.array(["v"], pa.string_view()),
            "list": pa.array([[1]], pa.list_(pa.uint16())),
            "inner": pa.array([{"s": "t"}]),
        }
    )
    stored(manager, value)
    found = loaded(manager, frame=pa.Table)
    assert found.to_pylist() == [
        {
            "small": 255,
            "word": "a",
            "at": datetime(2024, 1, 1, 12, tzinfo=UTC),
            "view": "v",
            "list": [1],
            "inner": {"s": "t"},
        }
    ]
    assert str(found.schema.field("at").type) == "timestamp[us, tz=UTC]"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (5, "the value of asset 'orders' is int"),
        (pa.table({}), "has no columns"),
        (pa.table({"orrery_partition": [1]}), "in which the keys of partitions are kept"),
        (pa.table({"n": [1], "N": [2]}), "has the column 'n' twice"),
        (pa.table({"n": pa.array([None], pa.null())}), "nothing but nulls"),
        (pa.table({"n": pa.array([timedelta(1)], pa.duration("us"))}), "Column 'n' .* is of type duration"),
        (pa.table({"n": pa.array([1_001], pa.timestamp("ns"))}), "Column 'n' .* cannot be stored as timestamp"),
        (pa.table({"n": pa.array([2**63], pa.uint64())}), "Column 'n' .* cannot be stored as int64"),
    ],
)
def test_what_cannot_be_stored_is_told_and_changes_nothing(manager: Any, value: Any, told: str) -> None:
    stored(manager, pl.DataFrame({"n": [1]}))
    with pytest.raises(InvariantViolationError, match=told):
        stored(manager, value)
    assert loaded(manager)["n"].to_list() == [1]


def test_one_wrong_partition_of_several_changes_none(manager: Any) -> None:
    stored(manager, {"x": pl.DataFrame({"n": [1]}), "y": pl.DataFrame({"n": [2]})}, "x", "y")
    for wrong in ("text", None):
        value = {"x": pl.DataFrame({"n": [9]}), "y": pl.DataFrame({"n": [wrong]})}
        with pytest.raises(InvariantViolationError, match=r"partitions|nulls"):
            stored(manager, value, "x", "y")
    assert loaded(manager, "x", "y")["n"].sort().to_list() == [1, 2]


def test_columns_of_partitions_may_be_added_and_not_change_their_type(manager: Any) -> None:
    stored(manager, pl.DataFrame({"n": [1]}), "x")
    stored(manager, pl.DataFrame({"n": [2], "more": ["m"]}), "y")
    stored(manager, pl.DataFrame({"n": [3]}, schema={"n": pl.Int32}), "z")
    assert loaded(manager, "x", "y", "z").sort("n").to_dict(as_series=False) == {
        "n": [1, 2, 3],
        "more": [None, "m", None],
    }
    with pytest.raises(
        InvariantViolationError, match="'n' of asset 'orders' is of type large_string, and of type int64"
    ):
        stored(manager, pl.DataFrame({"n": ["3"]}), "x")
    assert loaded(manager, "x")["n"].to_list() == [1]


def test_a_partition_may_lose_its_rows_and_is_there(manager: Any) -> None:
    none = pl.DataFrame({"n": []}, schema={"n": pl.Int64})
    stored(manager, pl.DataFrame({"n": [1]}), "x")
    stored(manager, none, "x")
    assert loaded(manager, "x").shape == (0, 1)
    assert manager.has_output(ValueContext("orders", partitions=["x"]))
    assert not manager.has_output(ValueContext("orders", partitions=["x", "y"]))
    assert not manager.has_output(ValueContext("other"))
    with pytest.raises(ValueNotFoundError, match="partition 'y'"):
        loaded(manager, "y")


def test_a_table_is_not_turned_from_whole_to_partitions_or_back(manager: Any) -> None:
    stored(manager, pl.DataFrame({"n": [1]}))
    with pytest.raises(InvariantViolationError, match="was stored as a whole, and this run stores partitions"):
        stored(manager, pl.DataFrame({"n": [1]}), "x")
    with pytest.raises(InvariantViolationError, match="was stored as a whole, and partitions of it are asked for"):
        loaded(manager, "x")
    stored(manager, pl.DataFrame({"n": [1]}), "x", key="cut")
    with pytest.raises(InvariantViolationError, match="was stored by partition, and this run stores it as a whole"):
        stored(manager, pl.DataFrame({"n": [1]}), key="cut")


def test_any_key_is_data(manager: Any) -> None:
    keys = [
        "A" * 66,
        "a" * 200,
        "~41",
        "A",
        "+41",
        "%41",
        "",
        "..",
        "x' OR '1'='1",
        "\U0001f600",
        "a/b",
        "null",
        "__HIVE_DEFAULT_PARTITION__",
    ]
    stored(manager, {key: pl.DataFrame({"n": [number]}) for number, key in enumerate(keys)}, *keys)
    stored(manager, pl.DataFrame({"n": [99]}), "x' OR '1'='1")
    found = loaded(manager, *keys, frame=object)
    assert {key: frame["n"].to_list() for key, frame in found.items()} == {
        key: [99 if "'" in key else number] for number, key in enumerate(keys)
    }


def test_a_key_that_is_too_long_for_a_partition_is_refused(manager: Any) -> None:
    with pytest.raises(InvariantViolationError, match=r"too long for the name of a partition .*\(300 characters\)"):
        stored(manager, pl.DataFrame({"n": [1]}), "k" * 300)


def test_tables_tell_whose_they_are(tmp_path: Path) -> None:
    """Also where the name of the file was cut."""
    key = ["Sales", "x" * 300]
    path = stored(og.DeltaLakeIOManager(tmp_path), pl.DataFrame({"n": [1]}), key=key)["path"]
    assert json.loads(deltalake.DeltaTable(path).metadata().description) == key
    warehouse = tmp_path / "warehouse"
    stored(og.IcebergIOManager(warehouse), pl.DataFrame({"n": [1]}), key=key)
    catalog = SqlCatalog("orrery", uri=f"sqlite:///{warehouse}/catalog.db")
    (((name,),), (identifier,)) = catalog.list_namespaces(), catalog.list_tables("+53ales")
    table = catalog.load_table(identifier)
    assert name == "+53ales"
    assert json.loads(table.properties["orrery.key"]) == key
    assert "commit.retry.num-retries" not in table.properties
    catalog.close()


def test_an_asset_in_the_namespace_of_others_is_not_overwritten(tmp_path: Path) -> None:
    manager = og.IcebergIOManager(tmp_path)
    stored(manager, pl.DataFrame({"n": [1]}), key="orders")
    for use in (
        lambda: stored(manager, pl.DataFrame({"n": [2]}), key=["main", "orders"]),
        lambda: loaded(manager, key=["main", "orders"]),
    ):
        with pytest.raises(InvariantViolationError, match=r'main\.orders .* holds asset \["orders"\]'):
            use()
    other = og.IcebergIOManager(tmp_path, namespace="short")
    stored(other, pl.DataFrame({"n": [3]}), key="orders")
    assert loaded(manager)["n"].to_list() == [1]


@pytest.mark.parametrize("damage", ["data gone", "data cut", "log gone", "log cut"])
def test_damage_is_told_with_the_asset_and_the_place(manager: Any, tmp_path: Path, damage: str) -> None:
    stored(manager, pl.DataFrame({"n": [1]}))
    stored(manager, pl.DataFrame({"n": [2]}))
    what, _, how = damage.partition(" ")
    logs = [*tmp_path.rglob("*.metadata.json"), *sorted(tmp_path.rglob("_delta_log/*.json"))[:1]]
    for file in tmp_path.rglob("*.parquet") if what == "data" else logs:
        file.unlink() if how == "gone" else file.write_bytes(b"junk")
    with pytest.raises(DamagedValueError, match=r"table of asset 'orders' at .*orders.* cannot be read") as told:
        loaded(manager)
    assert "then materialize it again" in str(told.value)


def test_a_catalogue_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").write_bytes(b"junk" * 1_000)
    with pytest.raises(StorageError, match="catalogue 'orrery' cannot be used: file is not a database"):
        loaded(og.IcebergIOManager(tmp_path))


def test_loading_makes_no_warehouse(manager: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueNotFoundError):
        loaded(manager)
    assert not (tmp_path / "tables").exists()


@pytest.mark.parametrize("name", list(MANAGERS))
def test_a_directory_that_the_libraries_cannot_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidDefinitionError, match="takes '%' in a path for a part of a URL"):
        MANAGERS[name](tmp_path / "100%")


def test_a_url_needs_a_catalogue(tmp_path: Path) -> None:
    with pytest.raises(InvalidDefinitionError, match="has no database"):
        og.IcebergIOManager("s3://bucket/tables")
    place = og.IcebergIOManager(f"file://{tmp_path}/tables", catalog_uri=f"sqlite:///{tmp_path}/own.db")
    stored(place, pl.DataFrame({"n": [1]}), "x")
    assert loaded(place, "x")["n"].to_list() == [1]


@pytest.mark.parametrize(("name", "package"), [("delta", "deltalake"), ("iceberg", "pyiceberg")])
def test_a_missing_extra_is_told_at_once(
    name: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        StorageError, match=rf"package {package}, which is not installed[^$]*pip install 'orrery\[{name}\]'"
    ):
        MANAGERS[name](tmp_path)


class _Overtaken(og.IcebergIOManager):
    """Between its look at the table and its commit, another manager commits to the same partition."""

    looks = 0

    def _claim(self, context: Any, table: Any) -> None:
        super()._claim(context, table)
        self.looks += 1
        if self.looks == 2:
            stored(og.IcebergIOManager(self._warehouse), pl.DataFrame({"n": [2]}), "y")


def test_who_was_overtaken_looks_again_and_adds_nothing_to_what_the_other_stored(tmp_path: Path) -> None:
    stored(og.IcebergIOManager(tmp_path), pl.DataFrame({"n": [1]}), "x")
    manager = _Overtaken(tmp_path)
    stored(manager, pl.DataFrame({"n": [3]}), "y")
    assert manager.looks == 3
    assert loaded(manager, "x", "y")["n"].sort().to_list() == [1, 3]


def test_a_commit_is_on_the_disk_before_it_is_told(manager: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither library syncs its files; of what does it for them, the real call is made and noted."""
    synced: list[str] = []
    monkeypatch.setattr(tables, "sync_folder", lambda path: (synced.append(path), sync_folder(path)))
    path = stored(manager, pl.DataFrame({"n": [1]}))["path"]
    assert synced == [path]


def test_runs_that_write_one_table_at_once_do_not_lose_or_double_rows(manager: Any) -> None:
    """Each has a partition of its own, and all have one in common."""
    start, failed = threading.Barrier(3), []

    def run(name: str) -> None:
        start.wait(60)
        try:
            for number in range(2):
                stored(manager, {key: pl.DataFrame({"n": [number]}) for key in (name, "all")}, name, "all")
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    found = loaded(manager, "a", "b", "c", "all", frame=object)
    assert {key: frame["n"].to_list() for key, frame in found.items()} == {key: [1] for key in found}
    assert list(found) == ["a", "b", "c", "all"]
