"""
The latest of partitions and steps: changed with the entries that tell of it, and asked for.

A partition has a number within its asset, given when it was first met and kept for ever, also when the
partition is wiped. Number ``n`` stands in page ``n // PAGE`` of the asset; a page holds keys and flags.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, case, delete, func, insert, select, update

from orrery.adapters.storage.sql.dialects import insertion_into
from orrery.adapters.storage.sql.entries import record_of, select_records
from orrery.adapters.storage.sql.many import insert_many
from orrery.adapters.storage.sql.partition_keys import PAGE, PartitionKeys
from orrery.adapters.storage.sql.tables import asset_partitions, events, partition_pages, run_keys, run_steps
from orrery.model.events.entry import EventLogRecord
from orrery.model.records.latest import LatestState, PartitionStates, StepState, flags_of, latest_of
from orrery.model.records.stats import StepStatus

__all__ = [
    "PAGE",
    "StepChange",
    "change_partitions",
    "change_steps",
    "forget_partitions",
    "forget_steps",
    "latest_of_partitions",
    "partition_states",
    "refresh_partitions",
    "step_states",
]

_CHUNK = 500
_STATE = (
    *("materialization", "observation", "planned", "failed", "materialized_at", "observed_at"),
    *("planned_run", "last_run", "data_version", "code_version", "observed_version"),
)
_NOTHING = dict.fromkeys(_STATE)
_keys = msgspec.msgpack.Decoder(list[str])
_encode = msgspec.msgpack.Encoder().encode


# -- changes of partitions -----------------------------------------------------------------------


def change_partitions(connection: Connection, asset: int, changes: Mapping[str, Mapping[str, Any]]) -> None:
    """
    Change the latest of partitions of an asset.

    Args:
        connection: In a transaction that excludes other writers.
        asset: Number of the asset.
        changes: For each partition, the columns that change.
    """
    found = {row["partition"]: row for row in _rows(connection, asset, changes)}
    new = [partition for partition in changes if partition not in found]
    if new:
        first = _count(connection, asset)
        for number, partition in enumerate(new, first):
            found[partition] = {"asset": asset, "partition": partition, "number": number, **_NOTHING}
    rows = [{**found[partition], **change} for partition, change in changes.items()]
    connection.execute(_upsert(connection), rows)
    _set_flags(connection, asset, rows)


def _rows(connection: Connection, asset: int, partitions: Iterable[str]) -> Iterator[dict[str, Any]]:
    wanted = list(partitions)
    for start in range(0, len(wanted), _CHUNK):
        query = select(asset_partitions).where(
            asset_partitions.c.asset == asset, asset_partitions.c.partition.in_(wanted[start : start + _CHUNK])
        )
        for row in connection.execute(query):
            yield row._asdict()


def _count(connection: Connection, asset: int) -> int:
    """Return how many partitions of an asset have a number."""
    query = (
        select(partition_pages.c.page, func.length(partition_pages.c.flags).label("size"))
        .where(partition_pages.c.asset == asset)
        .order_by(partition_pages.c.page.desc())
        .limit(1)
    )
    last = connection.execute(query).one_or_none()
    return 0 if last is None else int(last.page * PAGE + last.size)


def _upsert(connection: Connection) -> Any:
    adding = insertion_into(asset_partitions, connection.dialect.name)
    return adding.on_conflict_do_update(
        index_elements=["asset", "partition"], set_={name: adding.excluded[name] for name in _STATE}
    )


def _set_flags(connection: Connection, asset: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the flags of these rows, and the keys of new ones, into their pages."""
    by_page: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_page.setdefault(row["number"] // PAGE, []).append(row)
    for page, members in by_page.items():
        this = (partition_pages.c.asset == asset, partition_pages.c.page == page)
        found = connection.execute(
            select(partition_pages.c.partitions, partition_pages.c.flags).where(*this)
        ).one_or_none()
        flags = bytearray(b"" if found is None else found.flags)
        known = len(flags)
        members.sort(key=lambda row: row["number"])
        added = [row["partition"] for row in members if row["number"] % PAGE >= known]
        flags.extend(bytes(len(added)))
        for row in members:
            flags[row["number"] % PAGE] = flags_of(row["materialization"], row["failed"], row["planned"])
        if found is None:
            values = {"asset": asset, "page": page, "partitions": _encode(added), "flags": bytes(flags)}
            connection.execute(insert(partition_pages), values)
        elif added:
            keys = _encode([*_keys.decode(found.partitions), *added])
            connection.execute(update(partition_pages).where(*this).values(partitions=keys, flags=bytes(flags)))
        elif flags != found.flags:
            connection.execute(update(partition_pages).where(*this).values(flags=bytes(flags)))


def forget_partitions(connection: Connection, asset: int, partitions: Sequence[str] | None = None) -> None:
    """Forget the latest of these partitions of an asset, or of all; their numbers stay."""
    if partitions is not None:
        known = [row["partition"] for row in _rows(connection, asset, partitions)]
        if known:
            change_partitions(connection, asset, dict.fromkeys(known, _NOTHING))
        return
    connection.execute(update(asset_partitions).where(asset_partitions.c.asset == asset).values(**_NOTHING))
    pages = connection.execute(
        select(partition_pages.c.page, func.length(partition_pages.c.flags).label("size")).where(
            partition_pages.c.asset == asset
        )
    ).all()
    if pages:
        connection.execute(
            update(partition_pages)
            .where(partition_pages.c.asset == asset, partition_pages.c.page == bindparam("this"))
            .values(flags=bindparam("nothing")),
            [{"this": row.page, "nothing": bytes(row.size)} for row in pages],
        )


def refresh_partitions(connection: Connection, asset: int, partitions: Iterable[str]) -> None:
    """Find the latest of these partitions anew, from the entries that are there."""
    wanted = list(partitions)
    for start in range(0, len(wanted), _CHUNK):
        some = wanted[start : start + _CHUNK]
        newest = (
            select(func.max(events.c.id))
            .where(events.c.asset == asset, events.c.partition.in_(some))
            .group_by(events.c.partition, events.c.kind)
        )
        query = select_records().add_columns(events.c.partition, events.c.run)
        found: dict[str, dict[str, tuple[EventLogRecord, int]]] = {partition: {} for partition in some}
        for row in connection.execute(query.where(events.c.id.in_(newest))):
            found[row.partition][row.kind] = record_of(row), row.run
        change_partitions(connection, asset, {partition: _columns(kinds) for partition, kinds in found.items()})


def _columns(kinds: Mapping[str, tuple[EventLogRecord, int]]) -> dict[str, Any]:
    """Return the columns of a partition whose newest entries, with the number of their run, these are."""
    made, planned = kinds.get("ASSET_MATERIALIZATION"), kinds.get("ASSET_MATERIALIZATION_PLANNED")
    observed, failed = kinds.get("ASSET_OBSERVATION"), kinds.get("ASSET_FAILED_TO_MATERIALIZE")
    state = latest_of(*(None if each is None else each[0] for each in (made, observed, planned, failed)))
    runs = {each[0].run_id: each[1] for each in (made, planned) if each is not None}
    columns = {name: getattr(state, name) for name in _STATE if name not in ("planned_run", "last_run")}
    columns["planned_run"] = runs.get(state.planned_run_id or "")
    columns["last_run"] = runs.get(state.last_run_id or "")
    return columns


# -- questions about partitions ------------------------------------------------------------------


def latest_of_partitions(
    connection: Connection, asset: int | None, partitions: Iterable[str] | None
) -> Mapping[str, LatestState]:
    """Return the latest of these partitions of an asset, or of all of which anything is known."""
    if asset is None:
        return {}
    planner, last = run_keys.alias(), run_keys.alias()
    table = asset_partitions
    columns = (*table.c, planner.c.run_id.label("planned_run_id"), last.c.run_id.label("last_run_id"))
    query = (
        select(*columns)
        .outerjoin(planner, planner.c.id == table.c.planned_run)
        .outerjoin(last, last.c.id == table.c.last_run)
        .where(table.c.asset == asset)
    )
    if partitions is None:
        rows = list(connection.execute(query))
    else:
        wanted = list(partitions)
        rows = [
            row
            for start in range(0, len(wanted), _CHUNK)
            for row in connection.execute(query.where(table.c.partition.in_(wanted[start : start + _CHUNK])))
        ]
    known = (row for row in rows if (row.materialization or row.observation or row.planned or row.failed) is not None)
    return {
        row.partition: LatestState(
            materialization=row.materialization,
            materialized_at=row.materialized_at,
            observation=row.observation,
            observed_at=row.observed_at,
            planned=row.planned,
            planned_run_id=row.planned_run_id,
            failed=row.failed,
            last_run_id=row.last_run_id,
            data_version=row.data_version,
            code_version=row.code_version,
            observed_version=row.observed_version,
        )
        for row in known
    }


def partition_states(connection: Connection, asset: int | None, remembered: PartitionKeys) -> PartitionStates:
    """
    Return how the partitions of an asset stand.

    Args:
        connection: To read with.
        asset: Its number; None for one that was never met.
        remembered: Its keys, as far as this process met them; more are added.
    """
    if asset is None:
        return PartitionStates((), b"")
    this = partition_pages.c.asset == asset
    query = select(partition_pages.c.flags).where(this).order_by(partition_pages.c.page)
    flags = b"".join(connection.execute(query).scalars())
    if len(remembered) < len(flags):
        first = len(remembered) // PAGE
        query = select(partition_pages.c.partitions).where(this, partition_pages.c.page >= first)
        packed = connection.execute(query.order_by(partition_pages.c.page)).scalars().all()
        remembered.extend(first, packed, len(flags))
    # Another process may have added keys between the two questions.
    return PartitionStates(remembered.first(len(flags)), flags)


# -- steps ---------------------------------------------------------------------------------------


class StepChange(msgspec.Struct):
    """
    What some entries change about a step.

    Attributes:
        status: How it stands after them.
        attempts: How often it was begun in them.
        started: When the first of them was.
        ended: When it ended; None if it goes on.
    """

    status: StepStatus
    attempts: int
    started: float
    ended: float | None


def change_steps(connection: Connection, changes: Mapping[tuple[int, str], StepChange]) -> None:
    """Change the states of steps, named by the number of their run and their key."""
    rows = [
        (run, step_key, change.status.value, change.attempts, change.started, change.ended)
        for (run, step_key), change in changes.items()
    ]
    insert_many(connection, _upsert_steps(connection.dialect.name), _STEP, rows)


_STEP = ("run", "step_key", "status", "attempts", "started", "ended")


@lru_cache(maxsize=2)
def _upsert_steps(database: str) -> Any:
    adding = insertion_into(run_steps, database)
    return adding.values({name: bindparam(name, type_=run_steps.c[name].type) for name in _STEP}).on_conflict_do_update(
        index_elements=["run", "step_key"],
        set_={
            "status": adding.excluded.status,
            "attempts": run_steps.c.attempts + adding.excluded.attempts,
            "started": func.coalesce(run_steps.c.started, adding.excluded.started),
            # A clock may have been set back: no step ends before it begins.
            "ended": case(
                (adding.excluded.ended < run_steps.c.started, run_steps.c.started), else_=adding.excluded.ended
            ),
        },
    )


def forget_steps(connection: Connection, run: int) -> None:
    """Forget the steps of a run."""
    connection.execute(delete(run_steps).where(run_steps.c.run == run))


def step_states(connection: Connection, run_id: str, step_keys: Iterable[str] | None) -> Sequence[StepState]:
    """Return how the steps of a run stand, or these of them, in the order of their keys."""
    number = select(run_keys.c.id).where(run_keys.c.run_id == run_id).scalar_subquery()
    query = select(run_steps).where(run_steps.c.run == number).order_by(run_steps.c.step_key)
    wanted = None if step_keys is None else set(step_keys)
    return [
        StepState(
            step_key=row.step_key,
            status=StepStatus(row.status),
            attempts=row.attempts,
            start_time=row.started,
            end_time=row.ended,
        )
        for row in connection.execute(query)
        if wanted is None or row.step_key in wanted
    ]
