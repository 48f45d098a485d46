"""
The latest that is known: of an asset, of each of its partitions, of each step of a run.

These follow from the entries of the event log and are kept beside it, so that a question about the present does not
walk through the past, and is answered after old entries were deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Any

import msgspec

from orrery.base.tags import CODE_VERSION_TAG, DATA_VERSION_TAG
from orrery.model.events.entry import EventLogEntry, EventLogRecord
from orrery.model.events.event import Event
from orrery.model.events.payloads import AssetMaterializationPlannedData
from orrery.model.records.stats import StepStatus

__all__ = [
    "FAILED",
    "MADE",
    "PLANNED",
    "STEP_ENDS",
    "STEP_STARTS",
    "LatestState",
    "PartitionStates",
    "StepState",
    "flags_of",
    "latest_of",
    "partitions_of",
    "step_state_after",
    "versions_of",
]

MADE = 1
"""A materialization is known."""
FAILED = 2
"""A failure is newer than the latest materialization."""
PLANNED = 4
"""A plan is newer than what came of those before it; whether its run still goes on is the run's to say."""

_TRUTH = {flag: bytes(1 if value & flag else 0 for value in range(256)) for flag in range(1, 8)}

STEP_STARTS = frozenset({"STEP_START", "STEP_RESTARTED"})
STEP_ENDS = {
    "STEP_SUCCESS": StepStatus.SUCCESS,
    "STEP_FAILURE": StepStatus.FAILURE,
    "STEP_SKIPPED": StepStatus.SKIPPED,
}


class LatestState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    The latest that is known of an asset, or of one of its partitions.

    Attributes:
        materialization: Storage id of the latest materialization.
        materialized_at: When that was, in seconds since 1970 (UTC).
        observation: Storage id of the latest observation.
        observed_at: When that was.
        planned: Storage id of the latest plan to make it.
        planned_run_id: The run that planned it.
        failed: Storage id of the latest failure to make it.
        last_run_id: The run that last planned or made it.
        data_version: Data version that the latest materialization tells, if any.
        code_version: Code version that it tells, if any.
        observed_version: Data version that the latest observation tells, if any.
    """

    materialization: int | None = None
    materialized_at: float | None = None
    observation: int | None = None
    observed_at: float | None = None
    planned: int | None = None
    planned_run_id: str | None = None
    failed: int | None = None
    last_run_id: str | None = None
    data_version: str | None = None
    code_version: str | None = None
    observed_version: str | None = None

    @property
    def flags(self) -> int:
        """Return how it stands: ``MADE``, ``FAILED``, ``PLANNED``, added up."""
        return flags_of(self.materialization, self.failed, self.planned)


class PartitionStates(msgspec.Struct, frozen=True):
    """
    How the partitions of an asset stand, in columns: made to be read by the million.

    Attributes:
        keys: The partitions, in an order that does not change: a later answer may have more at its end. A key may
            stand here of which nothing is known any more.
        flags: For each of them ``MADE``, ``FAILED``, ``PLANNED``, added up.

    >>> states = PartitionStates(("x", "y", "z"), bytes([MADE, 0, MADE | PLANNED]))
    >>> states.keys_with(MADE), states.count(PLANNED)
    (['x', 'z'], 1)
    """

    keys: Sequence[str]
    flags: bytes

    def keys_with(self, flag: int) -> list[str]:
        """Return the partitions that have one of these flags."""
        return list(compress(self.keys, self.flags.translate(_TRUTH[flag])))

    def count(self, flag: int) -> int:
        """Return how many partitions have one of these flags."""
        return self.flags.translate(_TRUTH[flag]).count(1)


class StepState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    How a step of a run stands.

    Attributes:
        step_key: The step.
        status: How it stands.
        attempts: How often it was begun.
        start_time: When its first attempt began, in seconds since 1970 (UTC).
        end_time: When it ended; None while it goes on.
    """

    step_key: str
    status: StepStatus
    attempts: int = 0
    start_time: float | None = None
    end_time: float | None = None


def flags_of(made: int | None, failed: int | None, planned: int | None) -> int:
    """
    Return how a partition stands whose latest entries these are.

    >>> flags_of(5, 7, 6) == MADE | FAILED, flags_of(None, None, 3) == PLANNED
    (True, True)
    """
    flags = 0
    if made is not None:
        flags |= MADE
    if failed is not None and failed > (made or 0):
        flags |= FAILED
    if planned is not None and planned > max(made or 0, failed or 0):
        flags |= PLANNED
    return flags


def partitions_of(event: Event) -> tuple[str, ...]:
    """Return the partitions that an event about an asset names, as plain text: one, the many of a plan, or none."""
    data = event.event_specific_data
    if isinstance(data, AssetMaterializationPlannedData) and data.partitions_subset is not None:
        return tuple(map(str, data.partitions_subset))
    partition = event.partition
    return () if partition is None else (str(partition),)


def versions_of(event: Event) -> tuple[str | None, str | None]:
    """Return data version and code version that an event about an asset tells."""
    data = event.event_specific_data
    told = getattr(data, "materialization", None) or getattr(data, "asset_observation", None)
    tags = None if told is None else told.tags
    return (tags.get(DATA_VERSION_TAG), tags.get(CODE_VERSION_TAG)) if tags else (None, None)


def latest_of(
    made: EventLogRecord | None,
    observed: EventLogRecord | None,
    planned: EventLogRecord | None,
    failed: EventLogRecord | None,
) -> LatestState:
    """Return the latest of an asset or partition whose newest records of each kind these are."""
    fields: dict[str, Any] = {}
    if made is not None:
        data_version, code_version = versions_of(made.event_log_entry.get_dagster_event())
        fields |= {"materialization": made.storage_id, "materialized_at": made.timestamp}
        fields |= {"data_version": data_version, "code_version": code_version}
    if observed is not None:
        version, _ = versions_of(observed.event_log_entry.get_dagster_event())
        fields |= {"observation": observed.storage_id, "observed_at": observed.timestamp, "observed_version": version}
    if planned is not None:
        fields |= {"planned": planned.storage_id, "planned_run_id": planned.run_id}
    if failed is not None:
        fields["failed"] = failed.storage_id
    told = [record for record in (made, planned) if record is not None and record.run_id]
    if told:
        fields["last_run_id"] = max(told, key=lambda record: record.storage_id).run_id
    return LatestState(**fields)


def step_state_after(state: StepState | None, entry: EventLogEntry) -> StepState | None:
    """Return how a step stands after *entry*, which is about it; None while it has not begun."""
    event = entry.get_dagster_event()
    kind, at = event.event_type_value, entry.timestamp
    if event.step_key is None or not (kind in STEP_STARTS or kind in STEP_ENDS):
        return state
    started = at if state is None or state.start_time is None else state.start_time
    attempts = 0 if state is None else state.attempts
    if kind in STEP_STARTS:
        return StepState(
            step_key=event.step_key, status=StepStatus.IN_PROGRESS, attempts=attempts + 1, start_time=started
        )
    ended = max(at, started)  # a clock may have been set back
    return StepState(
        step_key=event.step_key, status=STEP_ENDS[kind], attempts=attempts, start_time=started, end_time=ended
    )
