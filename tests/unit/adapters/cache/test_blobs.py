"""The store of blobs: equal bytes are kept once, damage is told and mended, and what nobody names is collected."""

import os
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from orrery.adapters.cache.blobs import BlobStore, Fault, Pointer
from orrery.adapters.cache.cached import CachedIOManager
from orrery.adapters.cache.stored import BlobIOManager, MissingBlobError
from orrery.adapters.cache.transfer import Copied, copy_each
from orrery.api.verbs.materialize import materialize
from orrery.api.verbs.plan import plan_materialization
from orrery.definitions.decorators.asset import asset
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.model.partitions.static import StaticPartitionsDefinition
from orrery.runtime.instance.instance import Instance

TABLE = pl.DataFrame({"a": [1, 2]})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("abc", b"abc"),
        (b"abc", "abc"),
        (TABLE, TABLE.to_arrow()),
        (TABLE.to_arrow(), TABLE),
        (TABLE.to_pandas(), pa.Table.from_pandas(TABLE.to_pandas())),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_of_the_same_bytes_and_of_another_type_are_told_apart(tmp_path: Path, before: Any, after: Any) -> None:
    """What takes it is made again, though the store keeps the bytes once."""

    def kind_of(value: Any) -> list[str]:
        @asset
        def value_of_some_type() -> Any:
            return value

        @asset
        def kind(value_of_some_type: Any) -> str:
            return type(value_of_some_type).__name__

        resources = {"io_manager": CachedIOManager(tmp_path / "remote", local=tmp_path / "local")}
        made = materialize([value_of_some_type, kind], instance=instance, resources=resources, reuse=True)
        skipped = [event.step_key for event in made.all_events if event.is_step_skipped]
        return [*skipped, made.asset_value("kind") if "kind" not in skipped else "as before"]

    with Instance.ephemeral() as instance:
        assert kind_of(before) == [type(before).__name__]
        assert kind_of(after) == [type(after).__name__]
        assert kind_of(after) == ["value_of_some_type", "kind", "as before"]


def test_equal_values_are_kept_once_and_what_no_name_points_at_is_collected(tmp_path: Path) -> None:
    """A dry run removes nothing; young blobs are spared."""
    manager = BlobIOManager(f"cas://{tmp_path}")
    for name in ("a", "b"):
        manager.keep(name, b"same", "bytes", run_id=None)
    manager.keep("b", b"other", "bytes", run_id=None)
    manager.keep("b", b"third", "bytes", run_id=None)
    store = manager.store
    assert len(store.blobs()) == 3
    assert store.collect().digests == ()
    planned = store.collect(dry_run=True, older_than_seconds=0)
    assert planned.bytes == len(b"other")
    assert len(store.blobs()) == 3
    assert store.collect(older_than_seconds=0) == planned
    assert len(store.blobs()) == 2
    assert manager.fetch("a", what=lambda: "a")[1] == b"same"


def test_a_value_that_is_stored_again_is_not_collected_before_its_name_is_written(tmp_path: Path) -> None:
    """Equal bytes lie there already, and no name points at them any more: they are young again."""
    store = BlobStore(str(tmp_path))
    digest = store.put(b"value")
    os.utime(store.blob_path(digest), (1, 1))
    assert store.collect(dry_run=True).digests == (digest,)
    store.put(b"value")
    assert store.collect().digests == ()
    assert store.has(digest)


def test_a_copy_of_what_lies_there_already_is_not_collected_meanwhile(tmp_path: Path) -> None:
    """No name points at it, and a collection has looked at names and values: it becomes young, and the collection looks again."""
    source, target = BlobIOManager(tmp_path / "source"), BlobStore(str(tmp_path / "target"))
    source.keep("a", b"value", "bytes", run_id=None)
    digest = target.put(b"value")
    other = target.put(b"other")
    for each in (digest, other):
        os.utime(target.blob_path(each), (1, 1))
    seen = target.contents()
    assert list(copy_each(source.store, target)) == [Copied("a", "copied", 0)]
    assert target.collect(contents=seen).digests == (other,)
    assert BlobIOManager(target).fetch("a", what=lambda: "a")[1] == b"value"


