"""
Questions about events.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import nullcontext
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, bindparam, delete, func, select, update

from orrery.adapters.storage.sql.entries import record_of, select_records
from orrery.adapters.storage.sql.latest import forget_steps, refresh_partitions
from orrery.adapters.storage.sql.tables import asset_partitions, assets, checks, counters, events, run_keys
from orrery.base.bulk import collection_paused
from orrery.base.keys import AssetKey
from orrery.model.events.compact import unpack_entry
from orrery.model.events.entry import (
    EventLogRecord,
    EventRecordsFilter,
    cursor_of_storage_id,
    storage_id_of_cursor,
)
from orrery.model.events.event import ASSET_EVENTS, RUN_EVENTS, EventType
from orrery.model.records.latest import latest_of
from orrery.runtime.ports.event_log import EventLogConnection

__all__ = [
    "delete_events_of_run",
    "latest_by_partition",
    "maximum_id",
    "page_of_run",
    "records_by_id",
    "records_of_kind",
]

_WATCHED = ASSET_EVENTS | RUN_EVENTS
_CHUNK = 500
_MANY = 500
"""While so many entries are made, all of which stay, the garbage collector would take a quarter of the time."""
_MOST = 20_000
"""So many values may stand in one statement, in any database."""
_RECORDS_OF = select_records().where(events.c.id.in_(bindparam("numbers", expanding=True)))
"""Built once: to build a question takes twice as long as to ask it."""


def page_of_run(
    connection: Connection,
    run_id: str,
    cursor: str | None,
    of_type: EventType | AbstractSet[EventType] | None,
    limit: int | None,
    ascending: bool,
) -> EventLogConnection:
    """Return a page of the log of a run."""
    start = storage_id_of_cursor(cursor) if cursor else None
    number = select(run_keys.c.id).where(run_keys.c.run_id == run_id).scalar_subquery()
    wanted = select(events.c.id, events.c.kind, events.c.at, events.c.body).where(events.c.run == number)
    if of_type is not None:
        kinds = {of_type} if isinstance(of_type, EventType) else of_type
        wanted = wanted.where(events.c.kind.in_([kind.value for kind in kinds]))
    if start is not None:
        wanted = wanted.where(events.c.id > start if ascending else events.c.id < start)
    wanted = wanted.order_by(events.c.id if ascending else events.c.id.desc())
    if limit is not None:
        wanted = wanted.limit(limit + 1)
    with nullcontext() if limit is not None and limit < _MANY else collection_paused():
        rows = connection.execute(wanted).all()
        page = [
            EventLogRecord(storage_id, unpack_entry(body, kind, run_id, at))
            for storage_id, kind, at, body in (rows if limit is None else rows[:limit])
        ]
    last = page[-1].storage_id if page else -1 if start is None else start
    return EventLogConnection(page, cursor_of_storage_id(last), len(rows) > len(page))


def records_of_kind(
    connection: Connection,
    wanted: EventRecordsFilter,
    job_names: Sequence[str] | None,
    limit: int | None,
    ascending: bool,
) -> Sequence[EventLogRecord]:
    """Return the entries of one kind that pass the filter."""
    for name in ("asset_partitions", "storage_ids"):
        values = getattr(wanted, name)
        if values is not None and len(values) > _MOST:
            found = {
                record.storage_id: record
                for start in range(0, len(values), _MOST)
                for record in records_of_kind(
                    connection,
                    msgspec.structs.replace(wanted, **{name: list(values[start : start + _MOST])}),
                    job_names,
                    limit,
                    ascending,
                )
            }
            return [found[number] for number in sorted(found, reverse=not ascending)][:limit]
    query = select_records().where(*_conditions(connection, wanted))
    query = query.order_by(events.c.id if ascending else events.c.id.desc())
    if job_names is None:
        return _records(connection, query if limit is None else query.limit(limit))
    names = set(job_names)
    chosen: list[EventLogRecord] = []
    for row in connection.execute(query):
        record = record_of(row)
        event = record.event_log_entry.dagster_event
        if event is not None and event.job_name in names:
            chosen.append(record)
            if limit is not None and len(chosen) >= limit:
                break
    return chosen


def _conditions(connection: Connection, wanted: EventRecordsFilter) -> list[Any]:
    kind = wanted.event_type.value
    conditions: list[Any] = [events.c.kind == kind]
    if kind in _WATCHED and wanted.asset_key is None:
        conditions.append(events.c.watched == 1)
    if wanted.asset_key is not None:
        key = wanted.asset_key.to_db_string()
        conditions.append(events.c.asset == select(assets.c.id).where(assets.c.key == key).scalar_subquery())
    if wanted.asset_partitions is not None:
        conditions.append(events.c.partition.in_(list(wanted.asset_partitions)))
    after, before = _number(wanted.after_cursor), _number(wanted.before_cursor)
    if after is not None:
        conditions.append(events.c.id > after)
    if before is not None:
        conditions.append(events.c.id < before)
    if wanted.after_timestamp is not None:
        conditions.append(events.c.at > wanted.after_timestamp)
    if wanted.before_timestamp is not None:
        conditions.append(events.c.at < wanted.before_timestamp)
    if wanted.storage_ids is not None:
        conditions.append(events.c.id.in_(_several(connection, wanted.storage_ids)))
    return conditions


def _several(connection: Connection, numbers: Sequence[int]) -> Any:
    """Return what stands for many numbers in a condition."""
    if connection.dialect.name != "sqlite":
        return list(numbers)
    # One parameter for all: a list of hundreds is written out at each question.
    return select(func.json_each(json.dumps(list(numbers))).table_valued("value").c.value)


def _number(cursor: object) -> int | None:
    if cursor is None or isinstance(cursor, int):
        return cursor
    number: int = getattr(cursor, "id")  # noqa: B009  # a RunShardedEventsCursor
    return number


def _records(connection: Connection, query: Select[Any]) -> list[EventLogRecord]:
    return [record_of(row) for row in connection.execute(query)]


def records_by_id(connection: Connection, storage_ids: Iterable[int | None]) -> Mapping[int, EventLogRecord]:
    """Return the records with these storage ids, by id."""
    wanted = sorted({number for number in storage_ids if number is not None})
    found: dict[int, EventLogRecord] = {}
    for start in range(0, len(wanted), _CHUNK):
        rows = connection.execute(_RECORDS_OF, {"numbers": wanted[start : start + _CHUNK]})
        found.update((record.storage_id, record) for record in map(record_of, rows))
    return found


def maximum_id(connection: Connection) -> int | None:
    """Return the storage id of the newest entry; None if there never was one."""
    value = connection.execute(select(counters.c.value).where(counters.c.name == "events")).scalar()
    return value or None


_LATEST = {
    "ASSET_MATERIALIZATION": asset_partitions.c.materialization,
    "ASSET_OBSERVATION": asset_partitions.c.observation,
    "ASSET_MATERIALIZATION_PLANNED": asset_partitions.c.planned,
    "ASSET_FAILED_TO_MATERIALIZE": asset_partitions.c.failed,
}


def latest_by_partition(
    connection: Connection,
    key: AssetKey,
    event_type: EventType,
    *,
    partitions: AbstractSet[str] | None = None,
    after: int | None = None,
    before: int | None = None,
) -> Mapping[str, int]:
    """
    Return the storage id of the newest entry of this kind for each partition of an asset.

    With *before*, the newest before it: from the log, as far back as that goes.
    """
    number = select(assets.c.id).where(assets.c.key == key.to_db_string()).scalar_subquery()
    latest = _LATEST.get(event_type.value)
    query: Any
    if latest is not None and before is None:
        query = select(asset_partitions.c.partition, latest).where(asset_partitions.c.asset == number)
        query = query.where(latest.is_not(None) if after is None else latest > after)
    else:
        query = (
            select(events.c.partition, func.max(events.c.id))
            .where(events.c.asset == number, events.c.kind == event_type.value, events.c.partition.is_not(None))
            .group_by(events.c.partition)
        )
        if after is not None:
            query = query.where(events.c.id > after)
        if before is not None:
            query = query.where(events.c.id < before)
    if partitions is None:
        return {row[0]: row[1] for row in connection.execute(query)}
    named = asset_partitions.c.partition if latest is not None and before is None else events.c.partition
    wanted = sorted(partitions)
    found: dict[str, int] = {}
    for start in range(0, len(wanted), _CHUNK):
        rows = connection.execute(query.where(named.in_(wanted[start : start + _CHUNK])))
        found.update((row[0], row[1]) for row in rows)
    return found


def delete_events_of_run(connection: Connection, run_id: str) -> None:
    """Delete the log of a run; what was the latest of an asset or check is found anew."""
    number = connection.execute(select(run_keys.c.id).where(run_keys.c.run_id == run_id)).scalar()
    if number is None:
        return
    of_run = events.c.run == number
    touched_assets = connection.execute(
        select(events.c.asset).where(of_run, events.c.asset.is_not(None)).distinct()
    ).scalars()
    touched_checks = connection.execute(
        select(events.c.check_id).where(of_run, events.c.check_id.is_not(None)).distinct()
    ).scalars()
    touched_partitions = connection.execute(
        select(events.c.asset, events.c.partition)
        .where(of_run, events.c.asset.is_not(None), events.c.partition.is_not(None))
        .distinct()
    ).all()
    changed_assets, changed_checks = list(touched_assets), list(touched_checks)
    connection.execute(delete(events).where(of_run))
    forget_steps(connection, number)
    for asset in changed_assets:
        refresh_asset(connection, asset)
        refresh_partitions(connection, asset, [row.partition for row in touched_partitions if row.asset == asset])
    for check in changed_checks:
        latest = {
            "planned": _latest(events.c.check_id == check, "ASSET_CHECK_EVALUATION_PLANNED"),
            "evaluation": _latest(events.c.check_id == check, "ASSET_CHECK_EVALUATION"),
        }
        connection.execute(update(checks).where(checks.c.id == check).values(**latest))


def refresh_asset(connection: Connection, asset: int) -> None:
    """Find the latest of an asset anew, from the entries that are there."""
    of_asset = events.c.asset == asset
    columns = {kind: column.name for kind, column in _LATEST.items()}
    newest = {kind: _latest(of_asset, kind) for kind in columns}
    found = connection.execute(select(*(query.label(columns[kind]) for kind, query in newest.items()))).one()
    records = records_by_id(connection, found)
    made, observed, planned, failed = (
        records.get(number) for number in (found.materialization, found.observation, found.planned, found.failed)
    )
    state = latest_of(made, observed, planned, failed)
    run = select(events.c.run).where(events.c.id == state.planned).scalar_subquery()
    connection.execute(
        update(assets)
        .where(assets.c.id == asset)
        .values(
            materialization=state.materialization,
            observation=state.observation,
            planned=state.planned,
            failed=state.failed,
            materialized_at=state.materialized_at,
            observed_at=state.observed_at,
            planned_run=run,
            data_version=state.data_version,
            code_version=state.code_version,
            observed_version=state.observed_version,
            last_run=state.last_run_id,
        )
    )


def _latest(condition: Any, kind: str) -> Any:
    return select(func.max(events.c.id)).where(condition, events.c.kind == kind).scalar_subquery()
