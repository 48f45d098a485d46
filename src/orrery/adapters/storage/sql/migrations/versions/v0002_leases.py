"""
Add leases, and the pools with the claims on them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0002"
down_revision = "0001"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables; nothing has anything in hand."""
    op.create_table(
        "leases",
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("token", _TEXT, nullable=False),
        sa.Column("run_id", _TEXT, nullable=False),
        sa.Column("expires", sa.Float(precision=53), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_index("leases_by_run", "leases", ["run_id"], unique=False)
    op.create_table(
        "pools",
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("slots", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "pool_claims",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token", _TEXT, nullable=False),
        sa.Column("run_id", _TEXT, nullable=False),
        sa.Column("is_held", sa.SmallInteger(), nullable=False),
        sa.Column("expires", sa.Float(precision=53), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token"),
        sqlite_autoincrement=True,
    )
    op.create_index("pool_claims_by_run", "pool_claims", ["run_id"], unique=False)
