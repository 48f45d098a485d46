"""A local cache: which loads come from it and which do not, and what the log says of each."""

import os
import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from orrery.adapters.cache.blobs import BlobStore, Pointer
from orrery.adapters.cache.cached import CachedIOManager
from orrery.adapters.cache.freshness import Known, choose
from orrery.adapters.cache.stored import BlobIOManager
from orrery.adapters.io.configurable import FilesystemIOManager
from orrery.adapters.io.pickled import PickledObjectFilesystemIOManager
from orrery.api.verbs.materialize import materialize
from orrery.base.errors import (
    InvalidDefinitionError,
    RemoteValueError,
    ResourceFunctionError,
    ValueNotFoundError,
)
from orrery.definitions.assets.source_asset import SourceAsset
from orrery.definitions.decorators.asset import asset
from orrery.definitions.parts.io_manager import IOManager, io_manager
from orrery.definitions.parts.resource import ResourceDefinition
from orrery.definitions.project.definitions import Definitions
from orrery.model.config.schema import Field
from orrery.model.partitions.static import StaticPartitionsDefinition
from orrery.runtime.instance.instance import Instance


@asset
def base() -> int:
    return 1


@asset
def twice(base: int) -> int:
    return 2 * base


class Remote(IOManager):
    """A remote place that counts, and can be out of reach."""

    def __init__(self) -> None:
        self.values: dict[tuple[Any, ...], Any] = {}
        self.loads = 0
        self.is_gone = False

    def handle_output(self, context: Any, obj: Any) -> None:
        """Keep the value."""
        key = context.asset_partition_key if context.has_asset_partitions else None
        self.values[(*context.asset_key.parts, key)] = obj

    def load_input(self, context: Any) -> Any:
        """Return the value, or a dictionary of several."""
        if self.is_gone:
            raise RemoteValueError("gone", is_out_of_reach=True)
        self.loads += 1
        parts = context.asset_key.parts
        if not context.has_asset_partitions:
            return self.values[(*parts, None)]
        found = {key: self.values[(*parts, key)] for key in context.asset_partition_keys}
        return found if len(found) > 1 else next(iter(found.values()))


