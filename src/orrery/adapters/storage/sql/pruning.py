"""
Pruning in small steps: what may go is found page by page, and deleted in transactions that nobody notices.

What may go is looked for without keeping anybody waiting: an entry on which nothing of the present rests never becomes one
on which something does. Transactions are as large as fits into a small part of a second. One who has little time ends
early, and the next goes on after the same storage id.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, false, func, or_, select

from orrery.adapters.storage.sql.connections import Connections
from orrery.adapters.storage.sql.tables import asset_partitions, assets, checks, events, run_keys, runs, ticks
from orrery.model.records.run import FINISHED_STATUSES
from orrery.model.records.upkeep import EVENT_GROUPS, Cutoff, PruneReport, group_of

__all__ = ["prune"]

_FIRST_BATCH, _LARGEST_BATCH = 200, 10_000
_TARGET_SECONDS = 0.03
"""How long a transaction of pruning should take: others that write wait so long, and not a tenth of a second."""

_CHUNK = 500
_PAGE = 5_000
"""So many entries, whether they may go or not, are looked at in one question."""

_LATEST = ("materialization", "observation", "planned", "failed")


def prune(
    connections: Connections, cutoffs: Mapping[str, Cutoff], *, dry_run: bool, after: int, seconds: float | None
) -> PruneReport:
    """Delete what is beyond its cutoff; see ``RecordsUpkeep.prune``."""
    end = None if seconds is None else time.monotonic() + seconds
    steps = _Steps(connections)
    deleted = dict.fromkeys(sorted(cutoffs), 0)
    size = 0
    of_events = {name: cutoff for name, cutoff in cutoffs.items() if name != "ticks"}
    chosen = connections.read(_choice, of_events) if of_events else None
    stopped: int | None = None
    for last, rows in () if chosen is None else _pages(connections, chosen, after):
        for _, kind, size_bytes in rows:
            deleted[group_of(kind)] += 1
            size += size_bytes
        if not dry_run:
            steps.delete(events, [row[0] for row in rows])
        if end is not None and time.monotonic() > end:
            stopped = last
            break
    if stopped is None and "ticks" in cutoffs:
        old = connections.read(_old_ticks, cutoffs["ticks"])
        deleted["ticks"] = len(old)
        size += sum(row[1] for row in old)
        if not dry_run:
            steps.delete(ticks, [row[0] for row in old])
    return PruneReport(
        deleted=deleted,
        size_bytes=size,
        is_dry_run=dry_run,
        longest_seconds=steps.longest_seconds,
        after=stopped,
    )


def _choice(connection: Connection, cutoffs: Mapping[str, Cutoff]) -> ColumnElement[bool]:
    """Return the condition for what is beyond its cutoff; numbers that are kept become storage ids."""
    conditions: list[ColumnElement[bool]] = []
    for name, cutoff in cutoffs.items():
        of_group = _of_group(name)
        beyond: list[ColumnElement[bool]] = []
        if cutoff.before is not None:
            beyond.append(events.c.at < cutoff.before)
        if cutoff.most is not None:
            newest = select(events.c.id).where(of_group).order_by(events.c.id.desc()).offset(cutoff.most).limit(1)
            last = connection.execute(newest).scalar()
            if last is not None:
                beyond.append(events.c.id <= last)
        if beyond:
            conditions.append(and_(of_group, or_(*beyond)))
    return or_(false(), *conditions)


def _of_group(name: str) -> ColumnElement[bool]:
    kinds = [kind for kind in EVENT_GROUPS[name] if kind is not None]
    named = events.c.kind.in_(kinds)
    return or_(named, events.c.kind.is_(None)) if None in EVENT_GROUPS[name] else named


def _pages(
    connections: Connections, chosen: ColumnElement[bool], after: int
) -> Iterator[tuple[int, Sequence[tuple[int, str | None, int]]]]:
    """Yield page after page: the last storage id that was looked at, and the ids, kinds and sizes of what may go."""
    while True:
        last = connections.read(_end_of_page, after)
        if last is None:
            return
        yield last, connections.read(_old_events, chosen, after, last)
        after = last


def _end_of_page(connection: Connection, after: int) -> int | None:
    page = select(events.c.id).where(events.c.id > after).order_by(events.c.id).limit(_PAGE).subquery()
    last: int | None = connection.execute(select(func.max(page.c.id))).scalar()
    return last


def _old_events(
    connection: Connection, chosen: ColumnElement[bool], after: int, last: int
) -> Sequence[tuple[int, str | None, int]]:
    ended = [status.value for status in FINISHED_STATUSES]
    of_asset = [func.coalesce(assets.c[name], 0) != events.c.id for name in _LATEST]
    of_partition = [func.coalesce(asset_partitions.c[name], 0) != events.c.id for name in _LATEST]
    of_check = [func.coalesce(checks.c[name], 0) != events.c.id for name in ("planned", "evaluation")]
    query = (
        select(events.c.id, events.c.kind, func.length(events.c.body))
        .join(run_keys, run_keys.c.id == events.c.run)
        .outerjoin(runs, runs.c.run_id == run_keys.c.run_id)
        .outerjoin(assets, assets.c.id == events.c.asset)
        .outerjoin(
            asset_partitions,
            and_(asset_partitions.c.asset == events.c.asset, asset_partitions.c.partition == events.c.partition),
        )
        .outerjoin(checks, checks.c.id == events.c.check_id)
        .where(events.c.id > after, events.c.id <= last, chosen)
        .where(or_(runs.c.id.is_(None), runs.c.status.in_(ended)))
        .where(*of_asset, *of_partition, *of_check)
        .order_by(events.c.id)
    )
    return [(int(row[0]), row[1], int(row[2])) for row in connection.execute(query)]


def _old_ticks(connection: Connection, cutoff: Cutoff) -> Sequence[tuple[int, int]]:
    """Return old ticks, but for the newest of each schedule or sensor."""
    beyond: list[ColumnElement[bool]] = [false()]
    if cutoff.before is not None:
        beyond.append(ticks.c.at < cutoff.before)
    if cutoff.most is not None:
        last = connection.execute(select(ticks.c.id).order_by(ticks.c.id.desc()).offset(cutoff.most).limit(1)).scalar()
        if last is not None:
            beyond.append(ticks.c.id <= last)
    newest = select(func.max(ticks.c.id)).group_by(ticks.c.selector_id)
    query = (
        select(ticks.c.id, func.length(ticks.c.body))
        .where(or_(*beyond), ticks.c.id.not_in(newest), ticks.c.status != "STARTED")
        .order_by(ticks.c.id)
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
