"""
Entries, runs and contexts to test with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orrery.base.keys import AssetKey
from orrery.model.events import build
from orrery.model.events.checks import AssetCheckEvaluation
from orrery.model.events.entry import EventLogEntry
from orrery.model.events.event import Event
from orrery.model.events.payloads import AssetFailedToMaterializeData
from orrery.model.events.user import AssetMaterialization, AssetObservation

__all__ = [
    "ValueContext",
    "entry_of",
    "evaluated",
    "failed_to_materialize",
    "line",
    "materialized",
    "observed",
    "planned",
]

JOB = "nightly"


def entry_of(event: Event, run_id: str = "run-1", at: float = 1_000.0) -> EventLogEntry:
    """Return the entry of an event."""
    return EventLogEntry(None, 20, "", run_id, at, event.step_key, event.job_name, event)


def line(text: str, run_id: str = "run-1", at: float = 1_000.0) -> EventLogEntry:
    """Return a line of a log that is no event."""
    return EventLogEntry(None, 10, text, run_id, at, None, JOB)


def _step(key: AssetKey) -> build.StepRef:
    return build.StepRef(JOB, key.to_python_identifier())


def materialized(
    key: str | Sequence[str],
    run_id: str = "run-1",
    *,
    at: float = 1_000.0,
    partition: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> EventLogEntry:
    """Return the entry that tells that an asset was made."""
    made = AssetMaterialization(AssetKey(key), partition=partition, tags=tags)
    return entry_of(build.asset_materialization(_step(made.asset_key), made), run_id, at)


def observed(key: str, run_id: str = "run-1", *, at: float = 1_000.0, partition: str | None = None) -> EventLogEntry:
    """Return the entry that tells that an asset was observed."""
    seen = AssetObservation(AssetKey(key), partition=partition)
    return entry_of(build.asset_observation(_step(seen.asset_key), seen), run_id, at)


def planned(key: str, run_id: str = "run-1", *, at: float = 1_000.0, partition: str | None = None) -> EventLogEntry:
    """Return the entry that tells that an asset is going to be made."""
    return entry_of(build.asset_materialization_planned(JOB, key, AssetKey(key), partition), run_id, at)


def failed_to_materialize(
    key: str, run_id: str = "run-1", *, at: float = 1_000.0, partition: str | None = None
) -> EventLogEntry:
    """Return the entry that tells that an asset was not made."""
    data = AssetFailedToMaterializeData(asset_key=AssetKey(key), partition=partition)
    return entry_of(build.asset_failed_to_materialize(JOB, key, data), run_id, at)


def evaluated(key: str, name: str, run_id: str = "run-1", *, passed: bool = True, at: float = 1_000.0) -> EventLogEntry:
    """Return the entry that tells what a check found."""
    found = AssetCheckEvaluation(AssetKey(key), name, passed)
    return entry_of(build.asset_check_evaluation(build.StepRef(JOB, key), found), run_id, at)


class _Silent:
    """A log that nobody reads."""

    def debug(self, *_: object) -> None: ...

    def info(self, *_: object) -> None: ...

    def warning(self, *_: object) -> None: ...


class ValueContext:
    """
    What an IO manager is given, for one value: both an ``OutputContext`` and an ``InputContext``.

    Args:
        key: The asset; None for the output of an op.
        partitions: The partitions that the value belongs to, or that are asked for; None if it has none.
        run_id: The run.
        step_key: The step.
        name: The output.
        mapping_key: The key of a dynamic output.
        definition_metadata: Metadata of the definition.
        typing_type: The type that an input is annotated with.
    """

    def __init__(
        self,
        key: str | Sequence[str] | None = None,
        *,
        partitions: Sequence[str] | None = None,
        run_id: str = "run-1",
        step_key: str = "step",
        name: str = "result",
        mapping_key: str | None = None,
        definition_metadata: Mapping[str, Any] | None = None,
        typing_type: type = object,
    ) -> None:
        self.has_asset_key = key is not None
        self._key = None if key is None else AssetKey(key)
        self.has_asset_partitions = partitions is not None
        self.asset_partition_keys = list(partitions or ())
        self.run_id = run_id
        self.step_key = step_key
        self.name = name
        self.mapping_key = mapping_key
        self.definition_metadata = dict(definition_metadata or {})
        self.metadata = self.definition_metadata
        self.log = _Silent()
        self.config: Any = None
        self.output_metadata: dict[str, Any] = {}
        self.contents: dict[str | None, str] = {}
        self._contents = self.contents
        self.resource_config: Mapping[str, Any] = {}
        self.dagster_type = type("_Type", (), {"typing_type": typing_type})

    @property
    def asset_key(self) -> AssetKey:
        """Return the asset."""
        if self._key is None:
            raise AttributeError("the output of an op has no asset key")
        return self._key

    @property
    def asset_partition_key(self) -> str:
        """Return the one partition."""
        (key,) = self.asset_partition_keys
        return key

    @property
    def upstream_output(self) -> ValueContext:
        """Return the output that an input loads: here, the same."""
        return self

    def get_identifier(self) -> list[str]:
        """Return what names the value of an op: run, step, output and mapping key."""
        parts = [self.run_id, self.step_key, self.name]
        return parts if self.mapping_key is None else [*parts, self.mapping_key]

    def get_asset_identifier(self) -> list[str]:
        """Return what names the value of an asset: its key and its partition."""
        return [*self.asset_key.parts, *self.asset_partition_keys]

    def add_output_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Note something about the value."""
        self.output_metadata.update(metadata)

    def note_contents(self, contents: Mapping[str | None, str]) -> None:
        """Note what was stored, or loaded, of each partition."""
        self.contents.update(contents)
