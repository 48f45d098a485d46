"""The instance of a run that names none: records in memory, and a directory that is made when it is asked for."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from orrery.adapters.storage.memory import MemoryStorage
from orrery.runtime.instance.instance import Instance
from orrery.runtime.instance.leases import LeaseKeeper
from orrery.runtime.ports.write_barrier import WriteBarrier

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

__all__ = [
    "ephemeral_instance",
    "new_barrier",
    "new_directory",
]


def ephemeral_instance(
    *, tempdir: str | None = None, preload: Sequence[Any] | None = None, settings: Mapping[str, Any] | None = None
) -> Instance:
    """Return a new instance that keeps its records in memory."""
    storage = MemoryStorage()
    on_dispose: list[Callable[[], None]] = []
    instance = Instance(
        event_log=storage,
        runs=storage,
        schedules=storage,
        backfills=storage,
        home=os.path.abspath(tempdir) if tempdir else _TemporaryHome(on_dispose),
        settings=settings or {},
        keeper=LeaseKeeper(storage, renews=False),
        write_barriers=new_barrier,
        on_dispose=on_dispose,
    )
    for run, entries in preload or ():
        storage.add_run(run)
        storage.store_entries(entries)
    return instance


class _TemporaryHome:
    """A temporary directory that is made when its path is asked for, and removed on dispose."""

    def __init__(self, on_dispose: list[Callable[[], None]]) -> None:
        self._on_dispose = on_dispose
        self._folder: TemporaryDirectory[str] | None = None

    def __call__(self) -> str:
        if self._folder is None:
            self._folder = new_directory()
            self._on_dispose.append(self._folder.cleanup)
        return self._folder.name


def new_directory() -> TemporaryDirectory[str]:
    """Return a new temporary directory for an instance."""
    import tempfile  # 20 ms, and ephemeral instances as a rule write no file

    return tempfile.TemporaryDirectory(prefix="orrery-")


def new_barrier() -> WriteBarrier:
    """Return a new barrier for the values of a run."""
    barrier: WriteBarrier = importlib.import_module("orrery.runtime.files.batch").WriteBatch()
    return barrier
