"""
Backfills in a SQL database: a row for each, and a row for each of their runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from sqlalchemy import Connection, insert, select, update

from orrery.adapters.storage.sql.backfill_tables import backfill_runs, backfills
from orrery.adapters.storage.sql.connections import Connections
from orrery.adapters.storage.sql.dialects import insertion_into
from orrery.base.wire import from_wire, to_wire
from orrery.model.records.backfill import Backfill, BackfillRun, BackfillStatus

__all__ = ["SqlBackfills"]

_ENCODE = msgspec.json.Encoder(enc_hook=to_wire).encode
_BACKFILL = msgspec.json.Decoder(Backfill, dec_hook=from_wire)
_RUN = msgspec.json.Decoder(BackfillRun, dec_hook=from_wire)


class SqlBackfills:
    """Keeps backfills; the storage of records derives from it, and lends its connections."""

    _connections: Connections

    def add_backfill(self, backfill: Backfill) -> None:
        """Keep a new backfill."""
        self._connections.write(_add, True, backfill)

    def get_backfill(self, backfill_id: str) -> Backfill | None:
        """Return a backfill; None if there is none of this id."""
        return self._connections.read(_one, backfill_id)

    def get_backfills(
        self, statuses: Sequence[BackfillStatus] | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Sequence[Backfill]:
        """Return backfills, newest first."""
        return self._connections.read(_several, statuses, limit, cursor)

    def change_backfill(self, backfill_id: str, change: Callable[[Backfill], Backfill]) -> Backfill | None:
        """Put what *change* makes of a backfill in its place."""
        return self._connections.write(_changed, True, backfill_id, change)

    def put_backfill_runs(self, backfill_id: str, runs: Sequence[BackfillRun]) -> None:
        """Keep runs of a backfill, all or none; one that has the number of another takes its place."""
        if runs:
            self._connections.write(_put_runs, True, backfill_id, runs)

    def get_backfill_runs(self, backfill_id: str) -> Sequence[BackfillRun]:
        """Return the runs of a backfill, by number."""
        return self._connections.read(_runs, backfill_id)


def _add(connection: Connection, backfill: Backfill) -> None:
    row = {"backfill_id": backfill.backfill_id, "status": backfill.status.value, "body": _ENCODE(backfill)}
    connection.execute(insert(backfills), row)


def _one(connection: Connection, backfill_id: str, *, to_change: bool = False) -> Backfill | None:
    query = select(backfills.c.body).where(backfills.c.backfill_id == backfill_id)
    body = connection.execute(query.with_for_update() if to_change else query).scalar()
    return None if body is None else _BACKFILL.decode(body)


def _several(
    connection: Connection, statuses: Sequence[BackfillStatus] | None, limit: int | None, cursor: str | None
) -> Sequence[Backfill]:
    query = select(backfills.c.body).order_by(backfills.c.id.desc()).limit(limit)
    if statuses is not None:
        query = query.where(backfills.c.status.in_([each.value for each in statuses]))
    if cursor is not None:
        place = select(backfills.c.id).where(backfills.c.backfill_id == cursor).scalar_subquery()
        query = query.where(backfills.c.id < place)
    return [_BACKFILL.decode(body) for body in connection.execute(query).scalars()]


def _changed(connection: Connection, backfill_id: str, change: Callable[[Backfill], Backfill]) -> Backfill | None:
    before = _one(connection, backfill_id, to_change=True)
    if before is None:
        return None
    after = change(before)
    values = {"status": after.status.value, "body": _ENCODE(after)}
    connection.execute(update(backfills).where(backfills.c.backfill_id == backfill_id).values(values))
    return after


def _put_runs(connection: Connection, backfill_id: str, runs: Sequence[BackfillRun]) -> None:
    adding = insertion_into(backfill_runs, connection.dialect.name)
    connection.execute(
        adding.on_conflict_do_update(index_elements=["backfill_id", "number"], set_={"body": adding.excluded.body}),
        [{"backfill_id": backfill_id, "number": run.number, "body": _ENCODE(run)} for run in runs],
    )


def _runs(connection: Connection, backfill_id: str) -> Sequence[BackfillRun]:
    query = select(backfill_runs.c.body).where(backfill_runs.c.backfill_id == backfill_id)
    return [_RUN.decode(body) for body in connection.execute(query.order_by(backfill_runs.c.number)).scalars()]
