"""
One statement for many rows, past SQLAlchemy's work for each of them.

SQLAlchemy looks at each parameter of each row: its name, its type, whether it was given. For the rows of events and
states, of which each step has some, that costs as much as the database itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.sql.base import Executable

__all__ = ["execute_many"]


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
        connection.exec_driver_sql(text, [in_order(row) for row in rows])
    else:
        connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])


@lru_cache(maxsize=256)
def _positional(
    dialect: Dialect, statement: Any, names: tuple[str, ...]
) -> tuple[str, Callable[[tuple[Any, ...]], tuple[Any, ...]]]:
    """Return the text of *statement* and what brings a row into the order of the text's parameters."""
    compiled = statement.compile(dialect=dialect, column_keys=names)
    return str(compiled), itemgetter(*(names.index(name) for name in compiled.positiontup))
