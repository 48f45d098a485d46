"""
The states and ticks of schedules and sensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select, update

from orrery.adapters.storage.sql.dialects import insertion_into
from orrery.adapters.storage.sql.tables import instigators, ticks
from orrery.runtime.ports.schedules import InstigatorRow, TickRow

__all__ = [
    "add_tick",
    "delete_instigator",
    "get_instigator",
    "get_instigators",
    "get_ticks",
    "purge_ticks",
    "put_instigator",
    "update_tick",
]


def get_instigators(
    connection: Connection, repository_selector_id: str | None, kind: str | None, statuses: Sequence[str] | None
) -> Sequence[InstigatorRow]:
    """Return the stored states, in order of their names."""
    query = select(instigators).order_by(instigators.c.selector_id)
    if repository_selector_id is not None:
        query = query.where(instigators.c.repository_selector_id == repository_selector_id)
    if kind is not None:
        query = query.where(instigators.c.kind == kind)
    if statuses is not None:
        query = query.where(instigators.c.status.in_(list(statuses)))
    return [_instigator(row) for row in connection.execute(query)]


def get_instigator(connection: Connection, selector_id: str) -> InstigatorRow | None:
    """Return the stored state of one; None if there is none."""
    row = connection.execute(select(instigators).where(instigators.c.selector_id == selector_id)).one_or_none()
    return None if row is None else _instigator(row)


def _instigator(row: Row[Any]) -> InstigatorRow:
    return InstigatorRow(**row._asdict())


def put_instigator(connection: Connection, row: InstigatorRow) -> None:
    """Keep a state in place of the one before."""
    values = msgspec.structs.asdict(row)
    adding = insertion_into(instigators, connection.dialect.name).values(**values)
    connection.execute(adding.on_conflict_do_update(index_elements=["selector_id"], set_=values))


def delete_instigator(connection: Connection, selector_id: str) -> None:
    """Forget a state."""
    connection.execute(delete(instigators).where(instigators.c.selector_id == selector_id))


def add_tick(connection: Connection, row: TickRow) -> TickRow:
    """Keep a new tick and return it with its id."""
    result = connection.execute(insert(ticks).values(**_values(row)))
    key = result.inserted_primary_key
    return msgspec.structs.replace(row, tick_id=int(key[0])) if key else row


def update_tick(connection: Connection, row: TickRow) -> None:
    """Keep a tick in place of the one with its id."""
    connection.execute(update(ticks).where(ticks.c.id == row.tick_id).values(**_values(row)))


def _values(row: TickRow) -> dict[str, Any]:
    return {
        "selector_id": row.selector_id,
        "origin_id": row.origin_id,
        "status": row.status,
        "at": row.timestamp,
        "body": row.body,
    }


def get_ticks(
    connection: Connection,
    selector_id: str,
    before: float | None,
    after: float | None,
    limit: int | None,
    statuses: Sequence[str] | None,
) -> Sequence[TickRow]:
    """Return ticks of a schedule or sensor, newest first."""
    query = select(ticks).where(ticks.c.selector_id == selector_id).order_by(ticks.c.at.desc(), ticks.c.id.desc())
    if before is not None:
        query = query.where(ticks.c.at < before)
    if after is not None:
        query = query.where(ticks.c.at > after)
    if statuses is not None:
        query = query.where(ticks.c.status.in_(list(statuses)))
    if limit is not None:
        query = query.limit(limit)
    return [
        TickRow(
            tick_id=row.id,
            selector_id=row.selector_id,
            origin_id=row.origin_id,
            status=row.status,
            timestamp=row.at,
            body=row.body,
        )
        for row in connection.execute(query)
    ]


def purge_ticks(connection: Connection, selector_id: str, before: float, statuses: Sequence[str] | None) -> int:
    """Delete ticks that are older; return how many."""
    condition = [ticks.c.selector_id == selector_id, ticks.c.at < before]
    if statuses is not None:
        condition.append(ticks.c.status.in_(list(statuses)))
    return connection.execute(delete(ticks).where(*condition)).rowcount
