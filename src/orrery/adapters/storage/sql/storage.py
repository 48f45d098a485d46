"""
The ports of records over a SQL database.

Appends go through the writer's thread; reads of this object wait for it first, so what was appended is
seen. Everything else is written at once, by the caller's thread, over the same single connection.
"""

from __future__ import annotations

import atexit
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, delete, select, update

from orrery.adapters.storage.answers import Answers
from orrery.adapters.storage.sql import assets as _assets
from orrery.adapters.storage.sql import backfill_tables, lease_tables, tables
from orrery.adapters.storage.sql import events as _events
from orrery.adapters.storage.sql import latest as _latest
from orrery.adapters.storage.sql import pruning as _pruning
from orrery.adapters.storage.sql import runs as _runs
from orrery.adapters.storage.sql import schedules as _schedules
from orrery.adapters.storage.sql import upkeep as _upkeep
from orrery.adapters.storage.sql.append import PROMISED_KINDS, SOON_KINDS, Numbers, append_entries
from orrery.adapters.storage.sql.backfills import SqlBackfills
from orrery.adapters.storage.sql.connections import Connections, Database
from orrery.adapters.storage.sql.leases import SqlLeases, put_new_run
from orrery.adapters.storage.sql.partition_keys import PartitionKeys
from orrery.adapters.storage.sql.writer import Batch, NewRun, Writer
from orrery.base.errors import StorageError, StorageUnavailableError
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.model.events.entry import EventLogEntry, EventLogRecord, EventRecordsFilter
from orrery.model.events.event import EventType
from orrery.model.records.latest import FAILED, MADE, PLANNED, LatestState, PartitionStates, StepState
from orrery.model.records.run import Run, RunRecord, RunsFilter
from orrery.model.records.upkeep import Cutoff, PruneReport, RecordsCheck, RecordsStats
from orrery.runtime.ports.event_log import AssetState, CheckState, EventLogConnection
from orrery.runtime.ports.schedules import InstigatorRow, TickRow

__all__ = ["SqlStorage"]

P = ParamSpec("P")
T = TypeVar("T")


