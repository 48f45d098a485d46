"""
Records in memory: the storage of ephemeral instances, and the model of every other.

Appending is a list extension; what follows from the entries (runs, assets, partitions, checks) is
derived when somebody asks. A run of a thousand steps that nobody looks at pays for nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime

import msgspec

from orrery.adapters.storage.answers import Answers
from orrery.adapters.storage.memory_backfills import MemoryBackfills
from orrery.adapters.storage.memory_leases import MemoryLeases
from orrery.adapters.storage.memory_schedules import MemorySchedules
from orrery.base.errors import RunAlreadyExistsError, RunNotFoundError
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.base.tags import canonical_tags, normalize_run_tags
from orrery.model.events.entry import (
    EventLogEntry,
    EventLogRecord,
    EventRecordsFilter,
    cursor_of_storage_id,
    storage_id_of_cursor,
)
from orrery.model.events.event import ASSET_EVENTS, RUN_EVENTS, EventType
from orrery.model.records.latest import (
    LatestState,
    PartitionStates,
    StepState,
    latest_of,
    partitions_of,
    step_state_after,
)
from orrery.model.records.run import Run, RunRecord, RunsFilter
from orrery.model.records.run_status import status_after
from orrery.runtime.ports.event_log import AssetState, CheckState, EventLogConnection

__all__ = ["MemoryStorage"]

_LATEST_KINDS = (
    EventType.ASSET_MATERIALIZATION,
    EventType.ASSET_OBSERVATION,
    EventType.ASSET_MATERIALIZATION_PLANNED,
    EventType.ASSET_FAILED_TO_MATERIALIZE,
)
_ORDERS = ("create_timestamp", "update_timestamp", "start_time", "end_time")


class _RunRow(msgspec.Struct):
    storage_id: int
    run: Run
    created: datetime
    updated: datetime
    started: float | None = None
    ended: float | None = None

    def record(self) -> RunRecord:
        return RunRecord(self.storage_id, self.run, self.created, self.updated, self.started, self.ended)


class _AssetRows(msgspec.Struct):
    storage_id: int
    last_run_id: str | None = None
    latest: dict[str, int] = {}
    by_kind: dict[str, list[int]] = {}


class MemoryStorage(MemoryBackfills, MemoryLeases, MemorySchedules, Answers):
    """Keeps events, runs, ticks, leases, backfills and small values in memory; safe for use by several threads."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.RLock()
        self._entries: list[EventLogEntry | None] = []
        self._before: dict[Callable[[], None], None] = {}
        self._lost: Exception | None = None
        self._derived = 0
        self._by_run: dict[str, list[int]] = {}
        self._by_kind: dict[str, list[int]] = {}
        self._assets: dict[AssetKey, _AssetRows] = {}
        self._checks: dict[AssetCheckKey, dict[str, list[int]]] = {}
        self._asset_count = 0
        self._runs: dict[str, _RunRow] = {}
        self._run_count = 0
        self._snapshots: dict[str, bytes] = {}
        self._values: dict[str, str] = {}
        self._dynamic: dict[str, dict[str, None]] = {}

    @property
    def is_persistent(self) -> bool:
        """Tell that nothing outlives the process."""
        return False

    # -- appending -----------------------------------------------------------------------------

    def store_entries(
        self,
        entries: Sequence[EventLogEntry],
        before: Callable[[], None] | None = None,
        after: Callable[[], None] | None = None,
        *,
        is_last: bool = False,
    ) -> None:
        """Append *entries*; *before* is called by the next ``flush``, since nothing here is ever durable."""
        if is_last:
            try:
                self.flush()
            except Exception as error:  # noqa: BLE001  # raised by the next flush, as of entries that were lost
                self._lost = error
                return
        self._entries.extend(entries)  # one operation of the interpreter: no lock is needed
        if before is not None:
            self._before[before] = None
        if after is not None:
            after()

    def relieve(self) -> None:
        """Return at once: nothing is left to be written."""

    def raise_lost(self, run_id: str) -> None:
        """Do nothing: nothing here is lost."""

    def settle(self) -> None:
        """Do nothing: nothing here is ever durable."""

    def flush(self, run_id: str | None = None) -> None:
        """Call what was to be called before entries become durable."""
        lost, self._lost = self._lost, None
        if lost is not None:
            raise lost
        while self._before:
            before = next(iter(self._before))
            del self._before[before]
            before()

    def _catch_up(self) -> None:
        with self._lock:
            self._derive()

    def _derive(self) -> None:
        """Catch up with the entries that were appended since the last question."""
        entries = self._entries
        while self._derived < len(entries):
            entry = entries[self._derived]
            self._derived += 1
            if entry is not None:
                self._derive_one(self._derived, entry)

    def _derive_one(self, storage_id: int, entry: EventLogEntry) -> None:
        self._by_run.setdefault(entry.run_id, []).append(storage_id)
        event = entry.dagster_event
        if event is None:
            return
        kind = event.event_type_value
        self._by_kind.setdefault(kind, []).append(storage_id)
        if kind in RUN_EVENTS:
            self._change_run(entry, kind)
        elif kind in ASSET_EVENTS:
            key = event.asset_key
            if key is not None:
                if kind != "ASSET_WIPED":
                    self._index_asset(storage_id, entry, kind, key)
                return
            check = event.asset_check_key
            if check is not None:
                self._checks.setdefault(check, {}).setdefault(kind, []).append(storage_id)

    def _index_asset(self, storage_id: int, entry: EventLogEntry, kind: str, key: AssetKey) -> None:
        rows = self._assets.get(key)
        if rows is None:
            self._asset_count += 1
            rows = self._assets[key] = _AssetRows(self._asset_count)
        rows.latest[kind] = storage_id
        rows.by_kind.setdefault(kind, []).append(storage_id)
        if kind in ("ASSET_MATERIALIZATION", "ASSET_MATERIALIZATION_PLANNED") and entry.run_id:
            rows.last_run_id = entry.run_id

    def _change_run(self, entry: EventLogEntry, kind: str) -> None:
        row = self._runs.get(entry.run_id)
        if row is None:
            return
        status = status_after(row.run.status, kind)
        instant = datetime.fromtimestamp(entry.timestamp, UTC)
        row.updated = max(row.updated, instant)
        if status is not None:
            row.run = row.run.with_status(status)
        if kind == "PIPELINE_START" and row.started is None:
            row.started = entry.timestamp
        if row.run.is_finished:
            self._end_leases_of(entry.run_id)
        if row.run.is_finished and row.ended is None:
            row.ended = max(entry.timestamp, row.started or entry.timestamp)  # a clock may have been set back

    # -- reading -------------------------------------------------------------------------------

    def _records(self, storage_ids: Iterable[int]) -> list[EventLogRecord]:
        entries = self._entries
        found = []
        for storage_id in storage_ids:
            entry = entries[storage_id - 1]
            if entry is not None:
                found.append(EventLogRecord(storage_id, entry))
        return found

    def _record(self, storage_id: int | None) -> EventLogRecord | None:
        if storage_id is None:
            return None
        records = self._records((storage_id,))
        return records[0] if records else None

    def get_records_for_run(
        self,
        run_id: str,
        cursor: str | None = None,
        of_type: EventType | AbstractSet[EventType] | None = None,
        limit: int | None = None,
        ascending: bool = True,
    ) -> EventLogConnection:
        """Return a page of the log of a run, also lines that are no events."""
        start = storage_id_of_cursor(cursor) if cursor else None
        kinds = None if of_type is None else {of_type} if isinstance(of_type, EventType) else set(of_type)
        values = None if kinds is None else {kind.value for kind in kinds}
        with self._lock:
            self._derive()
            ids = list(self._by_run.get(run_id, ()))
        if not ascending:
            ids.reverse()
        if start is not None:
            ids = [each for each in ids if (each > start if ascending else each < start)]
        records = self._records(ids)
        if values is not None:
            records = [
                each
                for each in records
                if (event := each.event_log_entry.dagster_event) is not None and event.event_type_value in values
            ]
        page = records if limit is None else records[:limit]
        last = page[-1].storage_id if page else -1 if start is None else start
        return EventLogConnection(page, cursor_of_storage_id(last), len(page) < len(records))

    def get_event_records(
        self, event_records_filter: EventRecordsFilter, limit: int | None = None, ascending: bool = False
    ) -> Sequence[EventLogRecord]:
        """Return the entries of one kind that pass the filter."""
        return self._filtered(event_records_filter, None, limit, ascending)

    def get_run_status_change_records(
        self,
        event_records_filter: EventRecordsFilter,
        job_names: Sequence[str] | None = None,
        limit: int | None = None,
        ascending: bool = False,
    ) -> Sequence[EventLogRecord]:
        """Return the entries about runs that pass the filter."""
        return self._filtered(event_records_filter, job_names, limit, ascending)

    def _filtered(
        self, wanted: EventRecordsFilter, job_names: Sequence[str] | None, limit: int | None, ascending: bool
    ) -> list[EventLogRecord]:
        kind = wanted.event_type.value
        after = _row(wanted.after_cursor)
        before = _row(wanted.before_cursor)
        with self._lock:
            self._derive()
            if wanted.asset_key is None:
                ids = list(self._by_kind.get(kind, ()))
            else:
                rows = self._assets.get(wanted.asset_key)
                ids = [] if rows is None else list(rows.by_kind.get(kind, ()))
        if not ascending:
            ids.reverse()
        chosen = None if wanted.storage_ids is None else set(wanted.storage_ids)
        partitions = None if wanted.asset_partitions is None else set(wanted.asset_partitions)
        names = None if job_names is None else set(job_names)
        found: list[EventLogRecord] = []
        for storage_id in ids:
            if limit is not None and len(found) >= limit:
                break
            if (after is not None and storage_id <= after) or (before is not None and storage_id >= before):
                continue
            if chosen is not None and storage_id not in chosen:
                continue
            entry = self._entries[storage_id - 1]
            if entry is None or entry.dagster_event is None:
                continue
            if wanted.after_timestamp is not None and entry.timestamp <= wanted.after_timestamp:
                continue
            if wanted.before_timestamp is not None and entry.timestamp >= wanted.before_timestamp:
                continue
            if partitions is not None and entry.dagster_event.partition not in partitions:
                continue
            if names is not None and entry.dagster_event.job_name not in names:
                continue
            found.append(EventLogRecord(storage_id, entry))
        return found

    def get_maximum_record_id(self) -> int | None:
        """Return the storage id of the newest entry; None if there is none."""
        return len(self._entries) or None

    def delete_events(self, run_id: str) -> None:
        """Delete the log of a run; the latest state of assets then follows from what is left."""
        with self._lock:
            self._derive()
            gone = set(self._by_run.pop(run_id, ()))
            if not gone:
                return
            for storage_id in gone:
                self._entries[storage_id - 1] = None
            for ids in self._by_kind.values():
                _drop(ids, gone)
            for rows in self._assets.values():
                for kind, ids in rows.by_kind.items():
                    if _drop(ids, gone):
                        _set_latest(rows, kind, ids)
                if rows.last_run_id == run_id:
                    rows.last_run_id = self._last_run(rows)
            for kinds in self._checks.values():
                for ids in kinds.values():
                    _drop(ids, gone)

    def _last_run(self, rows: _AssetRows) -> str | None:
        ids = [rows.latest.get(kind, 0) for kind in ("ASSET_MATERIALIZATION", "ASSET_MATERIALIZATION_PLANNED")]
        record = self._record(max(ids) or None)
        return None if record is None else record.run_id

    # -- assets --------------------------------------------------------------------------------

    def get_asset_states(self, asset_keys: Sequence[AssetKey] | None = None) -> Sequence[AssetState]:
        """Return the states of these assets, or of all, in the order of their keys."""
        with self._lock:
            self._derive()
            keys = sorted(self._assets if asset_keys is None else {key for key in asset_keys if key in self._assets})
            return [self._asset_state(key, self._assets[key]) for key in keys]

    def get_latest_materializations(self, asset_keys: Sequence[AssetKey]) -> Mapping[AssetKey, EventLogRecord]:
        """Return for each asset the entry that tells when it was last made; those that never were are left out."""
        states = self.get_asset_states(asset_keys)
        return {each.asset_key: each.last_materialization for each in states if each.last_materialization is not None}

    def _asset_state(self, key: AssetKey, rows: _AssetRows) -> AssetState:
        latest = rows.latest.get
        return AssetState(
            storage_id=rows.storage_id,
            asset_key=key,
            last_run_id=rows.last_run_id,
            last_materialization=self._record(latest("ASSET_MATERIALIZATION")),
            last_observation=self._record(latest("ASSET_OBSERVATION")),
            last_planned=self._record(latest("ASSET_MATERIALIZATION_PLANNED")),
            last_failed=self._record(latest("ASSET_FAILED_TO_MATERIALIZE")),
        )

    def get_asset_keys(
        self, prefix: Sequence[str] | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Sequence[AssetKey]:
        """Return the keys of known assets below *prefix*, in the order of their stored form, after *cursor*."""
        with self._lock:
            self._derive()
            keys = list(self._assets)
        if prefix:
            keys = [key for key in keys if key.has_prefix(prefix)]
        texts = sorted((key.to_db_string(), key) for key in keys)
        if cursor:
            texts = [pair for pair in texts if pair[0] > cursor]
        return [key for _, key in texts[:limit]]

    def has_asset_key(self, asset_key: AssetKey) -> bool:
        """Tell whether an asset was ever seen and not wiped."""
        with self._lock:
            self._derive()
            return asset_key in self._assets

    def get_materialized_partitions(
        self, asset_key: AssetKey, before_cursor: int | None = None, after_cursor: int | None = None
    ) -> set[str]:
        """Return the partitions with a materialization whose storage id lies between the cursors."""
        newest = self.get_latest_storage_id_by_partition(
            asset_key, EventType.ASSET_MATERIALIZATION, after_cursor=after_cursor, before_cursor=before_cursor
        )
        return set(newest)

    def get_latest_storage_id_by_partition(
        self,
        asset_key: AssetKey,
        event_type: EventType,
        partitions: AbstractSet[str] | None = None,
        after_cursor: int | None = None,
        before_cursor: int | None = None,
    ) -> Mapping[str, int]:
        """Return the storage id of the newest entry of this kind for each partition."""
        wanted = EventRecordsFilter(
            event_type, asset_key=asset_key, after_cursor=after_cursor, before_cursor=before_cursor
        )
        newest: dict[str, int] = {}
        for record in self._filtered(wanted, None, None, True):
            for partition in partitions_of(record.event_log_entry.get_dagster_event()):
                if partitions is None or partition in partitions:
                    newest[partition] = record.storage_id
        return newest

    def get_latest_of_assets(self, asset_keys: Sequence[AssetKey]) -> Mapping[AssetKey, LatestState]:
        """Return the latest that is known of these assets, without the entries themselves."""
        return {
            state.asset_key: msgspec.structs.replace(
                latest_of(state.last_materialization, state.last_observation, state.last_planned, state.last_failed),
                last_run_id=state.last_run_id,
            )
            for state in self.get_asset_states(asset_keys)
        }

    def get_latest_of_partitions(
        self, asset_key: AssetKey, partitions: Iterable[str] | None = None
    ) -> Mapping[str, LatestState]:
        """Return the latest that is known of these partitions, or of all; unknown ones are left out."""
        wanted = None if partitions is None else set(partitions)
        newest = [self.get_latest_storage_id_by_partition(asset_key, kind, wanted) for kind in _LATEST_KINDS]
        return {
            partition: latest_of(*(self._record(ids.get(partition)) for ids in newest))
            for partition in sorted(set().union(*newest))
        }

    def get_partition_states(self, asset_key: AssetKey) -> PartitionStates:
        """Return how the partitions of an asset stand, made, failed or planned, in columns."""
        latest = self.get_latest_of_partitions(asset_key)
        return PartitionStates(tuple(latest), bytes(state.flags for state in latest.values()))

    def get_step_states(self, run_id: str, step_keys: Iterable[str] | None = None) -> Sequence[StepState]:
        """Return how the steps of a run stand, or these of them, in the order of their keys."""
        states: dict[str, StepState] = {}
        for record in self.get_records_for_run(run_id).records:
            event = record.event_log_entry.dagster_event
            if event is not None and event.step_key is not None:
                state = step_state_after(states.get(event.step_key), record.event_log_entry)
                if state is not None:
                    states[event.step_key] = state
        wanted = states if step_keys is None else set(step_keys)
        return [states[key] for key in sorted(states) if key in wanted]

    def get_planned_partitions(self, asset_key: AssetKey) -> Mapping[str, str]:
        """Return the run that last planned each partition whose plan is newer than what came of it."""
        planned = self.get_latest_storage_id_by_partition(asset_key, EventType.ASSET_MATERIALIZATION_PLANNED)
        made = self.get_latest_storage_id_by_partition(asset_key, EventType.ASSET_MATERIALIZATION)
        failed = self.get_latest_storage_id_by_partition(asset_key, EventType.ASSET_FAILED_TO_MATERIALIZE)
        pending = {
            partition: storage_id
            for partition, storage_id in planned.items()
            if storage_id > max(made.get(partition, 0), failed.get(partition, 0))
        }
        return {
            partition: record.run_id for partition, number in pending.items() for record in self._records((number,))
        }

    def get_failed_partitions(self, asset_key: AssetKey) -> set[str]:
        """Return the partitions whose latest event is a failure to make them."""
        made = self.get_latest_storage_id_by_partition(asset_key, EventType.ASSET_MATERIALIZATION)
        failed = self.get_latest_storage_id_by_partition(asset_key, EventType.ASSET_FAILED_TO_MATERIALIZE)
        return {partition for partition, number in failed.items() if number > made.get(partition, 0)}

    def wipe_asset(self, asset_key: AssetKey) -> None:
        """Forget an asset; the logs of its runs stay."""
        with self._lock:
            self._derive()
            self._assets.pop(asset_key, None)
            for check in [check for check in self._checks if check.asset_key == asset_key]:
                del self._checks[check]

    def wipe_asset_partitions(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> None:
        """Forget these partitions of an asset."""
        wiped = set(partition_keys)
        with self._lock:
            self._derive()
            rows = self._assets.get(asset_key)
            if rows is None:
                return
            for kind, ids in rows.by_kind.items():
                gone = {record.storage_id for record in self._records(ids) if record.partition_key in wiped}
                if _drop(ids, gone):
                    _set_latest(rows, kind, ids)
            rows.last_run_id = self._last_run(rows)

    # -- checks --------------------------------------------------------------------------------

    def get_check_states(self, check_keys: Sequence[AssetCheckKey]) -> Sequence[CheckState]:
        """Return the states of these checks; unknown ones are left out."""
        with self._lock:
            self._derive()
            states = []
            for key in check_keys:
                kinds = self._checks.get(key)
                if kinds is None:
                    continue
                planned = kinds.get("ASSET_CHECK_EVALUATION_PLANNED")
                done = kinds.get("ASSET_CHECK_EVALUATION")
                if planned or done:
                    states.append(
                        CheckState(
                            check_key=key,
                            last_planned=self._record(planned[-1] if planned else None),
                            last_evaluation=self._record(done[-1] if done else None),
                        )
                    )
            return states

    def get_check_evaluations(
        self, check_key: AssetCheckKey, limit: int, cursor: int | None = None
    ) -> Sequence[EventLogRecord]:
        """Return the evaluations of a check before *cursor*, newest first."""
        with self._lock:
            self._derive()
            ids = list(self._checks.get(check_key, {}).get("ASSET_CHECK_EVALUATION", ()))
        ids = [each for each in reversed(ids) if cursor is None or each < cursor]
        return self._records(ids[:limit])

    # -- dynamic partitions --------------------------------------------------------------------

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Return the keys of a dynamic partitions definition, in the order in which they were added."""
        with self._lock:
            return list(self._dynamic.get(partitions_def_name, ()))

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Tell whether a dynamic partition exists."""
        with self._lock:
            return partition_key in self._dynamic.get(partitions_def_name, ())

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Iterable[str]) -> None:
        """Add dynamic partitions; those that exist stay where they are."""
        with self._lock:
            self._dynamic.setdefault(partitions_def_name, {}).update(dict.fromkeys(partition_keys))

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Delete a dynamic partition; nothing happens if it does not exist."""
        with self._lock:
            self._dynamic.get(partitions_def_name, {}).pop(partition_key, None)

    # -- runs ----------------------------------------------------------------------------------

    def add_run(self, run: Run) -> Run:
        """Keep a new run."""
        with self._lock:
            if run.run_id in self._runs:
                raise RunAlreadyExistsError(
                    f"Run '{run.run_id}' is recorded already.", mend="give the run an id of its own, or none."
                )
            now = datetime.now(UTC)
            self._run_count += 1
            self._runs[run.run_id] = _RunRow(self._run_count, run, now, now)
        return run

    def get_ended_run(self, run_id: str) -> Run | None:
        """Return a run as it stands."""
        with self._lock:
            self._derive()
            row = self._runs.get(run_id)
            return None if row is None else row.run

    def has_run(self, run_id: str) -> bool:
        """Tell whether there is a run of this id."""
        return run_id in self._runs

    def get_run_records(
        self,
        filters: RunsFilter | None = None,
        limit: int | None = None,
        order_by: str | None = None,
        ascending: bool = False,
        cursor: str | None = None,
    ) -> Sequence[RunRecord]:
        """Return the runs that pass the filter, newest first."""
        with self._lock:
            self._derive()
            if filters is not None and filters.run_ids is not None:
                rows = [row for run_id in dict.fromkeys(filters.run_ids) if (row := self._runs.get(run_id)) is not None]
            else:
                rows = list(self._runs.values())
            start = None if cursor is None else self._runs.get(cursor)
            if cursor is not None and start is None:
                return []
            records = [
                row.record()
                for row in rows
                if filters is None or filters.passes(row.run, created=row.created, updated=row.updated)
            ]
        records.sort(key=lambda record: _order(record, order_by), reverse=not ascending)
        if start is not None:
            place = _order(start.record(), order_by)
            records = [
                each
                for each in records
                if (_order(each, order_by) > place if ascending else _order(each, order_by) < place)
            ]
        return records[:limit]

    def get_runs_count(self, filters: RunsFilter | None = None) -> int:
        """Return how many runs pass the filter."""
        return len(self.get_run_records(filters))

    def add_run_tags(self, run_id: str, new_tags: Mapping[str, str]) -> None:
        """Add tags to a run, over its own."""
        with self._lock:
            self._derive()
            row = self._runs.get(run_id)
            if row is None:
                raise RunNotFoundError(
                    f"No run '{run_id}' is recorded.", mend="look for its id with `orrery runs list`."
                )
            row.run = row.run.with_tags({**row.run.tags, **normalize_run_tags(new_tags)})
            row.updated = datetime.now(UTC)

    def get_run_tag_keys(self) -> Sequence[str]:
        """Return the keys of tags that any run has, in order."""
        with self._lock:
            return sorted({key for row in self._runs.values() for key in row.run.tags})

    def get_run_tags(
        self, tag_keys: Sequence[str], value_prefix: str | None = None, limit: int | None = None
    ) -> Sequence[tuple[str, AbstractSet[str]]]:
        """Return the values that these tags have in any run."""
        keys = sorted(canonical_tags(dict.fromkeys(tag_keys, "")))
        with self._lock:
            found: dict[str, set[str]] = {}
            for row in self._runs.values():
                for key in keys:
                    value = row.run.tags.get(key)
                    if value is not None and value.startswith(value_prefix or ""):
                        found.setdefault(key, set()).add(value)
        return [(key, set(sorted(found[key])[:limit])) for key in keys if key in found]

    def replace_job_origin(self, run: Run, job_origin: object) -> None:
        """Say where the job of a run is defined."""
        with self._lock:
            row = self._runs[run.run_id]
            row.run = row.run.with_job_origin(job_origin)

    def delete_run(self, run_id: str) -> None:
        """Forget a run (not its events); nothing happens if there is none of this id."""
        with self._lock:
            self._runs.pop(run_id, None)

    def add_snapshot(self, snapshot_id: str, kind: str, body: bytes) -> None:
        """Keep a snapshot; one of the same id is the same."""
        self._snapshots.setdefault(snapshot_id, body)

    def get_snapshot(self, snapshot_id: str) -> bytes | None:
        """Return a snapshot; None if there is none of this id."""
        return self._snapshots.get(snapshot_id)

    def get_cursor_values(self, keys: AbstractSet[str]) -> Mapping[str, str]:
        """Return the small values that were kept under these keys."""
        return {key: self._values[key] for key in sorted(keys) if key in self._values}

    def set_cursor_values(self, pairs: Mapping[str, str]) -> None:
        """Keep small values."""
        self._values.update(pairs)

    # -- the whole -----------------------------------------------------------------------------

    def wipe(self) -> None:
        """Delete everything but the count of entries: a storage id is never given twice."""
        with self._lock:
            self._derive()
            self._entries[:] = [None] * len(self._entries)
            for part in (
                self._by_run,
                self._by_kind,
                self._assets,
                self._checks,
                self._runs,
                self._snapshots,
                self._values,
                self._dynamic,
                self._leases,
                self._pools,
                self._claims,
            ):
                part.clear()
            self.wipe_schedules()

    def dispose(self) -> None:
        """Call what was to be called before entries become durable."""
        self.flush()


def _row(cursor: object) -> int | None:
    """Return the row that a cursor names: itself, or the row of one that names a run too."""
    if cursor is None or isinstance(cursor, int):
        return cursor
    number: int = getattr(cursor, "id")  # noqa: B009  # a RunShardedEventsCursor
    return number


def _drop(ids: list[int], gone: AbstractSet[int]) -> bool:
    """Take *gone* out of *ids*; tell whether any was in."""
    left = [each for each in ids if each not in gone]
    if len(left) == len(ids):
        return False
    ids[:] = left
    return True


def _set_latest(rows: _AssetRows, kind: str, ids: Sequence[int]) -> None:
    if ids:
        rows.latest[kind] = ids[-1]
    else:
        rows.latest.pop(kind, None)


def _order(record: RunRecord, order_by: str | None) -> tuple[float, int]:
    """Return where a run stands in an order; runs that lack the instant stand at the beginning."""
    if order_by not in _ORDERS:
        return 0.0, record.storage_id
    value = getattr(record, order_by)
    if isinstance(value, datetime):
        value = value.timestamp()
    return value if value is not None else float("-inf"), record.storage_id