def test_what_a_collection_takes_while_it_is_copied_goes_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was there when the copy looked, and is gone when it would be made young."""
    source, target = BlobIOManager(tmp_path / "source"), BlobStore(str(tmp_path / "target"))
    source.keep("a", b"value", "bytes", run_id=None)
    digest = target.put(b"value")
    os.utime(target.blob_path(digest), (1, 1))
    holds = BlobStore.holds

    def held_then_collected(store: BlobStore, pointer: Pointer, *, is_verified: bool = False) -> bool:
        was_there = holds(store, pointer, is_verified=is_verified)
        assert store.collect().digests == (digest,)
        return was_there

    monkeypatch.setattr(BlobStore, "holds", held_then_collected)
    assert list(copy_each(source.store, target)) == [Copied("a", "copied", 5)]
    assert BlobIOManager(target).fetch("a", what=lambda: "a")[1] == b"value"


def test_a_blob_that_goes_while_all_are_read_is_gone_and_without_a_name_no_fault(tmp_path: Path) -> None:
    """A collection, or a cache that makes room, may go on at the same time."""
    manager = BlobIOManager(tmp_path)
    names = {name: manager.keep(name, name.encode(), "bytes", run_id=None).digest for name in ("a", "b")}
    store = manager.store
    unnamed = store.put(b"unnamed")
    os.remove(store.blob_path(names["a"]))
    faults = store.faults()
    assert next(faults) == Fault(digest=names["a"], names=("a",), is_gone=True)
    for digest in (names["b"], unnamed):
        os.remove(store.blob_path(digest))
    assert list(faults) == [Fault(digest=names["b"], names=("b",), is_gone=True)]


def test_a_damaged_blob_is_told_and_never_returned(tmp_path: Path) -> None:
    """Neither is one that is gone."""
    manager = BlobIOManager(tmp_path)
    pointer = manager.keep("a", b"bytes", "bytes", run_id=None)
    path = Path(manager.store.blob_path(pointer.digest))
    path.write_bytes(b"bytez")
    assert [fault.digest for fault in manager.store.faults()] == [pointer.digest]
    with pytest.raises(MissingBlobError, match="damaged or gone"):
        manager.fetch("a", what=lambda: "asset 'a'")
    path.unlink()
    with pytest.raises(MissingBlobError, match="damaged or gone"):
        manager.fetch("a", what=lambda: "asset 'a'")


@pytest.mark.parametrize("kind", ["store", "cache", "cache over a cache"])
def test_a_damaged_blob_puts_the_value_out_of_date_where_its_digest_is_looked_at(kind: str, tmp_path: Path) -> None:
    """The blob of a value, or of one of its partitions; a cache whose own copy is whole need not know."""
    letters = StaticPartitionsDefinition(["x", "y"])

    @asset(partitions_def=letters)
    def part(context: Any) -> str:
        return str(context.partition_key)

    @asset
    def base() -> dict[str, int]:
        return {"n": 1}

    store = BlobIOManager(tmp_path / "remote")
    over = CachedIOManager(store, tmp_path / "near") if kind == "cache over a cache" else store
    manager = store if kind == "store" else CachedIOManager(over, tmp_path / "local")

    def decided(**options: Any) -> tuple[str, str]:
        (step,) = plan_materialization(instance=instance, resources={"io_manager": manager}, **options).steps
        return step.decision.action, step.decision.told

    with Instance.ephemeral() as instance:
        options: Any = {"instance": instance, "resources": {"io_manager": manager}, "on_event": lambda entry: None}
        materialize([base], **options)
        for letter in "xy":
            materialize([part], partition_key=letter, **options)
        for name in ("base", "part/partition=x"):
            pointer = store.store.read_pointer(name)
            assert pointer is not None
            path = Path(store.store.blob_path(pointer.digest))
            path.write_bytes(path.read_bytes()[:-1] + b"?")
        closely = CachePolicy(verify="digest")
        if kind != "store":
            assert decided(assets=[base], reuse=closely)[0] == "skip"
            for folder in ("local", "near"):
                shutil.rmtree(tmp_path / folder, ignore_errors=True)
        assert decided(assets=[base], reuse=True)[0] == "skip"
        action, told = decided(assets=[base], reuse=closely)
        assert action == "run"
        assert told.endswith("is damaged: its bytes are not those that were written")
        assert [decided(assets=[part], partition_key=each, reuse=closely)[0] for each in "xy"] == ["run", "skip"]
        assert materialize([base], reuse=closely, **options).success
        assert decided(assets=[base], reuse=closely)[0] == "skip"
