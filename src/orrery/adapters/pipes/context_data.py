"""What an external process is told of the step that launches it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, TypedDict

from orrery.model.events.data_version import data_provenance_of_tags
from orrery.model.events.entry import EventLogEntry

__all__ = ["PipesContextData", "PipesExtras", "PipesLaunchedData", "PipesParams", "context_data_of", "key_text"]

PipesContextData: TypeAlias = dict[str, Any]
"""The context, as JSON; its shape is ``packages/orrery-pipes/schema/context.schema.json``."""

PipesParams: TypeAlias = Mapping[str, Any]
"""What the external process needs in order to find the context, or to send messages."""

PipesExtras: TypeAlias = Mapping[str, Any]
"""What the user hands over beside the context."""


class PipesLaunchedData(TypedDict):
    """What a launcher tells the reader of the launch, such as the id of a job: its logs may be found by it."""

    extras: PipesExtras


def context_data_of(context: Any, extras: PipesExtras | None = None) -> PipesContextData:
    """
    Return what is told of the step of *context*.

    Args:
        context: That of an op or of an asset.
        extras: What the user hands over; has to have a JSON form.
    """
    op_context = getattr(context, "op_execution_context", context)
    keys = versions = provenance = None
    if op_context.has_assets_def:
        assets = sorted(op_context.selected_asset_keys)
        code_versions = op_context.assets_def.code_versions_by_key
        keys = [key_text(key) for key in assets]
        versions = {key_text(key): code_versions.get(key) for key in assets}
        latest = op_context.instance.get_latest_materialization_events(assets)
        provenance = {key_text(key): _provenance(latest[key]) for key in assets}
    key_range = window = key = None
    if op_context.has_partitions:
        told = op_context.partition_key_range
        key_range = {"start": told.start, "end": told.end}
        key = op_context.partition_key if op_context.has_partition_key else None
        window = _window(op_context)
    return {
        "asset_keys": keys,
        "code_version_by_asset_key": versions,
        "provenance_by_asset_key": provenance,
        "partition_key": None if key is None else str(key),
        "partition_key_range": key_range,
        "partition_time_window": window,
        "run_id": op_context.run_id,
        "job_name": op_context.job_name,
        "retry_number": op_context.retry_number,
        "extras": dict(extras or {}),
    }


def key_text(key: Any) -> str:
    """Return an asset key as the protocol writes it: parts joined by slashes, slashes inside escaped."""
    return "/".join(part.replace("\\", "\\\\").replace("/", "\\/") for part in key.path)


def _provenance(entry: EventLogEntry | None) -> dict[str, Any] | None:
    made = None if entry is None else entry.asset_materialization
    found = None if made is None else data_provenance_of_tags(made.tags)
    if found is None:
        return None
    return {
        "code_version": found.code_version,
        "input_data_versions": {key_text(each): version.value for each, version in found.input_data_versions.items()},
        "is_user_provided": found.is_user_provided,
    }


def _window(context: Any) -> dict[str, str] | None:
    partitions = context.assets_def.partitions_def if context.has_assets_def else None
    if not getattr(partitions, "has_time_windows", hasattr(partitions, "time_window_for_partition_key")):
        return None
    window = context.partition_time_window
    return {"start": window.start.isoformat(), "end": window.end.isoformat()}
