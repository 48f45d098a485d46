"""
Questions about assets that need more than one look into the event log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum

from orrery.base.keys import AssetKey, CoercibleToAssetKey
from orrery.base.tags import CODE_VERSION_TAG
from orrery.model.events.entry import (
    AssetRecordsFilter,
    EventLogRecord,
    EventRecordsFilter,
    EventRecordsResult,
    RunStatusChangeRecordsFilter,
    cursor_of_storage_id,
)
from orrery.model.events.event import EventType
from orrery.model.records.asset import AssetEntry, AssetRecord
from orrery.model.records.latest import FAILED, MADE, PLANNED
from orrery.model.records.run import FINISHED_STATUSES, RunsFilter, RunStatus
from orrery.runtime.ports.event_log import AssetState, EventLogStorage
from orrery.runtime.ports.runs import RunStorage

__all__ = [
    "AssetPartitionStatus",
    "asset_record",
    "fetch_asset_records",
    "fetch_run_status_changes",
    "latest_code_versions",
    "latest_data_version_record",
    "status_by_partition",
]


class AssetPartitionStatus(Enum):
    """How a partition of an asset stands."""

    MATERIALIZED = "MATERIALIZED"
    IN_PROGRESS = "IN_PROGRESS"
    FAILED = "FAILED"


def fetch_asset_records(
    log: EventLogStorage,
    event_type: EventType,
    records_filter: CoercibleToAssetKey | AssetRecordsFilter,
    *,
    limit: int,
    cursor: str | None,
    ascending: bool,
) -> EventRecordsResult:
    """Return a page of the records of one kind about one asset."""
    if isinstance(records_filter, AssetRecordsFilter):
        wanted = records_filter
    else:
        wanted = AssetRecordsFilter(AssetKey.from_coercible(records_filter))
    records = log.get_event_records(wanted.to_event_records_filter(event_type, cursor, ascending), limit + 1, ascending)
    return _page(records, limit, cursor)


def fetch_run_status_changes(
    log: EventLogStorage,
    records_filter: EventType | RunStatusChangeRecordsFilter,
    *,
    limit: int,
    cursor: str | None,
    ascending: bool,
) -> EventRecordsResult:
    """Return a page of the records of one change of the status of runs."""
    wanted = RunStatusChangeRecordsFilter(records_filter) if isinstance(records_filter, EventType) else records_filter
    chosen = wanted.to_event_records_filter_without_job_names(cursor, ascending)
    records = log.get_run_status_change_records(chosen, wanted.job_names, limit + 1, ascending)
    return _page(records, limit, cursor)


def _page(records: Sequence[EventLogRecord], limit: int, cursor: str | None) -> EventRecordsResult:
    page = records[:limit]
    where = cursor_of_storage_id(page[-1].storage_id) if page else cursor or cursor_of_storage_id(-1)
    return EventRecordsResult(page, where, len(records) > limit)


def asset_record(state: AssetState) -> AssetRecord:
    """Return the state of an asset in the form of the public API."""
    planned = state.last_planned
    return AssetRecord(
        state.storage_id,
        AssetEntry(
            state.asset_key,
            last_materialization_record=state.last_materialization,
            last_run_id=state.last_run_id,
            last_observation_record=state.last_observation,
            last_planned_materialization_storage_id=None if planned is None else planned.storage_id,
            last_planned_materialization_run_id=None if planned is None else planned.run_id,
            last_failed_to_materialize_record=state.last_failed,
        ),
    )


def latest_code_versions(log: EventLogStorage, asset_keys: Iterable[AssetKey]) -> Mapping[AssetKey, str | None]:
    """Return the code version with which each asset was last made; the run's id where none was declared."""
    keys = list(asset_keys)
    versions: dict[AssetKey, str | None] = dict.fromkeys(keys)
    for state in log.get_asset_states(keys):
        record = state.last_materialization
        made = None if record is None else record.asset_materialization
        if record is not None and made is not None:
            versions[state.asset_key] = (made.tags or {}).get(CODE_VERSION_TAG, record.run_id or None)
    return versions


def latest_data_version_record(
    log: EventLogStorage,
    key: AssetKey,
    *,
    is_source: bool | None,
    partition_key: str | None,
    before_cursor: int | None,
    after_cursor: int | None,
) -> EventLogRecord | None:
    """Return the record that tells the present data version: a materialization, or the observation of a source."""
    kinds = [EventType.ASSET_MATERIALIZATION] if not is_source else []
    kinds += [EventType.ASSET_OBSERVATION] if is_source or is_source is None else []
    for kind in kinds:
        wanted = EventRecordsFilter(
            kind,
            asset_key=key,
            asset_partitions=None if partition_key is None else [partition_key],
            before_cursor=before_cursor,
            after_cursor=after_cursor,
        )
        records = log.get_event_records(wanted, limit=1)
        if records:
            return records[0]
    return None


def status_by_partition(
    log: EventLogStorage, runs: RunStorage, asset_key: AssetKey, partition_keys: Sequence[str]
) -> Mapping[str, AssetPartitionStatus | None]:
    """Return how each partition stands; None where nothing is known."""
    states = log.get_partition_states(asset_key)
    planned = log.get_planned_partitions(asset_key) if states.count(PLANNED) else {}
    run_ids = sorted(set(planned.values()))
    status_of = (
        {record.dagster_run.run_id: record.dagster_run.status for record in runs.get_run_records(RunsFilter(run_ids))}
        if run_ids
        else {}
    )
    statuses: dict[str, AssetPartitionStatus | None] = dict.fromkeys(partition_keys)
    for flag, stands in ((MADE, AssetPartitionStatus.MATERIALIZED), (FAILED, AssetPartitionStatus.FAILED)):
        found = states.keys_with(flag) if states.count(flag) else []
        statuses.update(dict.fromkeys(filter(statuses.__contains__, found), stands))
    for key, run_id in planned.items():
        status = status_of.get(run_id)
        if status is None or key not in statuses:
            continue
        if status not in FINISHED_STATUSES:
            statuses[key] = AssetPartitionStatus.IN_PROGRESS
        elif status is RunStatus.FAILURE:
            statuses[key] = AssetPartitionStatus.FAILED
    return statuses
