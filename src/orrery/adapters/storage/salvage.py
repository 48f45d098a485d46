"""
What is still readable of a damaged SQLite database, and a new database made of it.

Every table is read row by row, in the order of its keys; where SQLite meets damage, the rows around it are left out and
counted. A row becomes a line of JSON: its table, its columns by name, bytes as text where they are UTF-8, else as Base64.
The new database gets the rows, and what follows from them is found anew.
"""

from __future__ import annotations

import base64
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TextIO
from urllib.parse import quote

from sqlalchemy import Connection, func, insert, select

from orrery.adapters.storage.sql.append import insert_or_ignore
from orrery.adapters.storage.sql.entries import record_of, select_records
from orrery.adapters.storage.sql.events import refresh_asset
from orrery.adapters.storage.sql.latest import forget_partitions, refresh_partitions
from orrery.adapters.storage.sql.tables import (
    asset_partitions,
    assets,
    counters,
    events,
    metadata,
    partition_pages,
    run_keys,
    schema_version,
)
from orrery.adapters.storage.sqlite import SqliteStorage
from orrery.base.errors import StorageError

__all__ = ["Salvaged", "build_database", "read_lines", "read_rows", "write_lines"]

_LEFT = (schema_version.name, counters.name, asset_partitions.name, partition_pages.name)
"""Tables that follow from the others."""

_FIRST_LEAP = 64


class Salvaged:
    """
    What was found.

    Attributes:
        rows: Rows read, by table.
        problems: What could not be read, a sentence each.
    """

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.problems: list[str] = []


def read_rows(path: str, found: Salvaged) -> Iterator[tuple[str, dict[str, Any]]]:
    """
    Yield the readable rows of a database, with their tables.

    Args:
        path: The file; nothing is written to it.
        found: Counts what is read, and what is not.

    Raises:
        StorageError: There is no such file, or it is no database at all, or not one of ours.
    """
    if not os.path.isfile(path):
        raise StorageError(f"There is no database {path}.", mend="name the file: orrery db salvage FILE.")
    if not os.path.getsize(path):
        raise StorageError(
            f"The database {path} is empty (0 bytes): nothing of it is left.", mend="restore it from a copy."
        )
    connection = sqlite3.connect(f"file:{quote(os.path.abspath(path))}?mode=ro", uri=True)
    try:
        try:
            names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        except sqlite3.DatabaseError as error:
            raise StorageError(
                f"Nothing of {path} can be read, not even its list of tables: {error}.",
                mend="restore it from a copy.",
            ) from error
        ours = [name for name in metadata.tables if name in names and name not in _LEFT and _columns(connection, name)]
        if "events" not in ours:
            others = f"only tables of another program ({', '.join(sorted(names)[:3])})" if names else "no table"
            raise StorageError(
                f"The database {path} has {others}: nothing of it was recorded by Orrery.",
                mend="name the file of the records: orrery db salvage FILE.",
            )
        for name in ours:
            yield from _rows_of(connection, name, found)
    finally:
        connection.close()


def _columns(connection: sqlite3.Connection, name: str) -> list[str]:
    """Return the columns of a table that are columns of ours."""
    columns = {row[1] for row in connection.execute(f"PRAGMA table_info({name})")}
    return [column.name for column in metadata.tables[name].c if column.name in columns]


def _rows_of(connection: sqlite3.Connection, name: str, found: Salvaged) -> Iterator[tuple[str, dict[str, Any]]]:
    has_number = name not in ("run_steps",)  # WITHOUT ROWID
    found.rows[name] = 0
    if not has_number:
        yield from _all_at_once(connection, name, found)
        return
    columns = _columns(connection, name)
    wanted = ", ".join(f'"{column}"' for column in columns)
    last, leap = -(2**62), 0
    while True:
        query = f"SELECT rowid, {wanted} FROM {name} WHERE rowid > ? ORDER BY rowid"  # noqa: S608  # names of ours
        try:
            for row in connection.execute(query, (last,)):
                last, leap = row[0], 0
                found.rows[name] += 1
                yield name, dict(zip(columns, row[1:], strict=True))
            return
        except sqlite3.DatabaseError as error:
            if not leap:
                found.problems.append(f"Rows of {name} after number {max(last, 0)}: {error}.")
            leap = 2 * leap or _FIRST_LEAP
            last = max(last, 0) + leap
            if last > 2**60:
                return


