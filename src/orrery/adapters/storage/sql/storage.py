"""
The ports of records over a SQL database.

Appends go through the writer's thread; reads of this object wait for it first, so what was appended is
seen. Everything else is written at once, by the caller's thread, over the same single connection.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, delete, update
from sqlalchemy.exc import DBAPIError

from orrery.adapters.storage.sql import assets as _assets
from orrery.adapters.storage.sql import events as _events
from orrery.adapters.storage.sql import runs as _runs
from orrery.adapters.storage.sql import schedules as _schedules
from orrery.adapters.storage.sql import tables
from orrery.adapters.storage.sql.append import PROMISED_KINDS, Numbers, append_entries
from orrery.adapters.storage.sql.writer import Batch, Writer
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.model.events.entry import EventLogEntry, EventLogRecord, EventRecordsFilter
from orrery.model.events.event import EventType
from orrery.model.records.run import Run, RunRecord, RunsFilter
from orrery.runtime.ports.event_log import AssetState, CheckState, EventLogConnection
from orrery.runtime.ports.schedules import InstigatorRow, TickRow

__all__ = ["SqlStorage"]


class SqlStorage:
    """
    Keeps events, runs and ticks in a SQL database.

    Args:
        reading: Engine whose connections read.
        writing: Engine whose connection writes; its transactions exclude other writers from the start.
        set_durable: Called with the writing connection and whether the next transaction must be on the
            disk when it is committed.
        tell: Turns an error of the driver into one of ours.
    """

    def __init__(
        self,
        *,
        reading: Engine,
        writing: Engine,
        set_durable: Callable[[Connection, bool], None],
        tell: Callable[[DBAPIError], Exception],
    ) -> None:
        self._reading = reading
        self._writing = writing
        self._set_durable = set_durable
        self._tell = tell
        self._writer = Writer(self._store)
        self._inherited: list[object] = []
        self._begin()
        self._forget = _flush_at_exit(self)

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._connection: Connection | None = None
        self._numbers = Numbers()

    @property
    def is_persistent(self) -> bool:
        """Tell that what is stored outlives the process."""
        return True

    # -- connections ---------------------------------------------------------------------------

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        self._mind_fork()
        self._writer.settle()
        try:
            with self._reading.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise self._tell(error) from error

    @contextmanager
    def _write(self, *, durable: bool) -> Iterator[Connection]:
        self._mind_fork()
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._writing.connect()
                self._set_durable(self._connection, durable)
                with self._connection.begin():
                    yield self._connection
            except DBAPIError as error:
                raise self._tell(error) from error

    @contextmanager
    def _change(self, *, durable: bool = True) -> Iterator[Connection]:
        self._writer.settle()
        with self._write(durable=durable) as connection:
            yield connection

    def _mind_fork(self) -> None:
        """In a forked child, leave the parent's connections alone and open others."""
        if os.getpid() != self._pid:
            # Referred to for ever: closing them here could take the parent's locks and files away.
            self._inherited.append((self._connection, self._reading.pool, self._writing.pool))
            self._reading.dispose(close=False)
            self._writing.dispose(close=False)
            self._begin()

    def _store(self, batches: Sequence[Batch]) -> None:
        entries = [entry for batch in batches for entry in batch.entries]
        durable = any(
            entry.dagster_event is not None and entry.dagster_event.event_type_value in PROMISED_KINDS
            for entry in entries
        )
        if entries:
            try:
                with self._write(durable=durable) as connection:
                    append_entries(connection, entries, self._numbers)
            except BaseException:
                self._numbers = Numbers()  # rows that were rolled back had numbers
                raise

    # -- appending -----------------------------------------------------------------------------

    def store_entries(self, entries: Sequence[EventLogEntry], before: Callable[[], None] | None = None) -> None:
        """Append *entries* in this order, all or none; durable when ``flush`` returns."""
        self._writer.submit(Batch(tuple(entries), before))

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
        with self._read() as connection:
            return _events.page_of_run(connection, run_id, cursor, of_type, limit, ascending)

    def get_event_records(
        self, event_records_filter: EventRecordsFilter, limit: int | None = None, ascending: bool = False
    ) -> Sequence[EventLogRecord]:
        """Return the entries of one kind that pass the filter."""
        with self._read() as connection:
            return _events.records_of_kind(connection, event_records_filter, None, limit, ascending)

    def get_run_status_change_records(
        self,
        event_records_filter: EventRecordsFilter,
        job_names: Sequence[str] | None = None,
        limit: int | None = None,
        ascending: bool = False,
    ) -> Sequence[EventLogRecord]:
        """Return the entries about runs that pass the filter."""
        with self._read() as connection:
            return _events.records_of_kind(connection, event_records_filter, job_names, limit, ascending)

    def get_maximum_record_id(self) -> int | None:
        """Return the storage id of the newest entry; None if there is none."""
        with self._read() as connection:
            return _events.maximum_id(connection)

    def delete_events(self, run_id: str) -> None:
        """Delete the log of a run; the latest state of assets then follows from what is left."""
        with self._change() as connection:
            _events.delete_events_of_run(connection, run_id)

    # -- assets --------------------------------------------------------------------------------

    def get_asset_states(self, asset_keys: Sequence[AssetKey] | None = None) -> Sequence[AssetState]:
        """Return the states of these assets, or of all, in the order of their keys."""
        with self._read() as connection:
            return _assets.asset_states(connection, asset_keys)

    def get_asset_keys(
        self, prefix: Sequence[str] | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Sequence[AssetKey]:
        """Return the keys of known assets below *prefix*, in the order of their stored form, after *cursor*."""
        with self._read() as connection:
            return _assets.asset_keys(connection, prefix, limit, cursor)

    def has_asset_key(self, asset_key: AssetKey) -> bool:
        """Tell whether an asset was ever seen and not wiped."""
        with self._read() as connection:
            return _assets.has_asset(connection, asset_key)

    def get_materialized_partitions(
        self, asset_key: AssetKey, before_cursor: int | None = None, after_cursor: int | None = None
    ) -> set[str]:
        """Return the partitions with a materialization whose storage id lies between the cursors."""
        with self._read() as connection:
            return set(
                _events.latest_by_partition(
                    connection, asset_key, EventType.ASSET_MATERIALIZATION, after=after_cursor, before=before_cursor
                )
            )

    def get_latest_storage_id_by_partition(
        self,
        asset_key: AssetKey,
        event_type: EventType,
        partitions: AbstractSet[str] | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, int]:
        """Return the storage id of the newest entry of this kind for each partition."""
        with self._read() as connection:
            return _events.latest_by_partition(
                connection, asset_key, event_type, partitions=partitions, after=after_cursor
            )

    def get_planned_partitions(self, asset_key: AssetKey) -> Mapping[str, str]:
        """Return the run that last planned each partition whose plan is newer than what came of it."""
        with self._read() as connection:
            return _assets.planned_partitions(connection, asset_key)

    def get_failed_partitions(self, asset_key: AssetKey) -> set[str]:
        """Return the partitions whose latest event is a failure to make them."""
        with self._read() as connection:
            return _assets.failed_partitions(connection, asset_key)

    def wipe_asset(self, asset_key: AssetKey) -> None:
        """Forget an asset; the logs of its runs stay."""
        with self._change() as connection:
            _assets.wipe_asset(connection, asset_key)

    def wipe_asset_partitions(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> None:
        """Forget these partitions of an asset."""
        with self._change() as connection:
            _assets.wipe_partitions(connection, asset_key, partition_keys)

    def get_check_states(self, check_keys: Sequence[AssetCheckKey]) -> Sequence[CheckState]:
        """Return the states of these checks; unknown ones are left out."""
        with self._read() as connection:
            return _assets.check_states(connection, check_keys)

    def get_check_evaluations(
        self, check_key: AssetCheckKey, limit: int, cursor: int | None = None
    ) -> Sequence[EventLogRecord]:
        """Return the evaluations of a check before *cursor*, newest first."""
        with self._read() as connection:
            return _assets.check_evaluations(connection, check_key, limit, cursor)

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Return the keys of a dynamic partitions definition, in the order in which they were added."""
        with self._read() as connection:
            return _assets.dynamic_keys(connection, partitions_def_name)

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Tell whether a dynamic partition exists."""
        with self._read() as connection:
            return _assets.has_dynamic(connection, partitions_def_name, partition_key)

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Iterable[str]) -> None:
        """Add dynamic partitions; those that exist stay where they are."""
        with self._change() as connection:
            _assets.add_dynamic(connection, partitions_def_name, partition_keys)

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Delete a dynamic partition; nothing happens if it does not exist."""
        with self._change() as connection:
            _assets.delete_dynamic(connection, partitions_def_name, partition_key)

    # -- runs ----------------------------------------------------------------------------------

    def add_run(self, run: Run) -> Run:
        """Keep a new run; it becomes durable with its first promised event."""
        with self._write(durable=False) as connection:
            _runs.add_run(connection, run, _now())
        return run

    def has_run(self, run_id: str) -> bool:
        """Tell whether there is a run of this id."""
        with self._read() as connection:
            return _runs.has_run(connection, run_id)

    def get_run_records(
        self,
        filters: RunsFilter | None = None,
        limit: int | None = None,
        order_by: str | None = None,
        ascending: bool = False,
        cursor: str | None = None,
    ) -> Sequence[RunRecord]:
        """Return the runs that pass the filter, newest first."""
        with self._read() as connection:
            return _runs.run_records(connection, filters, limit, order_by, ascending, cursor)

    def get_runs_count(self, filters: RunsFilter | None = None) -> int:
        """Return how many runs pass the filter."""
        with self._read() as connection:
            return _runs.count_runs(connection, filters)

    def add_run_tags(self, run_id: str, new_tags: Mapping[str, str]) -> None:
        """Add tags to a run, over its own."""
        with self._change() as connection:
            _runs.add_tags(connection, run_id, new_tags, _now())

    def get_run_tag_keys(self) -> Sequence[str]:
        """Return the keys of tags that any run has, in order."""
        with self._read() as connection:
            return _runs.tag_keys(connection)

    def get_run_tags(
        self, tag_keys: Sequence[str], value_prefix: str | None = None, limit: int | None = None
    ) -> Sequence[tuple[str, AbstractSet[str]]]:
        """Return the values that these tags have in any run."""
        with self._read() as connection:
            return _runs.tag_values(connection, tag_keys, value_prefix, limit)

    def replace_job_origin(self, run: Run, job_origin: object) -> None:
        """Say where the job of a run is defined."""
        with self._change() as connection:
            _runs.replace_run(connection, run.with_job_origin(job_origin), _now())

    def delete_run(self, run_id: str) -> None:
        """Forget a run (not its events); nothing happens if there is none of this id."""
        with self._change() as connection:
            _runs.delete_run(connection, run_id)

    def add_snapshot(self, snapshot_id: str, kind: str, body: bytes) -> None:
        """Keep a snapshot; one of the same id is the same."""
        with self._change(durable=False) as connection:
            _runs.put_snapshot(connection, snapshot_id, kind, body)

    def get_snapshot(self, snapshot_id: str) -> bytes | None:
        """Return a snapshot; None if there is none of this id."""
        with self._read() as connection:
            return _runs.snapshot_body(connection, snapshot_id)

    def get_cursor_values(self, keys: AbstractSet[str]) -> Mapping[str, str]:
        """Return the small values that were kept under these keys."""
        with self._read() as connection:
            return _runs.get_cursor_values(connection, keys)

    def set_cursor_values(self, pairs: Mapping[str, str]) -> None:
        """Keep small values."""
        with self._change() as connection:
            _runs.set_cursor_values(connection, pairs)

    # -- schedules -----------------------------------------------------------------------------

    def get_instigators(
        self, repository_selector_id: str | None = None, kind: str | None = None, statuses: Sequence[str] | None = None
    ) -> Sequence[InstigatorRow]:
        """Return the stored states, in order of their names."""
        with self._read() as connection:
            return _schedules.get_instigators(connection, repository_selector_id, kind, statuses)

    def get_instigator(self, selector_id: str) -> InstigatorRow | None:
        """Return the stored state of one; None if there is none."""
        with self._read() as connection:
            return _schedules.get_instigator(connection, selector_id)

    def put_instigator(self, row: InstigatorRow) -> None:
        """Keep a state in place of the one before."""
        with self._change() as connection:
            _schedules.put_instigator(connection, row)

    def delete_instigator(self, selector_id: str) -> None:
        """Forget a state; its ticks stay."""
        with self._change() as connection:
            _schedules.delete_instigator(connection, selector_id)

    def add_tick(self, row: TickRow) -> TickRow:
        """Keep a new tick, durably, and return it with its id."""
        with self._change() as connection:
            return _schedules.add_tick(connection, row)

    def update_tick(self, row: TickRow) -> None:
        """Keep a tick in place of the one with its id."""
        with self._change() as connection:
            _schedules.update_tick(connection, row)

    def get_ticks(
        self,
        selector_id: str,
        before: float | None = None,
        after: float | None = None,
        limit: int | None = None,
        statuses: Sequence[str] | None = None,
    ) -> Sequence[TickRow]:
        """Return ticks of a schedule or sensor, newest first."""
        with self._read() as connection:
            return _schedules.get_ticks(connection, selector_id, before, after, limit, statuses)

    def purge_ticks(self, selector_id: str, before: float, statuses: Sequence[str] | None = None) -> int:
        """Delete ticks that are older; return how many."""
        with self._change() as connection:
            return _schedules.purge_ticks(connection, selector_id, before, statuses)

    # -- the whole -----------------------------------------------------------------------------

    def wipe(self) -> None:
        """Delete everything but the numbers that were given: a storage id is never given twice."""
        gone = (
            tables.events,
            tables.runs,
            tables.run_tags,
            tables.snapshots,
            tables.cursor_values,
            tables.dynamic_partitions,
            tables.instigators,
            tables.ticks,
        )
        latest = dict.fromkeys(("last_run", "materialization", "observation", "planned", "failed"))
        with self._change() as connection:
            for table in gone:
                connection.execute(delete(table))
            connection.execute(update(tables.assets).values(known=False, **latest))
            connection.execute(update(tables.checks).values(planned=None, evaluation=None))

    def dispose(self) -> None:
        """Make everything durable and let go of threads and connections; may be called twice."""
        self._mind_fork()
        self._forget()
        try:
            self._writer.close()
            self._writer.wait()
        finally:
            with self._lock:
                if self._connection is not None:
                    self._connection.close()
                    self._connection = None
                self._writing.dispose()
                self._reading.dispose()


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
