"""
Which launcher and which coordinator stand in an instance, as its settings say.

``run_launcher: subprocess`` (as without it), ``forked`` or ``in_process``; ``concurrency: {runs: {...}}`` puts runs
into a queue with limits, as does ``concurrency: {pools: {granularity: run}}``; ``run_coordinator: queued`` does so with the
usual ones.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from orrery.base.errors import StorageError, nearest_hint
from orrery.runtime.ports.run_coordinator import RunCoordinator
from orrery.runtime.ports.run_launcher import RunLauncher

__all__ = ["coordinator_of", "launcher_of"]

_LAUNCHERS = ("subprocess", "forked", "in_process")
_COORDINATORS = ("immediate", "queued")
_EXECUTE = "orrery.api.verbs.recorded"


def launcher_of(settings: Mapping[str, Any]) -> RunLauncher:
    """
    Return the launcher that the settings of an instance name.

    Raises:
        StorageError: They name none that there is.
    """
    name = _chosen(settings, "run_launcher", _LAUNCHERS)
    if name == "forked":
        forked: RunLauncher = importlib.import_module("orrery.adapters.launchers.forked").ForkedRunLauncher()
        return forked
    if name == "in_process":
        module = importlib.import_module("orrery.adapters.launchers.in_process")
        made: RunLauncher = module.InProcessRunLauncher(_execute())
        return made
    usual: RunLauncher = importlib.import_module("orrery.adapters.launchers.subprocess").SubprocessRunLauncher()
    return usual


def _execute() -> Callable[[Any, str, str], bool]:
    """Return what executes a recorded run; it stands above, and is looked up when a run is launched."""

    def execute(instance: Any, run_id: str, token: str) -> bool:
        done: bool = importlib.import_module(_EXECUTE).carry_out_run(instance, run_id, token=token)
        return done

    return execute


def coordinator_of(settings: Mapping[str, Any]) -> RunCoordinator:
    """
    Return the coordinator that the settings of an instance name.

    Raises:
        StorageError: They name none that there is.
    """
    concurrency = settings.get("concurrency") or {}
    is_limited = False
    if concurrency:
        limits = importlib.import_module("orrery.runtime.instance.queue").limits_in(concurrency)
        is_limited = concurrency.get("runs") is not None or limits.pools.is_of_runs
    name = _chosen(settings, "run_coordinator", _COORDINATORS, "queued" if is_limited else "immediate")
    if name == "queued":
        queued: RunCoordinator = importlib.import_module("orrery.adapters.coordinators.queued").QueuedRunCoordinator()
        return queued
    found: RunCoordinator = importlib.import_module("orrery.adapters.coordinators.immediate").DefaultRunCoordinator()
    return found


def _chosen(settings: Mapping[str, Any], key: str, names: tuple[str, ...], usual: str | None = None) -> str:
    found = settings.get(key, usual or names[0])
    if found not in names:
        raise StorageError(
            f"The setting '{key}' of the instance is {found!r}; there is no such.",
            mend=nearest_hint(str(found), names, noun="choice"),
        )
    return str(found)
