"""
What databases say differently: insertions that know what to do about a conflict, and partial indexes.

The dialect of PostgreSQL is loaded for records that are kept there, and for no others.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import MetaData, Table
from sqlalchemy.dialects import sqlite

__all__ = ["insertion_into", "with_partial_indexes_of"]


def insertion_into(table: Table, dialect: str) -> Any:
    """Return an insertion that takes ``on_conflict_do_update`` and ``on_conflict_do_nothing``, for the dialect of that name."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql  # 20 ms, and records in a file do without

        return postgresql.insert(table)
    return sqlite.insert(table)


def with_partial_indexes_of(dialect: str, metadata: MetaData) -> MetaData:
    """Return *metadata* whose indexes are partial in the dialect of that name, as they are declared for SQLite."""
    if dialect != "sqlite":
        for table in metadata.tables.values():
            for index in table.indexes:
                index.dialect_kwargs[f"{dialect}_where"] = index.dialect_options["sqlite"]["where"]
    return metadata
