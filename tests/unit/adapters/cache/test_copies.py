"""A local cache in which nothing can be kept, or read, makes no step fail, and nothing that was kept before stands for a new value."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orrery.adapters.cache.cached import CachedIOManager
from orrery.api.verbs.materialize import materialize
from orrery.base.errors import StorageError
from orrery.definitions.decorators.asset import asset
from orrery.definitions.parts.io_manager import IOManager
from orrery.runtime.instance.instance import Instance


class Remote(IOManager):
    """A remote place that says nothing of which value it has."""

    def __init__(self) -> None:
        self.value: Any = None
        self.loads = 0

    def handle_output(self, context: Any, obj: Any) -> None:
        """Keep the value."""
        self.value = obj

    def load_input(self, context: Any) -> Any:
        """Return it, and count."""
        self.loads += 1
        return self.value


class World:
    """An asset, one that takes it, and a cache between."""

    def __init__(self, instance: Instance, local: Path) -> None:
        self.instance = instance
        self.remote = Remote()
        self.local = local

    def make(self, number: int, instance: Instance | None) -> list[str]:
        """Make the value, and return the warnings."""

        @asset
        def base() -> int:
            return number

        return self._run([base], instance, None)[1]

    def read(self, instance: Instance | None) -> tuple[Any, list[str]]:
        """Return the value as another asset gets it, and the warnings."""
        got: list[Any] = []

        @asset
        def base() -> int:
            raise AssertionError("it is read, not made")

        @asset
        def taker(base: int) -> None:
            got.append(base)

        warnings = self._run([base, taker], instance, [taker])[1]
        return got[0], warnings

    def _run(self, assets: list[Any], instance: Instance | None, selection: Any) -> tuple[Any, list[str]]:
        warnings: list[str] = []

        def listen(entry: Any) -> None:
            if entry.level == 30:
                warnings.append(entry.user_message)

        manager = CachedIOManager(self.remote, local=self.local)
        result = materialize(
            assets, selection=selection, instance=instance, resources={"io_manager": manager}, on_event=listen
        )
        return result, warnings


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return one with records."""
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        yield World(instance, tmp_path / "local")


def _file_for_folder(name: str) -> Callable[[Path], None]:
    def hurt(local: Path) -> None:
        shutil.rmtree(local / name, ignore_errors=True)
        local.mkdir(exist_ok=True)
        (local / name).write_text("a file where a folder should be")

    return hurt


def _folder_for(part: str) -> Callable[[Path], None]:
    def hurt(local: Path) -> None:
        for file in [each for each in (local / part).rglob("*") if each.is_file()]:
            file.unlink()
            file.mkdir()

    return hurt


@pytest.mark.parametrize(
    "hurt",
    [_file_for_folder("blobs"), _file_for_folder("names"), _folder_for("blobs"), _folder_for("names")],
    ids=["no blobs", "no names", "a folder for a blob", "a folder for a name"],
)
def test_what_cannot_be_kept_or_read_is_a_warning(world: World, hurt: Callable[[Path], None]) -> None:
    """The value comes from the remote place, which has it."""
    world.make(1, world.instance)
    hurt(world.local)
    value, warnings = world.read(world.instance)
    assert (value, world.remote.loads) == (1, 1)
    assert [each for each in warnings if "no copy is kept in" in each]
    world.make(2, world.instance)
    assert world.read(world.instance)[0] == 2


def test_a_lock_that_cannot_be_had_does_not_count(world: World) -> None:
    """A value may then be fetched twice."""
    world.make(1, world.instance)
    _file_for_folder("locks")(world.local)
    assert world.read(world.instance) == (1, [])
    assert world.remote.loads == 0


def test_no_copy_of_before_stands_for_what_could_not_be_kept(world: World) -> None:
    """Where neither the event log nor the remote place tells which value is the latest."""
    world.make(1, None)
    _file_for_folder("blobs")(world.local)
    world.make(2, None)
    (world.local / "blobs").unlink()
    assert world.read(None)[0] == 2


def test_a_cache_for_reading_only_is_read(world: World) -> None:
    """What is stored anew there cannot be kept, and must not be taken for the value of before."""
    world.make(1, world.instance)
    folders = [world.local, *(each for each in world.local.rglob("*") if each.is_dir())]
    for each in folders:
        each.chmod(0o555)
    try:
        if os.access(world.local / "names", os.W_OK):
            pytest.skip("who runs this may write everywhere")
        shutil.rmtree(world.local / "locks", ignore_errors=True)
        assert world.read(world.instance) == (1, [])
        with pytest.raises(
            StorageError, match="out of date, and can be neither replaced nor removed: Permission denied"
        ):
            world.make(2, world.instance)
    finally:
        for each in folders:
            each.chmod(0o755)
