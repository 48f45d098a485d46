"""
The settings of a Dagster instance, as far as they say something here.

An entry that is written as there (``module``, ``class``, ``config``) is taken for what Orrery calls it. What means nothing here is
told and left out; what would put records, runs or output elsewhere is refused.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from orrery.base.errors import StorageError
from orrery.model.records.upkeep import DEFAULT_DAYS

__all__ = ["MEAN_NOTHING", "in_our_words"]

MEAN_NOTHING = frozenset(
    [
        *("auto_materialize", "backfills", "code_servers", "custom_instance_class", "defs_state_storage"),
        *("freshness", "instance_class", "local_artifact_storage", "nux", "run_monitoring", "run_retries"),
        *("scheduler", "schedules", "secrets", "sensors", "telemetry"),
    ]
)
"""Entries that say nothing here."""

_OLD_STORAGES = ("event_log_storage", "run_storage", "schedule_storage")
_ON_THIS_MACHINE = ("Sqlite", "Consolidated", "InMemory")
_LAUNCHERS = {"DefaultRunLauncher": "subprocess", "SyncInMemoryRunLauncher": "in_process"}
_COORDINATORS = {"DefaultRunCoordinator": "immediate", "QueuedRunCoordinator": "queued"}
_COMPUTE_LOGS = {"LocalComputeLogManager": True, "NoOpComputeLogManager": False}
_OF_QUEUE = ("max_concurrent_runs", "tag_concurrency_limits")


def in_our_words(settings: Mapping[Any, Any], source: str) -> dict[Any, Any]:
    """
    Return *settings* with what is written as for a Dagster instance in Orrery's words.

    Args:
        settings: As they were given.
        source: Where they stand, for messages.

    Raises:
        StorageError: One asks for a class that there is not, or for records elsewhere.
    """
    for name in _OLD_STORAGES:
        if name in settings and not (_class_of(settings[name]) or "").startswith(_ON_THIS_MACHINE):
            raise StorageError(
                f"{source} have '{name}'; Orrery keeps all records in one database.",
                mend="write 'storage: {postgres: {postgres_url: ...}}', or leave it out for SQLite in the instance's directory.",
            )
    ours = {key: value for key, value in settings.items() if key not in MEAN_NOTHING and key not in _OLD_STORAGES}
    left_out = [repr(key) for key in sorted({*MEAN_NOTHING, *_OLD_STORAGES} & set(settings))]
    _name_class(ours, "run_launcher", _LAUNCHERS, source)
    config = _name_class(ours, "run_coordinator", _COORDINATORS, source)
    limits = {key: config[key] for key in _OF_QUEUE if key in config}
    left_out += [f"'run_coordinator: {key}'" for key in config if key not in limits]
    if limits:
        concurrency = ours.get("concurrency") or {}
        if isinstance(concurrency, Mapping):
            ours["concurrency"] = {**concurrency, "runs": {**limits, **(concurrency.get("runs") or {})}}
    left_out += _take_compute_logs(ours, source)
    _take_default_limit(ours)
    _take_retention(ours)
    if left_out:
        warnings.warn(
            f"The settings {', '.join(left_out)} say nothing to an instance of Orrery, and are left out.", stacklevel=2
        )
    return ours


def _class_of(value: Any) -> str | None:
    """Return the class that an entry in Dagster's form names."""
    return str(value["class"]) if isinstance(value, Mapping) and "module" in value and "class" in value else None


def _name_class(ours: dict[Any, Any], entry: str, names: Mapping[str, Any], source: str) -> Mapping[str, Any]:
    """Put our name in the place of a class of Dagster, and return its config."""
    given: Any = ours.get(entry)
    name = _class_of(given)
    if given is None:
        ours.pop(entry, None)
    if name is None:
        return {}
    if name not in names:
        raise StorageError(
            f"{source} have '{entry}' with the class {name} of {given['module']}, which Orrery has not.",
            mend=f"use one of {', '.join(map(repr, names))}, or leave it out.",
        )
    ours[entry] = names[name]
    config: Mapping[str, Any] = given.get("config") or {}
    return config


def _take_compute_logs(ours: dict[Any, Any], source: str) -> list[str]:
    if _class_of(ours.get("compute_logs")) is None:
        return []
    config = _name_class(ours, "compute_logs", _COMPUTE_LOGS, source)
    ours["compute_logs"] = {"enabled": ours["compute_logs"]}
    return [f"'compute_logs: {key}'" for key in config]


def _take_default_limit(ours: dict[Any, Any]) -> None:
    concurrency = ours.get("concurrency")
    if not isinstance(concurrency, Mapping) or "default_op_concurrency_limit" not in concurrency:
        return
    others = {key: value for key, value in concurrency.items() if key != "default_op_concurrency_limit"}
    limit = concurrency["default_op_concurrency_limit"]
    ours["concurrency"] = {**others, "pools": {"default_limit": limit, **(others.get("pools") or {})}}


def _take_retention(ours: dict[Any, Any]) -> None:
    """Keep ticks for as long as any kind of them is kept there, and the rest for ever: nothing is deleted that would stay."""
    retention = ours.get("retention")
    if (
        not isinstance(retention, Mapping)
        or not retention
        or not set(retention) <= {"schedule", "sensor", "auto_materialize"}
    ):
        return
    days: list[Any] = []
    for kind in retention.values():
        found = kind.get("purge_after_days") if isinstance(kind, Mapping) else None
        days += found.values() if isinstance(found, Mapping) else [found]
    is_kept = not all(isinstance(each, int) and not isinstance(each, bool) and each >= 0 for each in days)
    ours["retention"] = {**dict.fromkeys(DEFAULT_DAYS, "forever"), "ticks": "forever" if is_kept else max(days)}