class SqlStorage(SqlLeases, SqlBackfills, Answers):
    """
    Keeps events, runs, ticks, leases and backfills in a SQL database.

    Args:
        database: What this kind of database does its own way.
    """

    def __init__(self, database: Database) -> None:
        self._connections = Connections(database, self._forget_numbers)
        self._writer = Writer(
            self._store,
            fails_for_all=lambda error: isinstance(error, StorageUnavailableError),
            has_room=_ends_run,
            at_rest=self._catch_up,
        )
        self._is_behind = False
        self._numbers = Numbers()
        self._ended: Mapping[str, Run] = {}
        self._partition_keys: dict[AssetKey, PartitionKeys] = {}
        self._forget = _flush_at_exit(self)

    @property
    def is_persistent(self) -> bool:
        """Tell that what is stored outlives the process."""
        return True

    # -- connections ---------------------------------------------------------------------------

    def _ask(self, question: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what *question*, a function that reads, answers; what was appended before is seen."""
        self._connections.mind_fork()
        self._writer.settle()
        return self._connections.read(question, *args, **kwargs)

    def _change(self, act: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do *act* in a transaction of its own, after what was appended before; on the disk when it returns."""
        self._connections.mind_fork()
        self._writer.settle()
        return self._connections.write(act, True, *args, **kwargs)

    def _change_soon(self, act: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the same without waiting for the disk: it is there at the latest with the next durable transaction."""
        self._connections.mind_fork()
        return self._connections.write(act, False, *args, **kwargs)

    def _forget_numbers(self) -> None:
        """Forget the numbers of keys: rows that were rolled back had some."""
        self._numbers = Numbers()

    def _store(self, batches: Sequence[Batch]) -> None:
        entries = [entry for batch in batches for entry in batch.entries]
        kinds = {event.event_type_value for entry in entries if (event := entry.dagster_event) is not None}
        durable = not kinds.isdisjoint(PROMISED_KINDS)
        new_runs = [batch.new_run for batch in batches if batch.new_run is not None]
        if not entries and not new_runs:
            return
        try:
            self._told_ends(self._connections.write(self._append, durable, entries, new_runs))
            self._is_behind = not durable and (self._is_behind or not kinds.isdisjoint(SOON_KINDS))
        except StorageError as error:
            ends_run = len(batches) == 1 and _ends_run(batches[0])
            if not ends_run or not self._connections.database.make_room(error.__cause__):
                raise  # of several, each is tried alone: the room that was kept is for the end of the run
            promised = [entry for entry in entries if _kind(entry) in PROMISED_KINDS]
            self._told_ends(self._connections.write(self._append, True, promised))
            if len(promised) < len(entries):
                raise  # the end of the run is told; what was left out is, too

    def _catch_up(self) -> None:
        """Have on the disk what a power cut could still take back; where it fails, whoever stores next is told."""
        if self._is_behind:
            self._connections.database.catch_up()
            self._is_behind = False

    def _append(
        self, connection: Connection, entries: Sequence[EventLogEntry], new_runs: Sequence[NewRun] = ()
    ) -> Sequence[Run]:
        for run, lease in new_runs:
            put_new_run(connection, run, lease)
        return append_entries(connection, entries, self._numbers) if entries else ()

    def _told_ends(self, runs: Sequence[Run]) -> None:
        """Remember the runs that have ended, until others have: each is asked for at its end."""
        if runs:
            self._ended = {run.run_id: run for run in runs}

    # -- appending -----------------------------------------------------------------------------

    def store_entries(
        self,
        entries: Sequence[EventLogEntry],
        before: Callable[[], None] | None = None,
        after: Callable[[], None] | None = None,
        *,
        is_last: bool = False,
    ) -> None:
        """Append *entries* in this order, all or none; durable when ``flush`` returns."""
        self._writer.submit(Batch(tuple(entries), before, after, is_last))

    def relieve(self) -> None:
        """Wait a moment if much is to be written, and the disk is quick."""
        self._writer.relieve()

    def raise_lost(self, run_id: str) -> None:
        """Raise what lost entries of a run, if anything did by now."""
        self._writer.raise_lost(run_id)

    def settle(self) -> None:
        """Wait until everything appended before is durable, or was lost."""
        self._writer.settle()

    def flush(self, run_id: str | None = None) -> None:
        """Wait until everything appended before is durable; raise what lost entries (of this run)."""
        self._writer.wait(run_id)

    # -- events --------------------------------------------------------------------------------

    def get_records_for_run(
        self,
        run_id: str,
        cursor: str | None = None,
        of_type: EventType | AbstractSet[EventType] | None = None,
        limit: int | None = None,
        ascending: bool = True,
    ) -> EventLogConnection:
        """Return a page of the log of a run, also lines that are no events."""
        return self._ask(_events.page_of_run, run_id, cursor, of_type, limit, ascending)

    def get_event_records(
        self, event_records_filter: EventRecordsFilter, limit: int | None = None, ascending: bool = False
    ) -> Sequence[EventLogRecord]:
        """Return the entries of one kind that pass the filter."""
        return self._ask(_events.records_of_kind, event_records_filter, None, limit, ascending)

    def get_run_status_change_records(
        self,
        event_records_filter: EventRecordsFilter,
        job_names: Sequence[str] | None = None,
        limit: int | None = None,
        ascending: bool = False,
    ) -> Sequence[EventLogRecord]:
        """Return the entries about runs that pass the filter."""
        return self._ask(_events.records_of_kind, event_records_filter, job_names, limit, ascending)

    def get_maximum_record_id(self) -> int | None:
        """Return the storage id of the newest entry; None if there is none."""
        return self._ask(_events.maximum_id)

    def delete_events(self, run_id: str) -> None:
        """Delete the log of a run; the latest state of assets then follows from what is left."""
        self._change(_events.delete_events_of_run, run_id)

    # -- assets --------------------------------------------------------------------------------

    def get_asset_states(self, asset_keys: Sequence[AssetKey] | None = None) -> Sequence[AssetState]:
        """Return the states of these assets, or of all, in the order of their keys."""
        return self._ask(_assets.asset_states, asset_keys)

    def get_latest_materializations(self, asset_keys: Sequence[AssetKey]) -> Mapping[AssetKey, EventLogRecord]:
        """Return for each asset the entry that tells when it was last made; those that never were are left out."""
        return self._ask(_assets.latest_materializations, asset_keys)

    def get_asset_keys(
        self, prefix: Sequence[str] | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Sequence[AssetKey]:
        """Return the keys of known assets below *prefix*, in the order of their stored form, after *cursor*."""
        return self._ask(_assets.asset_keys, prefix, limit, cursor)

    def has_asset_key(self, asset_key: AssetKey) -> bool:
        """Tell whether an asset was ever seen and not wiped."""
        return self._ask(_assets.has_asset, asset_key)

    def get_materialized_partitions(
        self, asset_key: AssetKey, before_cursor: int | None = None, after_cursor: int | None = None
    ) -> set[str]:
        """Return the partitions with a materialization whose storage id lies between the cursors."""
        if after_cursor is None and before_cursor is None:
            return set(self.get_partition_states(asset_key).keys_with(MADE))
        made = EventType.ASSET_MATERIALIZATION
        return set(self._ask(_events.latest_by_partition, asset_key, made, after=after_cursor, before=before_cursor))

    def get_latest_storage_id_by_partition(
        self,
        asset_key: AssetKey,
        event_type: EventType,
        partitions: AbstractSet[str] | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, int]:
        """Return the storage id of the newest entry of this kind for each partition."""
        return self._ask(_events.latest_by_partition, asset_key, event_type, partitions=partitions, after=after_cursor)

    def get_latest_of_assets(self, asset_keys: Sequence[AssetKey]) -> Mapping[AssetKey, LatestState]:
        """Return the latest that is known of these assets, without the entries themselves."""
        return self._ask(_assets.latest_of_assets, asset_keys)

    def get_latest_of_partitions(
        self, asset_key: AssetKey, partitions: Iterable[str] | None = None
    ) -> Mapping[str, LatestState]:
        """Return the latest that is known of these partitions, or of all; unknown ones are left out."""
        wanted = None if partitions is None else list(partitions)

        def ask(connection: Connection) -> Mapping[str, LatestState]:
            return _latest.latest_of_partitions(connection, _assets.asset_number(connection, asset_key), wanted)

        return self._ask(ask)

    def get_partition_states(self, asset_key: AssetKey) -> PartitionStates:
        """Return how the partitions of an asset stand, made, failed or planned, in columns."""
        remembered = self._partition_keys.setdefault(asset_key, PartitionKeys())

        def ask(connection: Connection) -> PartitionStates:
            number = _assets.asset_number(connection, asset_key)
            return _latest.partition_states(connection, number, remembered)

        return self._ask(ask)

    def get_step_states(self, run_id: str, step_keys: Iterable[str] | None = None) -> Sequence[StepState]:
        """Return how the steps of a run stand, or these of them, in the order of their keys."""
        return self._ask(_latest.step_states, run_id, None if step_keys is None else list(step_keys))

    def get_planned_partitions(self, asset_key: AssetKey) -> Mapping[str, str]:
        """Return the run that last planned each partition whose plan is newer than what came of it."""
        planned = self.get_partition_states(asset_key).keys_with(PLANNED)
        latest = self.get_latest_of_partitions(asset_key, planned) if planned else {}
        return {key: state.planned_run_id for key, state in latest.items() if state.planned_run_id is not None}

    def get_failed_partitions(self, asset_key: AssetKey) -> set[str]:
        """Return the partitions whose latest event is a failure to make them."""
        return set(self.get_partition_states(asset_key).keys_with(FAILED))

    def wipe_asset(self, asset_key: AssetKey) -> None:
        """Forget an asset; the logs of its runs stay."""
        self._change(_assets.wipe_asset, asset_key)

    def wipe_asset_partitions(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> None:
        """Forget these partitions of an asset."""
        self._change(_assets.wipe_partitions, asset_key, partition_keys)

    def get_check_states(self, check_keys: Sequence[AssetCheckKey]) -> Sequence[CheckState]:
        """Return the states of these checks; unknown ones are left out."""
        return self._ask(_assets.check_states, check_keys)

    def get_check_evaluations(
        self, check_key: AssetCheckKey, limit: int, cursor: int | None = None
    ) -> Sequence[EventLogRecord]:
        """Return the evaluations of a check before *cursor*, newest first."""
        return self._ask(_assets.check_evaluations, check_key, limit, cursor)

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Return the keys of a dynamic partitions definition, in the order in which they were added."""
        return self._ask(_assets.dynamic_keys, partitions_def_name)

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Tell whether a dynamic partition exists."""
        return self._ask(_assets.has_dynamic, partitions_def_name, partition_key)

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Iterable[str]) -> None:
        """Add dynamic partitions; those that exist stay where they are."""
        self._change(_assets.add_dynamic, partitions_def_name, partition_keys)

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Delete a dynamic partition; nothing happens if it does not exist."""
        self._change(_assets.delete_dynamic, partitions_def_name, partition_key)

    # -- runs ----------------------------------------------------------------------------------

    def add_run(self, run: Run) -> Run:
        """Keep a new run; it becomes durable with its first promised event."""
        self._change_soon(_runs.add_run, run, _now())
        return run

    def get_ended_run(self, run_id: str) -> Run | None:
        """Return a run as it stood when its end was stored here, or as it stands."""
        self._writer.settle()
        found = self._ended.get(run_id)
        if found is None:
            found = next((record.dagster_run for record in self.get_run_records(RunsFilter(run_ids=[run_id]))), None)
        return found

    def has_run(self, run_id: str) -> bool:
        """Tell whether there is a run of this id."""
        return self._ask(_runs.has_run, run_id)

    def get_run_records(
        self,
        filters: RunsFilter | None = None,
        limit: int | None = None,
        order_by: str | None = None,
        ascending: bool = False,
        cursor: str | None = None,
    ) -> Sequence[RunRecord]:
        """Return the runs that pass the filter, newest first."""
        return self._ask(_runs.run_records, filters, limit, order_by, ascending, cursor)

    def get_runs_count(self, filters: RunsFilter | None = None) -> int:
        """Return how many runs pass the filter."""
        return self._ask(_runs.count_runs, filters)

    def add_run_tags(self, run_id: str, new_tags: Mapping[str, str]) -> None:
        """Add tags to a run, over its own."""
        self._change(_runs.add_tags, run_id, new_tags, _now())

    def get_run_tag_keys(self) -> Sequence[str]:
        """Return the keys of tags that any run has, in order."""
        return self._ask(_runs.tag_keys)

    def get_run_tags(
        self, tag_keys: Sequence[str], value_prefix: str | None = None, limit: int | None = None
    ) -> Sequence[tuple[str, AbstractSet[str]]]:
        """Return the values that these tags have in any run."""
        return self._ask(_runs.tag_values, tag_keys, value_prefix, limit)

    def replace_job_origin(self, run: Run, job_origin: object) -> None:
        """Say where the job of a run is defined."""
        self._change(_runs.replace_run, run.with_job_origin(job_origin), _now())

    def delete_run(self, run_id: str) -> None:
        """Forget a run (not its events); nothing happens if there is none of this id."""
        self._change(_runs.delete_run, run_id)

    def add_snapshot(self, snapshot_id: str, kind: str, body: bytes) -> None:
        """Keep a snapshot; one of the same id is the same."""
        self._change_soon(_runs.put_snapshot, snapshot_id, kind, body)

    def get_snapshot(self, snapshot_id: str) -> bytes | None:
        """Return a snapshot; None if there is none of this id."""
        return self._ask(_runs.snapshot_body, snapshot_id)

    def get_cursor_values(self, keys: AbstractSet[str]) -> Mapping[str, str]:
        """Return the small values that were kept under these keys."""
        return self._ask(_runs.get_cursor_values, keys)

    def set_cursor_values(self, pairs: Mapping[str, str]) -> None:
        """Keep small values."""
        self._change(_runs.set_cursor_values, pairs)

    # -- schedules -----------------------------------------------------------------------------

    def get_instigators(
        self, repository_selector_id: str | None = None, kind: str | None = None, statuses: Sequence[str] | None = None
    ) -> Sequence[InstigatorRow]:
        """Return the stored states, in order of their names."""
        return self._ask(_schedules.get_instigators, repository_selector_id, kind, statuses)

    def get_instigator(self, selector_id: str) -> InstigatorRow | None:
        """Return the stored state of one; None if there is none."""
        return self._ask(_schedules.get_instigator, selector_id)

    def put_instigator(self, row: InstigatorRow) -> None:
        """Keep a state in place of the one before."""
        self._change(_schedules.put_instigator, row)

    def delete_instigator(self, selector_id: str) -> None:
        """Forget a state; its ticks stay."""
        self._change(_schedules.delete_instigator, selector_id)

    def add_tick(self, row: TickRow) -> TickRow:
        """Keep a new tick, durably, and return it with its id."""
        return self._change(_schedules.add_tick, row)

    def update_tick(self, row: TickRow) -> None:
        """Keep a tick in place of the one with its id."""
        self._change(_schedules.update_tick, row)

    def get_ticks(
        self,
        selector_id: str,
        before: float | None = None,
        after: float | None = None,
        limit: int | None = None,
        statuses: Sequence[str] | None = None,
    ) -> Sequence[TickRow]:
        """Return ticks of a schedule or sensor, newest first."""
        return self._ask(_schedules.get_ticks, selector_id, before, after, limit, statuses)

    def purge_ticks(self, selector_id: str, before: float, statuses: Sequence[str] | None = None) -> int:
        """Delete ticks that are older; return how many."""
        return self._change(_schedules.purge_ticks, selector_id, before, statuses)

    # -- upkeep --------------------------------------------------------------------------------

    def get_stats(self) -> RecordsStats:
        """Return how much there is, by kind."""
        database = self._connections.database

        def ask(connection: Connection) -> RecordsStats:
            size_bytes, free_bytes = database.sizes(connection)
            return RecordsStats(
                place=str(database),
                schema=tables.SCHEMA_VERSION,
                size_bytes=size_bytes,
                free_bytes=free_bytes,
                events=_upkeep.event_stats(connection),
                rows=_upkeep.row_counts(connection),
            )

        return self._ask(ask)

    def prune(
        self,
        cutoffs: Mapping[str, Cutoff],
        *,
        dry_run: bool = False,
        after: int = 0,
        seconds: float | None = None,
    ) -> PruneReport:
        """Delete what is beyond its cutoff and on which nothing of the present rests."""
        self._writer.settle()
        return _pruning.prune(self._connections, cutoffs, dry_run=dry_run, after=after, seconds=seconds)

    def check_records(self) -> RecordsCheck:
        """Read everything, and return what is wrong."""
        database = self._connections.database

        def ask(connection: Connection) -> RecordsCheck:
            problems = database.find_damage(connection)
            found, read = ([], 0) if problems else _upkeep.find_problems(connection)
            return RecordsCheck(place=str(database), problems=(*problems, *found), entries_read=read)

        return self._ask(ask)

    # -- the whole -----------------------------------------------------------------------------

    def wipe(self) -> None:
        """Delete everything but the numbers that were given: a storage id is never given twice."""
        self._change(_wipe)

    def dispose(self) -> None:
        """Make everything durable and let go of threads and connections; may be called twice."""
        self._connections.mind_fork()
        self._forget()
        try:
            self._writer.close()
            self._writer.wait()
        finally:
            self._connections.close()


_ENDS = frozenset({"PIPELINE_SUCCESS", "PIPELINE_FAILURE", "PIPELINE_CANCELED"})


def _kind(entry: EventLogEntry) -> str | None:
    return None if entry.dagster_event is None else entry.dagster_event.event_type_value


def _ends_run(batch: Batch) -> bool:
    return any(_kind(entry) in _ENDS for entry in batch.entries)


def _wipe(connection: Connection) -> None:
    gone = (
        tables.events,
        tables.runs,
        tables.run_tags,
        tables.snapshots,
        tables.cursor_values,
        tables.dynamic_partitions,
        tables.instigators,
        tables.ticks,
        lease_tables.leases,
        lease_tables.pools,
        lease_tables.pool_claims,
        tables.run_steps,
        backfill_tables.backfills,
        backfill_tables.backfill_runs,
    )
    for table in gone:
        connection.execute(delete(table))
    for number in connection.execute(select(tables.assets.c.id)).scalars().all():
        _latest.forget_partitions(connection, number)
    nothing = dict.fromkeys(column.name for column in tables.assets.c if column.name not in ("id", "key", "known"))
    connection.execute(update(tables.assets).values(known=False, **nothing))
    connection.execute(update(tables.checks).values(planned=None, evaluation=None))


def _now() -> float:
    """Return the present instant, no finer than a ``datetime`` tells it."""
    return round(time.time(), 6)


def _flush_at_exit(storage: SqlStorage) -> Callable[[], None]:
    """Have what waits written when the interpreter ends; return what takes that back."""
    reference = weakref.ref(storage)

    def flush() -> None:
        found = reference()
        if found is not None:
            found.flush()

    atexit.register(flush)
    return lambda: atexit.unregister(flush)