class World:
    """A project of two assets over a cache whose clock the test turns."""

    def __init__(self, instance: Instance, folder: Path) -> None:
        self.instance = instance
        self.folder = folder
        self.remote = Remote()
        self.now = time.time()
        self.base = 1

    def manager(self, **options: Any) -> CachedIOManager:
        """Return a new cache over the same places."""
        return CachedIOManager(self.remote, self.folder / "local", clock=lambda: self.now, **options)

    def make(self, manager: Any) -> None:
        """Make the value that others read."""

        @asset(name="base")
        def made() -> dict[str, int]:
            return {"n": self.base}

        materialize([made], instance=self.instance, resources={"io_manager": manager}, on_event=lambda entry: None)

    def read(self, manager: Any) -> tuple[Any, str]:
        """Return the value as another run loads it, and what the log said of the load."""
        got: list[Any] = []

        @asset(name="reader", io_manager_key="other")
        def reads(base: Any) -> None:
            got.append(base)

        lines: list[str] = []
        materialize(
            [reads, SourceAsset("base")],
            instance=self.instance,
            resources={"io_manager": manager, "other": PickledObjectFilesystemIOManager(self.folder / "other")},
            on_event=lambda entry: lines.append(entry.user_message),
        )
        return got[0], next(line for line in lines if line.startswith("asset 'base':"))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a fresh world."""
    with Instance.ephemeral() as instance:
        yield World(instance, tmp_path)


def test_what_was_stored_is_loaded_from_the_cache(world: World) -> None:
    """The remote place is not asked, and the log says so."""
    world.make(world.manager())
    world.now += 3 * 3600
    assert world.read(world.manager()) == ({"n": 1}, "asset 'base': local, 3 h old, digest ok")
    assert world.remote.loads == 0


def test_an_expired_copy_is_fetched_again(world: World) -> None:
    """Once; then it is young."""
    manager = world.manager(ttl=timedelta(hours=24))
    world.make(manager)
    world.now += 25 * 3600
    value, told = world.read(manager)
    assert value == {"n": 1}
    assert told.startswith("asset 'base': remote Remote, ")
    assert told.endswith("because expired: 25 h old, and may be 24 h old")
    assert world.read(manager)[1] == "asset 'base': local, 0 s old, digest ok"
    assert world.remote.loads == 1


def test_a_value_that_another_machine_made_anew_is_fetched(world: World) -> None:
    """The event log says that there is a newer one."""
    world.make(world.manager())
    world.base = 2
    world.make(world.remote)  # past the cache
    value, told = world.read(world.manager())
    assert value == {"n": 2}
    assert "because made anew by run" in told
    assert world.read(world.manager())[1].startswith("asset 'base': local")


@pytest.mark.parametrize("way", ["shorter", "other bytes", "gone"])
def test_a_damaged_copy_is_never_returned(world: World, way: str) -> None:
    """It is a miss with a warning, and a good one takes its place."""
    world.make(world.manager())
    (blob,) = (world.folder / "local" / "blobs").glob("*/*")
    data = blob.read_bytes()
    if way == "gone":
        blob.unlink()
    else:
        blob.write_bytes(data[:-1] + (b"?" if way == "other bytes" else b""))
    value, told = world.read(world.manager())
    assert value == {"n": 1}
    trouble = "gone" if way == "gone" else "damaged"
    assert told == f"asset 'base': the local copy is {trouble}; it is fetched again"
    assert world.remote.loads == 1
    assert world.read(world.manager())[1].startswith("asset 'base': local")


@pytest.mark.parametrize("kind", ["store", "files"])
def test_a_copy_of_another_place_is_not_taken_where_no_event_log_says_whose_it_is(kind: str, tmp_path: Path) -> None:
    """Two projects share a local folder; one has made the asset since, the other before, or never."""

    def project(name: str) -> CachedIOManager:
        folder = tmp_path / name
        remote: Any = folder if kind == "store" else FilesystemIOManager(base_dir=str(folder))
        return CachedIOManager(remote, tmp_path / "local")

    def make(value: int, manager: CachedIOManager) -> None:
        @asset(name="orders")
        def made() -> int:
            return value

        with Instance.ephemeral() as instance:
            materialize([made], instance=instance, resources={"io_manager": manager}, on_event=lambda entry: None)

    def load(manager: CachedIOManager) -> Any:
        defs = Definitions(assets=[SourceAsset("orders")], resources={"io_manager": manager})
        return defs.load_asset_value("orders")

    make(1, project("first"))
    make(2, project("second"))
    assert [load(project(each)) for each in ("first", "second", "first")] == [1, 2, 1]
    with pytest.raises(ValueNotFoundError):
        load(project("third"))


def test_a_damaged_pointer_is_a_miss(world: World) -> None:
    """Half of a pointer points at nothing."""
    world.make(world.manager())
    (world.folder / "local" / "names" / "base.json").write_text('{"dig')
    assert world.read(world.manager())[0] == {"n": 1}
    assert world.remote.loads == 1


def test_without_the_remote_place_an_old_copy_is_used_where_that_is_allowed(world: World) -> None:
    """And the log says so; otherwise it is an error."""
    world.make(world.manager())
    world.now += 100
    world.remote.is_gone = True
    value, told = world.read(world.manager(ttl=10, offline="use"))
    assert value == {"n": 1}
    assert told.startswith("asset 'base': local, 100 s old, because the remote place is out of reach")
    with pytest.raises(RemoteValueError):
        world.read(world.manager(ttl=10))


def test_the_cache_does_not_grow_beyond_its_limit(world: World, tmp_path: Path) -> None:
    """What was not used for longest goes; what was just written stays."""
    store = BlobStore(str(tmp_path / "store"))
    digests = [store.put(bytes([number]) * 100) for number in range(4)]
    for number, digest in enumerate(digests):
        os.utime(store.blob_path(digest), (number, number))
    store.touch(digests[0])
    gone = store.evict(250, keep=digests[3])
    assert set(gone.digests) == {digests[1], digests[2]}
    assert [store.has(digest) for digest in digests] == [True, False, False, True]


def test_a_value_that_is_larger_than_the_cache_moves_no_other_out(world: World) -> None:
    """It is loaded from the remote place each time, and no older copy of it stays."""
    world.make(world.manager())
    store = BlobStore(str(world.folder / "local"))
    other = store.put(b"other")
    world.base = 10_000
    world.make(world.manager(max_bytes=8))
    assert list(store.blobs()) == [other] or store.has(other)
    assert store.names() == []
    for _ in range(2):
        value, told = world.read(world.manager(max_bytes=8))
        assert value == {"n": 10_000}
        assert "remote Remote" in told
        assert told.endswith("because not here yet")
    assert store.has(other)


def test_that_no_copy_is_kept_is_said_once_for_each_asset(tmp_path: Path) -> None:
    """Of all partitions together, by each manager; in the log of the step that is first."""

    @asset(partitions_def=StaticPartitionsDefinition(["a", "b"]))
    def large() -> str:
        return "larger than that"

    @asset(deps=[large])
    def other() -> str:
        return "larger than that, too"

    manager = CachedIOManager(tmp_path / "remote", tmp_path / "local", max_bytes=8)
    said: list[tuple[str | None, str]] = []
    for partition in ("a", "b", "a"):
        materialize(
            [large, other],
            partition_key=partition,
            resources={"io_manager": manager},
            on_event=lambda entry: said.append((entry.step_key, entry.user_message)),
        )
    told = [(step, line) for step, line in said if "no copy is kept" in line]
    assert [step for step, _ in told] == ["large", "other"]
    assert told[0][1] == (
        "large/partition=a: no copy is kept, as it has 16 bytes, and the cache may hold 8 bytes; of asset 'large' this process "
        "says so once"
    )


def test_a_copy_that_made_room_for_others_is_no_damage(world: World) -> None:
    """It is fetched again, and the log says why; nothing warns."""
    manager = world.manager(max_bytes=1_000)
    world.make(manager)
    manager.store.evict(0, keep="")
    assert manager.store.contents().names_without_bytes == ["base"]
    value, told = world.read(manager)
    assert value == {"n": 1}
    assert told.endswith("because the copy made room for others")
    assert manager.store.contents().names_without_bytes == []


def test_partitions_are_kept_one_by_one(world: World) -> None:
    """Several are loaded together only where one of them is missing."""
    letters = StaticPartitionsDefinition(["a", "b"])

    @asset(partitions_def=letters)
    def part(context: Any) -> str:
        return f"value {context.partition_key}"

    @asset(io_manager_key="other")
    def whole(part: dict[str, str]) -> None:
        assert part == {"a": "value a", "b": "value b"}

    manager = world.manager()
    resources = {"io_manager": manager, "other": PickledObjectFilesystemIOManager(world.folder / "other")}
    options: Any = {"instance": world.instance, "resources": resources, "on_event": lambda entry: None}
    for key in ("a", "b"):
        materialize([part], partition_key=key, **options)
    materialize([whole, SourceAsset("part", partitions_def=letters)], **options)
    assert world.remote.loads == 0
    (world.folder / "local" / "names" / "part" / "partition=b.json").unlink()
    materialize([whole, SourceAsset("part", partitions_def=letters)], **options)
    materialize([whole, SourceAsset("part", partitions_def=letters)], **options)
    assert world.remote.loads == 1


def test_a_second_machine_skips_what_the_first_made(tmp_path: Path) -> None:
    """With one event log and one remote place, and a cache of its own."""
    remote = f"memory://shared-{tmp_path.name}"
    ran: list[str] = []

    @asset
    def made() -> pd.DataFrame:
        ran.append("made")
        return pd.DataFrame({"a": [1, 2]})

    @asset
    def used(made: pd.DataFrame) -> int:
        ran.append("used")
        return int(made["a"].sum())

    with Instance.ephemeral() as instance:
        for machine in ("one", "two"):
            manager = CachedIOManager(remote, tmp_path / machine)
            options: Any = {"resources": {"io_manager": manager}, "reuse": True, "on_event": lambda entry: None}
            materialize([made, used], instance=instance, **options)
        assert ran == ["made", "used"]
        materialize([made, used], instance=instance, force="used", **options)
        assert ran == ["made", "used", "used"]


@pytest.mark.parametrize(
    ("here", "known", "ttl", "source"),
    [
        (None, None, None, "remote"),
        (Pointer(digest="d", length=1, format="f", at=0.0), None, None, "local"),
        (Pointer(digest="d", length=1, format="f", at=0.0), None, 99.0, "remote"),
        (Pointer(digest="d", length=1, format="f", at=0.0, run_id="r"), Known("r"), 100.0, "local"),
        (Pointer(digest="d", length=1, format="f", at=0.0, run_id="r"), Known("s"), None, "remote"),
        (Pointer(digest="d", length=1, format="f", at=0.0, data_version="v"), Known("s", "v"), None, "local"),
        (Pointer(digest="d", length=1, format="f", at=0.0), Known(digest="e"), None, "remote"),
        (Pointer(digest="d", length=1, format="f", at=0.0), Known("s", digest="d"), None, "local"),
    ],
)
def test_the_choice_is_made_by_age_version_and_digest(
    here: Pointer | None, known: Known | None, ttl: float | None, source: str
) -> None:
    """At the hundredth second."""
    assert choose(here, known, ttl_seconds=ttl, now=100.0).source == source


def test_arguments_that_are_no_choice_are_refused(tmp_path: Path) -> None:
    """Before anything is stored."""
    with pytest.raises(InvalidDefinitionError, match="no such choice"):
        CachedIOManager("memory://x", tmp_path, offline="perhaps")
    with pytest.raises(InvalidDefinitionError, match="no local folder"):
        CachedIOManager("memory://x", "memory://y")


def test_what_is_no_place_is_refused(tmp_path: Path) -> None:
    """Before a run begins."""
    with pytest.raises(InvalidDefinitionError, match="given as a int, which is no place"):
        CachedIOManager(7, tmp_path / "cache")  # type: ignore[arg-type]
    with pytest.raises(InvalidDefinitionError, match="local=None"):
        CachedIOManager(str(tmp_path), None)  # type: ignore[arg-type]
    with pytest.raises(InvalidDefinitionError, match=r"max_bytes=1\.5"):
        CachedIOManager(str(tmp_path), tmp_path / "cache", max_bytes=1.5)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["class", "function", "configured"])
def test_a_remote_place_that_a_run_makes(kind: str, tmp_path: Path) -> None:
    """Is made before the cache over it, and closed after the run; the values are those of any IO manager."""
    closed: list[str] = []

    @io_manager(
        required_resource_keys={"folder"} if kind == "function" else set(),
        config_schema={"name": Field(str, is_required=False)},
    )
    def by_function(context: Any) -> Iterator[Any]:
        place = context.resources.folder if kind == "function" else context.resource_config["name"]
        yield PickledObjectFilesystemIOManager(place)
        closed.append(place)

    place = str(tmp_path / "remote")
    remote: Any = {
        "class": FilesystemIOManager(base_dir=place, allow_unsigned=True),
        "function": by_function,
        "configured": by_function.configured({"name": place}),
    }[kind]

    def run(instance: Instance) -> list[str]:
        manager = CachedIOManager(remote, tmp_path / "local")
        lines: list[str] = []
        result = materialize(
            [base, twice],
            instance=instance,
            resources={"io_manager": manager, "folder": place},
            reuse=True,
            on_event=lambda entry: lines.append(entry.user_message),
        )
        assert result.success
        assert not any(each.event_type_value == "STEP_START" for each in result.all_events) or any(
            line.startswith("asset 'base': local") for line in lines
        )
        return [each.step_key or "" for each in result.all_events if each.event_type_value == "STEP_START"]

    with Instance.local_temp(str(tmp_path / "home")) as instance:
        assert run(instance) == ["base", "twice"]
        assert (tmp_path / "remote" / "twice.pickle").exists()
        assert run(instance) == []
        (tmp_path / "remote" / "twice.pickle").unlink()
        assert run(instance) == ["twice"]
    assert closed == ([] if kind == "class" else [place] * 3)


def test_a_cache_over_a_cache_over_what_a_run_makes(tmp_path: Path) -> None:
    near = CachedIOManager(FilesystemIOManager(base_dir=str(tmp_path / "remote")), tmp_path / "near")
    resources = {"io_manager": CachedIOManager(near, tmp_path / "nearer")}
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        assert materialize([base, twice], instance=instance, resources=resources).success
        again = materialize([base, twice], instance=instance, resources=resources, reuse=True)
        assert [each.step_key for each in again.all_events if each.is_step_skipped] == ["base", "twice"]
        shutil.rmtree(tmp_path / "nearer" / "blobs")
        assert materialize([twice, base], selection="twice", instance=instance, resources=resources).success
    assert (tmp_path / "remote" / "twice.pickle").exists()


def test_a_remote_place_that_wants_config_of_the_run_is_refused_where_it_is_written(tmp_path: Path) -> None:
    @io_manager(config_schema={"name": str})
    def configured(context: Any) -> Any:
        return PickledObjectFilesystemIOManager(context.resource_config["name"])

    with pytest.raises(InvalidDefinitionError, match="wants config of the run"):
        CachedIOManager(configured, tmp_path / "cache")
    CachedIOManager(configured.configured({"name": str(tmp_path)}), tmp_path / "cache")


def test_what_comes_out_as_no_io_manager_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidDefinitionError, match="given as a ModelMetaclass"):
        CachedIOManager(FilesystemIOManager, tmp_path / "cache")  # type: ignore[arg-type]
    number: Any = ResourceDefinition.hardcoded_resource(7)
    with pytest.raises(ResourceFunctionError) as caught:
        materialize([base], resources={"io_manager": CachedIOManager(number, tmp_path / "cache")})
    assert "come out as a int, which is no IO manager" in str(caught.value.__cause__)


def test_a_format_that_does_not_exist_is_refused_where_it_is_written(tmp_path: Path) -> None:
    """Not when the first function has run, whose value would be lost."""
    for make in (
        lambda: CachedIOManager(tmp_path / "a", local=tmp_path / "b", format="parqet"),
        lambda: BlobIOManager(tmp_path, format="parqet"),
    ):
        with pytest.raises(InvalidDefinitionError, match="There is no format 'parqet'"):
            make()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ttl": -5}, r"ttl=-5\.?0?\): that is not an age"),
        ({"ttl": "a day"}, "ttl='a day'"),
        ({"max_bytes": -1}, "max_bytes=-1"),
        ({"max_bytes": True}, "max_bytes=True"),
        ({"local": "remote"}, "are the same folder"),
    ],
)
def test_what_no_cache_can_be_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], words: str
) -> None:
    """Before anything runs."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidDefinitionError, match=words):
        CachedIOManager("remote", **{"local": "local", **options})


@pytest.mark.parametrize("place", ["", "cas://", "nosuch://values", "s4://bucket/values"])
def test_what_is_no_place_is_refused_where_it_is_written(tmp_path: Path, place: str) -> None:
    """By a definition, in words about the place."""
    with pytest.raises(InvalidDefinitionError, match=f"No value can lie at '{place}'"):
        BlobIOManager(place)
    with pytest.raises(InvalidDefinitionError, match=f"No value can lie at '{place}'"):
        CachedIOManager(place, local=tmp_path)
    with pytest.raises(InvalidDefinitionError, match=f"No value can lie at '{place}'"):
        CachedIOManager(tmp_path, local=place)
