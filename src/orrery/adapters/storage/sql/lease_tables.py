"""
The tables of leases and of pools.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, SmallInteger, Table

from orrery.adapters.storage.sql.tables import Text, metadata

__all__ = ["leases", "pool_claims", "pools"]

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("token", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("expires", Float(53), nullable=False),
    Column("body", LargeBinary, nullable=False),
)
Index("leases_by_run", leases.c.run_id)

pools = Table(
    "pools",
    metadata,
    Column("name", Text, primary_key=True),
    Column("slots", BigInteger, nullable=False),
)

pool_claims = Table(
    "pool_claims",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    Column("token", Text, nullable=False, unique=True),
    Column("run_id", Text, nullable=False),
    Column("is_held", SmallInteger, nullable=False),
    Column("expires", Float(53), nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
Index("pool_claims_by_run", pool_claims.c.run_id)
