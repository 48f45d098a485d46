"""Which adapters stand behind the ports of a persistent instance, and where a project keeps its records."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from orrery.api.wiring.ephemeral import new_barrier, new_directory
from orrery.api.wiring.launching import coordinator_of, launcher_of
from orrery.api.wiring.records import RecordsOnDemand, open_records
from orrery.api.wiring.settings import check_overrides, read_settings
from orrery.base.errors import StorageError
from orrery.runtime.instance.instance import Instance
from orrery.runtime.instance.leases import LeaseKeeper
from orrery.runtime.instance.ref import InstanceRef
from orrery.runtime.instance.value_key import check_value_settings
from orrery.runtime.ports.compute_logs import ComputeLogManager

__all__ = [
    "HOME_VARIABLE",
    "find_home",
    "instance_for_steps",
    "instance_from_ref",
    "load_adapters",
    "open_instance",
    "temporary_instance",
]

HOME_VARIABLE = "ORRERY_HOME"
_HOME_NAME = ".orrery"
_MARKS = (_HOME_NAME, "pyproject.toml", "setup.py", "setup.cfg", ".git")


def find_home(start: str | os.PathLike[str] | None = None) -> str:
    """
    Return the directory for the records of a project.

    ``ORRERY_HOME`` if it is set. Otherwise ``.orrery`` in the project: the nearest directory, from
    *start* upwards, that has one, or a ``pyproject.toml`` or the like; *start* itself if there is none.

    Args:
        start: Where to begin; by default the working directory.
    """
    named = os.environ.get(HOME_VARIABLE)
    if named:
        return os.path.abspath(os.path.expanduser(named))
    here = Path(start or os.curdir).absolute()
    for folder in (here, *here.parents):
        if any((folder / mark).exists() for mark in _MARKS):
            return str(folder / _HOME_NAME)
    return str(here / _HOME_NAME)


def open_instance(
    home: str | None = None, config_filename: str = "orrery.yaml", *, may_only_read: bool = False
) -> Instance:
    """
    Return the persistent instance in *home*, making the directory at need.

    With *may_only_read* records that this user may not write are opened to read: runs whose process was lost are then
    left as they are recorded.

    Raises:
        StorageError: The directory cannot be made or written, or its records are damaged.
    """
    directory = os.path.abspath(os.path.expanduser(home)) if home else find_home()
    settings = read_settings(os.path.join(directory, config_filename))
    return _persistent(directory, settings, may_only_read=may_only_read)


def instance_from_ref(ref: InstanceRef) -> Instance:
    """Return the instance that *ref* names."""
    return _persistent(ref.home, ref.settings, is_worker=True)


def instance_for_steps(ref: InstanceRef) -> Instance:
    """
    Return the instance that *ref* names, for a process that carries out steps of a run: the run itself writes the records.

    They are opened when a step asks for something, and lost runs are not looked for: that takes longer than a step, in each
    of the processes.
    """
    return _persistent(ref.home, ref.settings, is_worker=True, is_on_demand=True)


def temporary_instance(*, tempdir: str | None = None, overrides: Mapping[str, Any] | None = None) -> Instance:
    """Return a persistent instance in *tempdir*, or in a directory that is removed when it is disposed."""
    settings = check_overrides(overrides or {})
    if tempdir is not None:
        return _persistent(os.path.abspath(tempdir), settings)
    folder = new_directory()
    instance = _persistent(folder.name, settings)
    instance.on_dispose.append(folder.cleanup)
    return instance


def load_adapters() -> None:
    """Import what a persistent instance needs, for processes from which others are forked: it takes 0.2 s once."""
    for name in (
        "storage.sqlite",
        "io.pickled",
        "compute_logs.local",
        "executors.in_process",
        "launchers.forked",
        "coordinators.immediate",
        "coordinators.queued",
    ):
        _adapter(name)
    new_barrier()


def _adapter(name: str) -> Any:
    """Import an adapter when it is needed."""
    return importlib.import_module(f"orrery.adapters.{name}")


def _persistent(
    home: str,
    settings: Mapping[str, Any],
    *,
    is_worker: bool = False,
    may_only_read: bool = False,
    is_on_demand: bool = False,
) -> Instance:
    try:
        os.makedirs(home, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The directory for records, {home}, cannot be made: {error.strerror or error}.",
            mend=f"make it, or name another place in {HOME_VARIABLE}.",
        ) from error
    check_value_settings(settings.get("values") or {}, is_worker=is_worker)
    storage = (
        RecordsOnDemand(partial(open_records, home, settings))
        if is_on_demand
        else open_records(home, settings, may_only_read=may_only_read)
    )
    instance = Instance(
        event_log=storage,
        runs=storage,
        schedules=storage,
        backfills=storage,
        keeper=LeaseKeeper(storage),
        upkeep=storage,
        launcher=launcher_of(settings),
        coordinator=coordinator_of(settings),
        home=home,
        compute_logs=_compute_logs(home, settings),
        settings=settings,
        write_barriers=new_barrier,
    )
    if is_on_demand or (may_only_read and getattr(storage, "is_read_only", False)):
        return instance
    try:
        instance.report_lost_runs()
        instance.keep_retention()
    except BaseException:
        instance.dispose()
        raise
    return instance


def _compute_logs(home: str, settings: Mapping[str, Any]) -> ComputeLogManager | None:
    """Return what captures the output of steps; None where the settings say ``compute_logs: {enabled: false}``."""
    if (settings.get("compute_logs") or {}).get("enabled", True) is False:
        return None
    manager: ComputeLogManager = _adapter("compute_logs.local").LocalComputeLogManager(
        os.path.join(home, "storage"), os.path.join(home, ".output")
    )
    return manager
