"""IO managers over paths: partitions, schemes of one's own, stores that are no local disk."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from upath import UPath

from orrery.adapters.io.parquet import ParquetIOManager
from orrery.adapters.io.upath import UPathIOManager
from orrery.api.verbs.contexts import build_input_context, build_output_context
from orrery.base.errors import InvariantViolationError
from orrery.model.partitions.keys import MultiPartitionKey
from orrery.runtime.files.batch import WriteBatch
from orrery.runtime.ports.write_barrier import active_barrier
from orrery.testing.conformance.samples import ValueContext


class Text(UPathIOManager):
    extension = ".txt"

    def dump_to_path(self, context: Any, obj: str, path: Any) -> None:
        path.write_text(obj)

    def load_from_path(self, context: Any, path: Any) -> str:
        return str(path.read_text())

    def get_metadata(self, context: Any, obj: str) -> dict[str, Any]:
        return {"letters": len(obj)}


def test_path_and_metadata_of_ones_own_are_noted(tmp_path: Path) -> None:
    """The path is the final one, not that to which it was first written."""
    context = ValueContext(["a", "b"])
    Text(tmp_path).handle_output(context, "four")
    assert context.output_metadata["path"].value == str(tmp_path / "a" / "b.txt")
    assert context.output_metadata["letters"] == 4


def test_values_in_another_store_are_written_and_read(tmp_path: Path) -> None:
    """In memory, as a stand-in for an object store."""
    manager = Text(f"memory://{uuid.uuid4()}")
    manager.handle_output(ValueContext("A"), "x")
    manager.handle_output(ValueContext("a", partitions=["p"]), "y")
    assert manager.load_input(ValueContext("A")) == "x"
    assert manager.load_input(ValueContext("a", partitions=["p"])) == "y"
    assert manager.has_output(ValueContext("A"))
    with pytest.raises(FileNotFoundError):
        manager.load_input(ValueContext("none"))


def test_several_dimensions_are_one_partition(tmp_path: Path) -> None:
    """Each combination has a value of its own."""
    manager = Text(tmp_path)
    one, other = MultiPartitionKey({"a": "x/y", "b": "z"}), MultiPartitionKey({"a": "x", "b": "y/z"})
    manager.handle_output(ValueContext("t", partitions=[one]), "one")
    manager.handle_output(ValueContext("t", partitions=[other]), "other")
    assert manager.load_input(ValueContext("t", partitions=[one])) == "one"


def test_a_scheme_of_ones_own_gets_the_key_with_slashes(tmp_path: Path) -> None:
    """And the extension is added to what it returns."""

    class Mine(Text):
        def get_path_for_partition(self, context: Any, path: Any, partition: str) -> Any:
            return path / "by" / partition

    manager = Mine(tmp_path)
    context = ValueContext("t", partitions=[MultiPartitionKey({"date": "2024-01-01", "region": "eu"})])
    manager.handle_output(context, "x")
    assert (tmp_path / "t" / "by" / "2024-01-01" / "eu.txt").read_text() == "x"
    assert manager.load_input(context) == "x"


def test_partitions_that_are_loaded_asynchronously_are_loaded_together(tmp_path: Path) -> None:
    """Each waits for the others to begin."""
    begun: list[str] = []

    class Waiting(Text):
        async def load_from_path(self, context: Any, path: Any) -> str:  # type: ignore[override]  # may be async
            begun.append(path.name)
            while len(begun) < 3:
                await asyncio.sleep(0)
            return str(path.read_text())

    manager = Waiting(tmp_path)
    for partition in "abc":
        manager.handle_output(ValueContext("t", partitions=[partition]), partition)
    assert manager.load_input(ValueContext("t", partitions=["a", "b", "c"])) == {"a": "a", "b": "b", "c": "c"}
    manager.handle_output(ValueContext("whole"), "w")
    assert manager.load_input(ValueContext("whole")) == "w"


def test_a_missing_partition_of_many_is_told_by_name(tmp_path: Path) -> None:
    """Also where they are loaded together."""

    class Async(Text):
        async def load_from_path(self, context: Any, path: Any) -> str:  # type: ignore[override]  # may be async
            return str(path.read_text())

    manager = Async(tmp_path)
    manager.handle_output(ValueContext("t", partitions=["a"]), "a")
    with pytest.raises(FileNotFoundError, match="partition 'b'"):
        manager.load_input(ValueContext("t", partitions=["a", "b"]))


def test_a_directory_that_its_writer_changes_in_place_is_given_as_it_is(tmp_path: Path) -> None:
    """A table format has rules of its own for what is whole."""
    seen: list[str] = []

    class Table(UPathIOManager):
        extension = ".table"

        def dump_to_path(self, context: Any, obj: int, path: Any) -> None:
            seen.append(str(path))
            path.mkdir(exist_ok=True)
            (path / str(obj)).write_text("")

        def load_from_path(self, context: Any, path: Any) -> list[str]:
            return sorted(part.name for part in path.iterdir())

    manager = Table(tmp_path)
    manager.handle_output(ValueContext("t"), 1)
    manager.handle_output(ValueContext("t"), 2)
    assert seen[1] == str(tmp_path / "t.table") != seen[0]
    assert manager.load_input(ValueContext("t")) == ["1", "2"]


def test_the_base_path_is_the_working_directory_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is when the manager is made."""
    monkeypatch.chdir(tmp_path)
    Text().handle_output(ValueContext("a"), "x")
    assert (tmp_path / "a.txt").read_text() == "x"


