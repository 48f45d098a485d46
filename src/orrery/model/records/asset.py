"""
The latest state of an asset, folded from the events about it.

The fold does not care in which order the entries come: what has the greater storage id is the
later. So a storage may fold each batch as it is written, or all over again. One thing no fold can
know: what was made before, where the latest materialization was of a partition that was wiped; then
there is none until the storage folds what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

import msgspec

from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.model.events.checks import AssetCheckEvaluation, AssetCheckEvaluationPlanned
from orrery.model.events.entry import EventLogEntry, EventLogRecord
from orrery.model.events.event import ASSET_EVENTS
from orrery.model.events.payloads import AssetWipedData
from orrery.model.events.user import AssetMaterialization, AssetObservation

__all__ = [
    "AssetCheckExecutionRecord",
    "AssetCheckExecutionRecordStatus",
    "AssetEntry",
    "AssetRecord",
    "asset_key_of",
    "check_execution",
    "fold",
    "fold_all",
]


class AssetCheckExecutionRecordStatus(Enum):
    """How one execution of a check stands."""

    PLANNED = "PLANNED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class AssetCheckExecutionRecord(msgspec.Struct, frozen=True):
    """
    One execution of a check.

    Attributes:
        key: The check.
        id: The row of the event that told it.
        run_id: The run.
        status: How it stands.
        event: The event that told it.
        create_timestamp: When, in seconds since 1970 (UTC).
        partition: The partition, if one.
    """

    key: AssetCheckKey
    id: int
    run_id: str
    status: AssetCheckExecutionRecordStatus
    event: EventLogEntry
    create_timestamp: float
    partition: str | None = None

    @property
    def evaluation(self) -> AssetCheckEvaluation | None:
        """Return what the check found, once it has."""
        return self.event.asset_check_evaluation


class AssetEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    The latest state of an asset.

    Attributes:
        asset_key: The asset.
        last_materialization_record: The latest that says it was made.
        last_run_id: The run of the latest event about it.
        asset_details: Kept for compatibility; None.
        cached_status: Kept for compatibility; None.
        last_observation_record: The latest that says it was observed.
        last_planned_materialization_storage_id: The row of the latest plan to make it.
        last_planned_materialization_run_id: The run that planned it.
        last_failed_to_materialize_record: The latest that says it was planned but not made.
        last_event_storage_id: The row of the latest event about it.
        wiped_storage_id: The row of the latest event that wiped it; what is older does not count.
        checks: The latest execution of each check, by its name.
        completed_checks: The latest execution of each check that was evaluated, by its name.
    """

    asset_key: AssetKey
    last_materialization_record: EventLogRecord | None = None
    last_run_id: str | None = None
    asset_details: Any = None
    cached_status: Any = None
    last_observation_record: EventLogRecord | None = None
    last_planned_materialization_storage_id: int | None = None
    last_planned_materialization_run_id: str | None = None
    last_failed_to_materialize_record: EventLogRecord | None = None
    last_event_storage_id: int | None = None
    wiped_storage_id: int | None = None
    checks: Mapping[str, AssetCheckExecutionRecord] = {}
    completed_checks: Mapping[str, AssetCheckExecutionRecord] = {}

    @property
    def last_materialization(self) -> EventLogEntry | None:
        """Return the latest entry that says it was made."""
        record = self.last_materialization_record
        return None if record is None else record.event_log_entry

    @property
    def last_materialization_storage_id(self) -> int | None:
        """Return the row of the latest entry that says it was made."""
        return None if self.last_materialization_record is None else self.last_materialization_record.storage_id

    @property
    def materialization(self) -> AssetMaterialization | None:
        """Return what was made last."""
        record = self.last_materialization_record
        return None if record is None else record.asset_materialization

    @property
    def last_observation(self) -> EventLogEntry | None:
        """Return the latest entry that says it was observed."""
        return None if self.last_observation_record is None else self.last_observation_record.event_log_entry

    @property
    def last_observation_storage_id(self) -> int | None:
        """Return the row of the latest entry that says it was observed."""
        return None if self.last_observation_record is None else self.last_observation_record.storage_id

    @property
    def observation(self) -> AssetObservation | None:
        """Return what was observed last."""
        return None if self.last_observation_record is None else self.last_observation_record.asset_observation

    @property
    def last_failed_to_materialize_entry(self) -> EventLogEntry | None:
        """Return the latest entry that says it was planned but not made."""
        record = self.last_failed_to_materialize_record
        return None if record is None else record.event_log_entry

    @property
    def last_failed_to_materialize_storage_id(self) -> int | None:
        """Return the row of the latest entry that says it was planned but not made."""
        record = self.last_failed_to_materialize_record
        return None if record is None else record.storage_id

    @property
    def is_materialized(self) -> bool:
        """Tell whether it was ever made, since it was last wiped."""
        return self.last_materialization_record is not None


class AssetRecord(msgspec.Struct, frozen=True):
    """
    A stored state of an asset.

    Attributes:
        storage_id: Its row.
        asset_entry: The state.
    """

    storage_id: int
    asset_entry: AssetEntry


def asset_key_of(entry: EventLogEntry) -> AssetKey | None:
    """Return the asset whose state *entry* may change: of an event about it or about one of its checks."""
    event = entry.dagster_event
    if event is None or event.event_type_value not in ASSET_EVENTS:
        return None
    data = event.event_specific_data
    if isinstance(data, AssetCheckEvaluation | AssetCheckEvaluationPlanned):
        return data.asset_key
    return event.asset_key


