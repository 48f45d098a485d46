"""
The tables of backfills.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table, Text

from orrery.adapters.storage.sql.tables import metadata

__all__ = ["backfill_runs", "backfills"]

backfills = Table(
    "backfills",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    Column("backfill_id", Text, nullable=False, unique=True),
    Column("status", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

backfill_runs = Table(
    "backfill_runs",
    metadata,
    Column("backfill_id", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)