FRAMES = [
    pl.DataFrame({"a": [1, 2]}),
    pd.DataFrame({"a": [1, 2]}),
    pa.table({"a": [1, 2]}),
    pl.LazyFrame({"a": [1, 2]}),
]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: f"{type(frame).__module__}.{type(frame).__name__}")
def test_a_table_comes_back_as_the_type_that_is_wanted(tmp_path: Path, frame: Any) -> None:
    """Whatever type it was stored as."""
    manager = ParquetIOManager(tmp_path)
    context = ValueContext("t")
    manager.handle_output(context, frame)
    for wanted in FRAMES:
        loaded = manager.load_input(ValueContext("t", typing_type=type(wanted)))
        assert type(loaded) is type(wanted)
    assert manager.load_input(ValueContext("t"))["a"].to_list() == [1, 2]
    (column,) = context.output_metadata["orrery/column_schema"].schema.columns
    assert (column.name, column.type.lower()) == ("a", "int64")
    if not isinstance(frame, pl.LazyFrame):
        assert context.output_metadata["orrery/row_count"].value == 2


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    """By its type, and nothing is stored."""
    with pytest.raises(InvariantViolationError, match="not dict"):
        ParquetIOManager(tmp_path).handle_output(ValueContext("t"), {"a": 1})
    assert not (tmp_path / "t.parquet").exists()


def test_a_value_that_gets_its_name_while_it_is_looked_for_is_read_under_it(tmp_path: Path) -> None:
    """The files of a run are published by another thread than the one that loads."""
    batch = WriteBatch()
    looked: list[str] = []

    class Published(UPathIOManager):
        extension = ".txt"

        def dump_to_path(self, context: Any, obj: Any, path: Any) -> None:
            path.write_text(obj)

        def load_from_path(self, context: Any, path: Any) -> Any:
            looked.append(path.name)
            batch.flush()  # what the other thread does between naming the file and opening it
            return path.read_text()

    manager = Published(UPath(tmp_path))
    token = active_barrier.set(batch)
    try:
        manager.handle_output(build_output_context(asset_key="orders"), "apple")
        loaded = manager.load_input(
            build_input_context(asset_key="orders", upstream_output=build_output_context(asset_key="orders"))
        )
    finally:
        active_barrier.reset(token)
    assert loaded == "apple"
    assert len(looked) == 2
