"""
Statements of each run and step, past SQLAlchemy's work for each of them.

SQLAlchemy looks at each parameter of each row: its name, its type, whether it was given; and what it does around a single
statement is so much code that a run of one step spends more on it than on the database. Where parameters are told by their
place, as SQLite does, the text of a statement is made once, and its rows go to the driver as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.base import Executable

__all__ = ["ROWS", "execute_many", "execute_one", "execute_text", "fetch_all", "insert_many"]

ROWS = 48
"""How many rows an insertion takes in one statement."""


def execute_many(
    connection: Connection, statement: Executable, names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """
    Carry *statement* out for each of *rows*.

    Args:
        connection: In a transaction.
        statement: Made once and kept: its text is remembered with it.
        names: Names of its parameters; there are no others.
        rows: Values in the order of *names*, as the database takes them: numbers, text, bytes or nothing.
    """
    if connection.dialect.positional:
        text, in_order = _positional(connection.dialect, statement, names)
        execute_text(connection, text, [in_order(row) for row in rows])
    else:
        connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])


def insert_many(
    connection: Connection, statement: Executable, names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """
    Carry an insertion out for each of *rows*, of which no two have the same key; in SQLite with many in one statement.

    It then works on them beside the threads of Python, which a statement for each row would have to wait for each time.
    Args are those of :func:`execute_many`.
    """
    many = len(rows) - len(rows) % ROWS if connection.dialect.positional else 0
    if many:
        text, in_order = _positional(connection.dialect, statement, names)
        values = f"VALUES ({', '.join('?' * len(names))})"
        text = text.replace(values, values + f", {values[7:]}" * (ROWS - 1), 1)
        groups = (rows[start : start + ROWS] for start in range(0, many, ROWS))
        execute_text(connection, text, [tuple(chain.from_iterable(map(in_order, group))) for group in groups])
    if many < len(rows):
        execute_many(connection, statement, names, rows[many:])


def execute_one(
    connection: Connection, statement: Executable, names: tuple[str, ...], row: tuple[Any, ...]
) -> tuple[Any, ...]:
    """
    Carry *statement* out once, and return the first row that it answers; an empty one if it answers none.

    Args are those of :func:`fetch_all`.
    """
    found = fetch_all(connection, statement, names, row)
    return found[0] if found else ()


def fetch_all(
    connection: Connection, statement: Executable, names: tuple[str, ...], row: tuple[Any, ...]
) -> Sequence[tuple[Any, ...]]:
    """
    Carry *statement* out once, and return all that it answers.

    Args:
        connection: In a transaction.
        statement: Made once and kept: its text is remembered with it.
        names: Names of its parameters; there are no others.
        row: Values in the order of *names*, as the database takes them; those of the answer are as it gives them.
    """
    if connection.dialect.positional:
        text, in_order = _positional(connection.dialect, statement, names)
        return _with_driver(connection, text, in_order(row))
    result = connection.execute(statement, dict(zip(names, row, strict=True)))
    return [tuple(each) for each in result.fetchall()] if result.returns_rows else []


def execute_text(connection: Connection, text: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Carry a statement out for each of *rows*, in a database whose parameters are told by their place."""
    try:
        connection.connection.driver_connection.executemany(text, rows)  # type: ignore[union-attr]  # it is connected
    except connection.dialect.loaded_dbapi.Error as error:
        raise DBAPIError(text, rows, error) from error


def _with_driver(connection: Connection, text: str, row: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Carry a statement out, and return all that it answers: until then it has not ended."""
    try:
        found: list[tuple[Any, ...]] = connection.connection.driver_connection.execute(text, row).fetchall()  # type: ignore[union-attr]
    except connection.dialect.loaded_dbapi.Error as error:
        raise DBAPIError(text, row, error) from error
    return found


@lru_cache(maxsize=256)
def _positional(
    dialect: Dialect, statement: Any, names: tuple[str, ...]
) -> tuple[str, Callable[[tuple[Any, ...]], tuple[Any, ...]]]:
    """Return the text of *statement* and what brings a row into the order of the text's parameters."""
    compiled = statement.compile(dialect=dialect, column_keys=names)
    wanted = list(compiled.positiontup)
    if wanted == list(names):
        return str(compiled), tuple
    constants = {name: compiled.params[name] for name in wanted if name not in names}  # values in the statement itself
    fixed = tuple(constants.values())
    places = [*names, *constants]
    pick = itemgetter(*(places.index(name) for name in wanted))  # of one alone, there is nothing to bring in order
    return str(compiled), (lambda row: pick((*row, *fixed))) if fixed else pick
