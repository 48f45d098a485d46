"""
Statistics, pruning in small steps, and a check of everything against everything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select

from orrery.adapters.storage.sql.connections import Connections
from orrery.adapters.storage.sql.entries import select_records
from orrery.adapters.storage.sql.tables import (
    asset_partitions,
    assets,
    checks,
    counters,
    events,
    metadata,
    partition_pages,
    run_keys,
    runs,
    ticks,
)
from orrery.base.errors import OrreryError
from orrery.model.events.compact import unpack_entry
from orrery.model.records.latest import flags_of
from orrery.model.records.run import FINISHED_STATUSES, decode_run
from orrery.model.records.upkeep import EVENT_GROUPS, GroupStats, PruneReport, group_of

__all__ = ["event_stats", "find_problems", "prune", "row_counts"]

_FIRST_BATCH, _LARGEST_BATCH = 200, 10_000
_TARGET_SECONDS = 0.03
"""How long a transaction of pruning should take: others that write wait so long, and not a tenth of a second."""

_CHUNK = 500
_PAGE = 5_000
_LATEST = ("materialization", "observation", "planned", "failed")


# -- how much there is ---------------------------------------------------------------------------


def event_stats(connection: Connection) -> dict[str, GroupStats]:
    """Return how much there is of each group of events."""
    query = select(events.c.kind, func.count(), func.sum(func.length(events.c.body)), func.min(events.c.at)).group_by(
        events.c.kind
    )
    found = dict.fromkeys(EVENT_GROUPS, GroupStats())
    for kind, many, size, oldest in connection.execute(query):
        name = group_of(kind)
        before = found[name]
        found[name] = GroupStats(
            count=before.count + many,
            size_bytes=before.size_bytes + int(size or 0),
            oldest=oldest if before.oldest is None else min(before.oldest, oldest),
        )
    return found


def row_counts(connection: Connection) -> dict[str, int]:
    """Return the rows of every other table."""
    others = sorted(name for name in metadata.tables if name not in ("events", "schema_version", "counters"))
    return {
        name: int(connection.execute(select(func.count()).select_from(metadata.tables[name])).scalar_one())
        for name in others
    }


# -- pruning -------------------------------------------------------------------------------------


def prune(connections: Connections, cutoffs: Mapping[str, float], *, dry_run: bool) -> PruneReport:
    """
    Delete what is older than its cutoff; see ``RecordsUpkeep.prune``.

    What may go is looked for without keeping anybody waiting: an entry on which nothing of the present rests never
    becomes one on which something does. Transactions are as large as fits into a small part of a second.
    """
    steps = _Steps(connections)
    deleted: dict[str, int] = {}
    size = 0
    for name, cutoff in sorted(cutoffs.items()):
        deleted[name] = 0
        for rows in _pages_of(connections, name, cutoff):
            deleted[name] += len(rows)
            size += sum(row[1] for row in rows)
            if not dry_run:
                steps.delete(ticks if name == "ticks" else events, [row[0] for row in rows])
    return PruneReport(deleted=deleted, size_bytes=size, is_dry_run=dry_run, longest_seconds=steps.longest_seconds)


def _pages_of(connections: Connections, group: str, cutoff: float) -> Iterator[Sequence[tuple[int, int]]]:
    """Yield the ids and sizes of what may go, some thousand at a time."""
    last = 0
    find: Callable[..., Sequence[tuple[int, int]]] = _old_ticks if group == "ticks" else _old_events
    while True:
        rows = connections.read(find, group, cutoff, last)
        if not rows:
            return
        last = rows[-1][0]
        yield rows


def _old_events(connection: Connection, group: str, cutoff: float, after: int) -> Sequence[tuple[int, int]]:
    kinds = [kind for kind in EVENT_GROUPS[group] if kind is not None]
    of_group: ColumnElement[bool] = events.c.kind.in_(kinds)
    if None in EVENT_GROUPS[group]:
        of_group = or_(of_group, events.c.kind.is_(None))
    ended = [status.value for status in FINISHED_STATUSES]
    of_asset = [func.coalesce(assets.c[name], 0) != events.c.id for name in _LATEST]
    of_partition = [func.coalesce(asset_partitions.c[name], 0) != events.c.id for name in _LATEST]
    of_check = [func.coalesce(checks.c[name], 0) != events.c.id for name in ("planned", "evaluation")]
    query = (
        select(events.c.id, func.length(events.c.body))
        .join(run_keys, run_keys.c.id == events.c.run)
        .outerjoin(runs, runs.c.run_id == run_keys.c.run_id)
        .outerjoin(assets, assets.c.id == events.c.asset)
        .outerjoin(
            asset_partitions,
            and_(asset_partitions.c.asset == events.c.asset, asset_partitions.c.partition == events.c.partition),
        )
        .outerjoin(checks, checks.c.id == events.c.check_id)
        .where(events.c.id > after, of_group, events.c.at < cutoff)
        .where(or_(runs.c.id.is_(None), runs.c.status.in_(ended)))
        .where(*of_asset, *of_partition, *of_check)
        .order_by(events.c.id)
        .limit(_PAGE)
    )
    return [(int(row[0]), int(row[1])) for row in connection.execute(query)]


def _old_ticks(connection: Connection, _group: str, cutoff: float, after: int) -> Sequence[tuple[int, int]]:
    """Return old ticks, but for the newest of each schedule or sensor."""
    newest = select(func.max(ticks.c.id)).group_by(ticks.c.selector_id)
    query = (
        select(ticks.c.id, func.length(ticks.c.body))
        .where(ticks.c.id > after, ticks.c.at < cutoff, ticks.c.id.not_in(newest), ticks.c.status != "STARTED")
        .order_by(ticks.c.id)
        .limit(_PAGE)
    )
    return [(int(row[0]), int(row[1])) for row in connection.execute(query)]


class _Steps:
    """Deletes rows in transactions that are short, whatever the disk."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._batch = _FIRST_BATCH
        self.longest_seconds = 0.0

    def delete(self, table: Any, ids: Sequence[int]) -> None:
        start = 0
        while start < len(ids):
            some = ids[start : start + self._batch]
            start += len(some)
            took = self._connections.write(_delete, False, table, some)
            self.longest_seconds = max(self.longest_seconds, took)
            wanted = int(len(some) * _TARGET_SECONDS / max(took, 0.001))
            self._batch = max(50, min(2 * self._batch, wanted, _LARGEST_BATCH))
            time.sleep(took)  # as long for the others as for us