def _all_at_once(connection: sqlite3.Connection, name: str, found: Salvaged) -> Iterator[tuple[str, dict[str, Any]]]:
    names = [column.name for column in metadata.tables[name].c]
    try:
        for row in connection.execute(f"SELECT {', '.join(names)} FROM {name}"):  # noqa: S608  # names of ours
            found.rows[name] += 1
            yield name, dict(zip(names, row, strict=True))
    except sqlite3.DatabaseError as error:
        found.problems.append(f"Rows of {name} after the first {found.rows[name]}: {error}.")


def write_lines(rows: Iterable[tuple[str, Mapping[str, Any]]], output: TextIO) -> None:
    """Write rows as lines of JSON."""
    for name, row in rows:
        told = {column: _told(value) for column, value in row.items()}
        output.write(json.dumps({"table": name, "row": told}, ensure_ascii=False) + "\n")


def _told(value: Any) -> Any:
    if not isinstance(value, bytes):
        return value
    try:
        return {"text": value.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def read_lines(lines: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """
    Yield the rows that ``write_lines`` wrote.

    Raises:
        StorageError: A line is none of those.
    """
    for number, line in enumerate(lines, 1):
        try:
            told = json.loads(line)
            name, row = told["table"], {column: _value(value) for column, value in told["row"].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StorageError(
                f"Line {number} is no row of a salvaged database: {error!r}.",
                mend="give what `orrery db salvage --lines` wrote.",
            ) from error
        yield name, row


def _value(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return value["text"].encode() if "text" in value else base64.b64decode(value["base64"])


def build_database(path: str, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """
    Make a new database of salvaged rows, and find anew what follows from them.

    Raises:
        StorageError: There is a file of this name.
    """
    if os.path.lexists(path):
        raise StorageError(f"{path} is there already.", mend="name a new file for the salvaged database.")
    storage = SqliteStorage(path)
    try:
        storage._change(_fill, rows)
    finally:
        storage.dispose()


def _fill(connection: Connection, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    last = 0
    for name, row in rows:
        table = metadata.tables.get(name)
        if table is None or name in _LEFT:
            continue
        connection.execute(
            insert_or_ignore(connection, table), {key: value for key, value in row.items() if key in table.c}
        )
        if table is events:
            last = max(last, int(row["id"]))
    connection.execute(counters.update().where(counters.c.name == "events").values(value=last))
    _name_lost_runs(connection)
    _name_lost_assets(connection)
    for asset in connection.execute(select(assets.c.id)).scalars().all():
        refresh_asset(connection, asset)
        met = select(events.c.partition).where(events.c.asset == asset, events.c.partition.is_not(None))
        partitions = list(dict.fromkeys(connection.execute(met.order_by(events.c.id)).scalars()))
        forget_partitions(connection, asset)
        refresh_partitions(connection, asset, partitions)


def _name_lost_assets(connection: Connection) -> None:
    """Give assets whose row was lost a new one, by what their entries tell."""
    lost = (
        select(func.max(events.c.id))
        .outerjoin(assets, assets.c.id == events.c.asset)
        .where(events.c.asset.is_not(None), assets.c.id.is_(None))
        .group_by(events.c.asset)
    )
    query = select_records().add_columns(events.c.asset).where(events.c.id.in_(lost))
    for row in connection.execute(query).all():
        key = record_of(row).asset_key
        if key is not None:
            connection.execute(insert(assets), {"id": row.asset, "key": key.to_db_string(), "known": True})


def _name_lost_runs(connection: Connection) -> None:
    """Give entries whose run's id was lost one that says so."""
    query = (
        select(events.c.run)
        .outerjoin(run_keys, run_keys.c.id == events.c.run)
        .where(run_keys.c.id.is_(None))
        .distinct()
    )
    for number in connection.execute(query).scalars().all():
        connection.execute(insert(run_keys), {"id": number, "run_id": f"salvaged-{number}"})
