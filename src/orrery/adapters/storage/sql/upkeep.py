"""
Statistics, and a check of everything against everything.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection, func, select

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
)
from orrery.base.errors import OrreryError
from orrery.model.events.compact import unpack_entry
from orrery.model.records.latest import flags_of
from orrery.model.records.run import decode_run
from orrery.model.records.upkeep import EVENT_GROUPS, GroupStats, group_of

__all__ = ["event_stats", "find_problems", "row_counts"]

_PAGE = 5_000


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
