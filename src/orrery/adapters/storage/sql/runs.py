"""
Questions about runs, and changes of them that are no events.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, any_, bindparam, case, delete, func, insert, literal, select, update

from orrery.adapters.storage.sql.append import insert_or_ignore
from orrery.adapters.storage.sql.dialects import insertion_into
from orrery.adapters.storage.sql.many import execute_one
from orrery.adapters.storage.sql.tables import cursor_values, run_tags, runs, snapshots
from orrery.base.errors import RunAlreadyExistsError, RunNotFoundError
from orrery.base.tags import BACKFILL_ID_TAG, canonical_tags, normalize_run_tags
from orrery.model.records.run import Run, RunRecord, RunsFilter, RunStatus, decode_run, encode_run

__all__ = [
    "add_run",
    "add_tags",
    "count_runs",
    "delete_run",
    "get_cursor_values",
    "has_run",
    "put_snapshot",
    "replace_run",
    "run_records",
    "set_cursor_values",
    "snapshot_body",
    "tag_keys",
    "tag_values",
]

_ORDERS = {
    "create_timestamp": runs.c.created,
    "update_timestamp": runs.c.updated,
    "start_time": runs.c.started,
    "end_time": runs.c.ended,
}
_CHUNK = 500


def add_run(connection: Connection, run: Run, now: float) -> None:
    """Keep a new run."""
    backfill_id, body = run.tags.get(BACKFILL_ID_TAG), encode_run(run)
    row = (run.run_id, run.job_name, run.status.value, run.job_snapshot_id, backfill_id, now, now, body)
    added = execute_one(connection, insert_or_ignore(connection, runs, runs.c.id), _RUN, row)
    if not added:
        raise RunAlreadyExistsError(
            f"Run '{run.run_id}' is recorded already.", mend="give the run an id of its own, or none."
        )
    if run.tags:
        connection.execute(
            insert(run_tags), [{"run": added[0], "key": key, "value": value} for key, value in run.tags.items()]
        )


_RUN = ("run_id", "job_name", "status", "snapshot_id", "backfill_id", "created", "updated", "body")


def has_run(connection: Connection, run_id: str) -> bool:
    """Tell whether there is a run of this id."""
    return connection.execute(select(runs.c.id).where(runs.c.run_id == run_id)).first() is not None


_of_id = select(runs).where(runs.c.run_id == bindparam("run_id"))


def run_records(
    connection: Connection,
    filters: RunsFilter | None,
    limit: int | None,
    order_by: str | None,
    ascending: bool,
    cursor: str | None,
) -> Sequence[RunRecord]:
    """Return the runs that pass the filter."""
    if filters is not None and filters.run_ids and len(filters.run_ids) == 1:
        only = limit != 0 and cursor is None and filters == RunsFilter(run_ids=filters.run_ids)
        if only:  # asked often: the question is kept ready
            return [_record(row) for row in connection.execute(_of_id, {"run_id": filters.run_ids[0]})]
    order = _ORDERS.get(order_by or "")
    # Runs that lack the instant stand at the beginning, in every database.
    place: Any = None if order is None else case((order.is_(None), (-1e300)), else_=order)
    query = _filtered(connection, select(runs), filters)
    if cursor is not None:
        start = connection.execute(
            select(runs.c.id, *([] if place is None else [place.label("place")])).where(runs.c.run_id == cursor)
        ).one_or_none()
        if start is None:
            return []
        query = query.where(_beyond(place, start, ascending))
    keys = [runs.c.id] if place is None else [place, runs.c.id]
    query = query.order_by(*(keys if ascending else [key.desc() for key in keys]))
    if limit is not None:
        query = query.limit(limit)
    return [_record(row) for row in connection.execute(query)]


def _beyond(place: Any, start: Row[Any], ascending: bool) -> Any:
    if place is None:
        return runs.c.id > start.id if ascending else runs.c.id < start.id
    if ascending:
        return (place > start.place) | ((place == start.place) & (runs.c.id > start.id))
    return (place < start.place) | ((place == start.place) & (runs.c.id < start.id))


def count_runs(connection: Connection, filters: RunsFilter | None) -> int:
    """Return how many runs pass the filter."""
    return int(connection.execute(_filtered(connection, select(func.count()).select_from(runs), filters)).scalar_one())


def _named(connection: Connection, run_ids: Sequence[str]) -> Any:
    """Return the condition that a run is one of these; of a few, or of more than fit into a statement one by one."""
    if len(run_ids) <= _CHUNK:
        return runs.c.run_id.in_(list(run_ids))
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # loaded already: this is its connection

        return runs.c.run_id == any_(literal(list(run_ids), postgresql.ARRAY(runs.c.run_id.type)))
    each = func.json_each(json.dumps(list(run_ids), ensure_ascii=False)).table_valued("value")
    return runs.c.run_id.in_(select(each.c.value))


def _filtered(connection: Connection, query: Select[Any], filters: RunsFilter | None) -> Select[Any]:
    if filters is None:
        return query
    if filters.run_ids is not None:
        query = query.where(_named(connection, filters.run_ids))
    if filters.job_name is not None:
        query = query.where(runs.c.job_name == filters.job_name)
    if filters.statuses:
        query = query.where(runs.c.status.in_([status.value for status in filters.statuses]))
    if filters.snapshot_id is not None:
        query = query.where(runs.c.snapshot_id == filters.snapshot_id)
    if filters.exclude_subruns:
        query = query.where(runs.c.backfill_id.is_(None))
    for key, wanted in filters.tags.items():
        values = [wanted] if isinstance(wanted, str) else list(wanted)
        tagged = select(run_tags.c.run).where(run_tags.c.key == key, run_tags.c.value.in_(values))
        query = query.where(runs.c.id.in_(tagged))
    if filters.updated_after is not None:
        query = query.where(runs.c.updated > filters.updated_after.timestamp())
    if filters.updated_before is not None:
        query = query.where(runs.c.updated < filters.updated_before.timestamp())
    if filters.created_after is not None:
        query = query.where(runs.c.created > filters.created_after.timestamp())
    if filters.created_before is not None:
        query = query.where(runs.c.created < filters.created_before.timestamp())
    return query


def _record(row: Row[Any]) -> RunRecord:
    run = decode_run(row.body)
    status = RunStatus(row.status)
    return RunRecord(
        row.id,
        run if run.status is status else run.with_status(status),
        datetime.fromtimestamp(row.created, UTC),
        datetime.fromtimestamp(row.updated, UTC),
        row.started,
        row.ended,
    )


def add_tags(connection: Connection, run_id: str, tags: Mapping[str, str], now: float) -> None:
    """Add tags to a run, over its own."""
    row = connection.execute(select(runs.c.id, runs.c.body).where(runs.c.run_id == run_id)).one_or_none()
    if row is None:
        raise RunNotFoundError(f"No run '{run_id}' is recorded.", mend="look for its id with `orrery runs list`.")
    added = normalize_run_tags(tags)
    run = decode_run(row.body)
    replace_run(connection, msgspec.structs.replace(run, tags={**run.tags, **added}), now)
    connection.execute(delete(run_tags).where(run_tags.c.run == row.id, run_tags.c.key.in_(list(added))))
    if added:
        connection.execute(
            insert(run_tags), [{"run": row.id, "key": key, "value": value} for key, value in added.items()]
        )


def replace_run(connection: Connection, run: Run, now: float) -> None:
    """Keep a run in place of the one with its id; its status stays."""
    connection.execute(
        update(runs)
        .where(runs.c.run_id == run.run_id)
        .values(body=encode_run(run), backfill_id=run.tags.get(BACKFILL_ID_TAG), updated=now)
    )


def tag_keys(connection: Connection) -> Sequence[str]:
    """Return the keys of tags that any run has, in order."""
    return sorted(connection.execute(select(run_tags.c.key).distinct()).scalars())


def tag_values(
    connection: Connection, keys: Sequence[str], value_prefix: str | None, limit: int | None
) -> Sequence[tuple[str, AbstractSet[str]]]:
    """Return the values that these tags have in any run."""
    found: list[tuple[str, AbstractSet[str]]] = []
    for key in sorted(canonical_tags(dict.fromkeys(keys, ""))):
        query = select(run_tags.c.value).where(run_tags.c.key == key).distinct().order_by(run_tags.c.value)
        if value_prefix:
            query = query.where(func.substr(run_tags.c.value, 1, len(value_prefix)) == value_prefix)
        values = set(connection.execute(query if limit is None else query.limit(limit)).scalars())
        if values:
            found.append((key, values))
    return found


def delete_run(connection: Connection, run_id: str) -> None:
    """Forget a run; nothing happens if there is none of this id."""
    number = select(runs.c.id).where(runs.c.run_id == run_id).scalar_subquery()
    connection.execute(delete(run_tags).where(run_tags.c.run == number))
    connection.execute(delete(runs).where(runs.c.run_id == run_id))


def put_snapshot(connection: Connection, snapshot_id: str, kind: str, body: bytes) -> None:
    """Keep a snapshot; one of the same id is the same."""
    connection.execute(insert_or_ignore(connection, snapshots), {"id": snapshot_id, "kind": kind, "body": body})


def snapshot_body(connection: Connection, snapshot_id: str) -> bytes | None:
    """Return a snapshot; None if there is none of this id."""
    body: bytes | None = connection.execute(select(snapshots.c.body).where(snapshots.c.id == snapshot_id)).scalar()
    return body


def get_cursor_values(connection: Connection, keys: AbstractSet[str]) -> Mapping[str, str]:
    """Return the small values that were kept under these keys."""
    query = select(cursor_values.c.key, cursor_values.c.value).where(cursor_values.c.key.in_(sorted(keys)))
    return {row.key: row.value for row in connection.execute(query)}


def set_cursor_values(connection: Connection, pairs: Mapping[str, str]) -> None:
    """Keep small values."""
    adding = insertion_into(cursor_values, connection.dialect.name)
    adding = adding.on_conflict_do_update(index_elements=["key"], set_={"value": adding.excluded.value})
    if pairs:
        connection.execute(adding, [{"key": key, "value": value} for key, value in pairs.items()])