def _delete(connection: Connection, table: Any, ids: Sequence[int]) -> float:
    began = time.monotonic()
    for start in range(0, len(ids), _CHUNK):
        connection.execute(delete(table).where(table.c.id.in_(ids[start : start + _CHUNK])))
    return time.monotonic() - began


# -- what is wrong -------------------------------------------------------------------------------


def find_problems(connection: Connection) -> tuple[list[str], int]:
    """Return what is wrong, in sentences, and how many entries were read."""
    problems = [problem for look in (_numbers, _dangling, _latest, _pages, _runs) for problem in look(connection)]
    unreadable, read = _entries(connection)
    return problems + unreadable, read


def _numbers(connection: Connection) -> Iterator[str]:
    given = connection.execute(select(counters.c.value).where(counters.c.name == "events")).scalar()
    newest = connection.execute(select(func.max(events.c.id))).scalar() or 0
    if given is None:
        yield "The count of storage ids is missing."
    elif newest > given:
        yield f"An entry has storage id {newest}, beyond the {given} that were given."


def _dangling(connection: Connection) -> Iterator[str]:
    for column, table, noun in (
        (events.c.run, run_keys, "a run"),
        (events.c.asset, assets, "an asset"),
        (events.c.check_id, checks, "a check"),
    ):
        query = (
            select(func.count(), func.min(events.c.id))
            .outerjoin(table, table.c.id == column)
            .where(column.is_not(None), table.c.id.is_(None))
        )
        many, first = connection.execute(query).one()
        if many:
            yield f"{many} entries, the first of them {first}, name {noun} that is not recorded."


def _latest(connection: Connection) -> Iterator[str]:
    for table, noun in ((assets, "asset"), (asset_partitions, "partition")):
        column = table.c.materialization
        query = (
            select(func.count(), func.min(column))
            .select_from(table)
            .outerjoin(events, events.c.id == column)
            .where(column.is_not(None), events.c.id.is_(None))
        )
        many, first = connection.execute(query).one()
        if many:
            yield f"The latest materialization of {many} {noun}s, the first of them entry {first}, is not there."


def _pages(connection: Connection) -> Iterator[str]:
    decode = msgspec.msgpack.Decoder(list[str]).decode
    told: dict[int, dict[str, int]] = {}
    for row in connection.execute(select(partition_pages).order_by(partition_pages.c.asset, partition_pages.c.page)):
        try:
            keys = decode(row.partitions)
        except msgspec.DecodeError as error:
            yield f"The keys of page {row.page} of asset {row.asset} cannot be read: {error}."
            continue
        if len(keys) != len(row.flags):
            yield f"Page {row.page} of asset {row.asset} has {len(keys)} keys and {len(row.flags)} states."
        told.setdefault(row.asset, {}).update(zip(keys, row.flags, strict=False))
    table = asset_partitions.c
    columns = [table.asset, table.partition, table.materialization, table.failed, table.planned]
    wrong = 0
    example = ""
    for row in connection.execute(select(*columns)):
        flags = flags_of(row.materialization, row.failed, row.planned)
        if told.get(row.asset, {}).get(row.partition) != flags:
            wrong += 1
            example = example or row.partition
    if wrong:
        yield f"{wrong} partitions, one of them {example!r}, stand otherwise in their page than in their row."


def _runs(connection: Connection) -> Iterator[str]:
    for row in connection.execute(select(runs.c.run_id, runs.c.body)):
        try:
            decode_run(row.body)
        except OrreryError as error:
            yield f"Run {row.run_id} cannot be read: {error.args[0]}"


def _entries(connection: Connection) -> tuple[list[str], int]:
    problems: list[str] = []
    read = last = 0
    while True:
        page = select_records().where(events.c.id > last).order_by(events.c.id).limit(_PAGE)
        rows = connection.execute(page).all()
        if not rows:
            return problems, read
        last = rows[-1].id
        for row in rows:
            try:
                unpack_entry(row.body, row.kind, row.run_id, row.at)
                read += 1
            except OrreryError as error:
                problems.append(f"Entry {row.id} of run {row.run_id} cannot be read: {error.args[0]}")