def fold(record: EventLogRecord, state: AssetEntry | None) -> AssetEntry | None:
    """
    Return the state of the asset that *record* is about, after it.

    Args:
        record: A stored entry.
        state: The state so far of the asset that it is about; None if there is none.

    Returns:
        The state; None if there is none and *record* is about no asset.
    """
    entry = record.event_log_entry
    key = asset_key_of(entry)
    if key is None:
        return state
    state = AssetEntry(key) if state is None else state
    row = record.storage_id
    event = entry.dagster_event
    data = None if event is None else event.event_specific_data
    if state.wiped_storage_id is not None and row <= state.wiped_storage_id:
        return state
    if isinstance(data, AssetWipedData):
        return _wiped(state, data, row)
    changes: dict[str, Any] = {}
    if row > (state.last_event_storage_id or -1):
        changes = {"last_event_storage_id": row, "last_run_id": entry.run_id or state.last_run_id}
    kind = "" if event is None else event.event_type_value
    if kind == "ASSET_MATERIALIZATION" and _later(record, state.last_materialization_record):
        changes["last_materialization_record"] = record
    elif kind == "ASSET_OBSERVATION" and _later(record, state.last_observation_record):
        changes["last_observation_record"] = record
    elif kind == "ASSET_FAILED_TO_MATERIALIZE" and _later(record, state.last_failed_to_materialize_record):
        changes["last_failed_to_materialize_record"] = record
    elif kind == "ASSET_MATERIALIZATION_PLANNED" and row > (state.last_planned_materialization_storage_id or -1):
        changes["last_planned_materialization_storage_id"] = row
        changes["last_planned_materialization_run_id"] = entry.run_id
    elif isinstance(data, AssetCheckEvaluation | AssetCheckEvaluationPlanned):
        changes |= _checked(state, record, data)
    return msgspec.structs.replace(state, **changes) if changes else state


def fold_all(records: Iterable[EventLogRecord]) -> dict[AssetKey, AssetEntry]:
    """Return the state of every asset that *records* are about."""
    states: dict[AssetKey, AssetEntry] = {}
    for record in records:
        key = asset_key_of(record.event_log_entry)
        if key is not None:
            state = fold(record, states.get(key))
            if state is not None:
                states[key] = state
    return states


def _later(record: EventLogRecord, than: EventLogRecord | None) -> bool:
    return than is None or record.storage_id > than.storage_id


def _checked(
    state: AssetEntry, record: EventLogRecord, data: AssetCheckEvaluation | AssetCheckEvaluationPlanned
) -> dict[str, Any]:
    execution = check_execution(record, data)
    status = execution.status
    changes: dict[str, Any] = {}
    name = data.check_name
    if name not in state.checks or state.checks[name].id < execution.id:
        changes["checks"] = {**state.checks, name: execution}
    if status is not AssetCheckExecutionRecordStatus.PLANNED and (
        name not in state.completed_checks or state.completed_checks[name].id < execution.id
    ):
        changes["completed_checks"] = {**state.completed_checks, name: execution}
    return changes


def _wiped(state: AssetEntry, data: AssetWipedData, row: int) -> AssetEntry:
    if data.partition_keys is not None:
        last = state.last_materialization_record
        if last is None or last.storage_id > row or last.partition_key not in data.partition_keys:
            return state
        return msgspec.structs.replace(state, last_materialization_record=None)
    kept = AssetEntry(state.asset_key, wiped_storage_id=row)
    if (state.last_event_storage_id or -1) < row:
        return kept
    return _since(state, kept, row)


def _since(state: AssetEntry, kept: AssetEntry, row: int) -> AssetEntry:
    """Return what of *state* is later than the wipe at *row*, of which we heard late."""

    def later(record: EventLogRecord | None) -> EventLogRecord | None:
        return record if record is not None and record.storage_id > row else None

    planned = (state.last_planned_materialization_storage_id or -1) > row
    return msgspec.structs.replace(
        kept,
        last_materialization_record=later(state.last_materialization_record),
        last_observation_record=later(state.last_observation_record),
        last_failed_to_materialize_record=later(state.last_failed_to_materialize_record),
        last_planned_materialization_storage_id=state.last_planned_materialization_storage_id if planned else None,
        last_planned_materialization_run_id=state.last_planned_materialization_run_id if planned else None,
        last_event_storage_id=state.last_event_storage_id,
        last_run_id=state.last_run_id,
        checks={name: check for name, check in state.checks.items() if check.id > row},
        completed_checks={name: check for name, check in state.completed_checks.items() if check.id > row},
    )


def check_execution(
    record: EventLogRecord, data: AssetCheckEvaluation | AssetCheckEvaluationPlanned
) -> AssetCheckExecutionRecord:
    """Return the execution of a check that *record* tells of, in its event-specific *data*."""
    entry = record.event_log_entry
    if isinstance(data, AssetCheckEvaluationPlanned):
        status = AssetCheckExecutionRecordStatus.PLANNED
    elif data.passed:
        status = AssetCheckExecutionRecordStatus.SUCCEEDED
    else:
        status = AssetCheckExecutionRecordStatus.FAILED
    return AssetCheckExecutionRecord(
        key=data.asset_check_key,
        id=record.storage_id,
        run_id=entry.run_id,
        status=status,
        event=entry,
        create_timestamp=entry.timestamp,
        partition=data.partition,
    )
