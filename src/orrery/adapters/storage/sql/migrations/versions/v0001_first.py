"""
Make the first schema of records.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0001"
down_revision: str | None = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make all tables, and give the count of storage ids its beginning."""
    op.create_table(
        "assets",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("last_run", _TEXT, nullable=True),
        sa.Column("materialization", sa.BigInteger(), nullable=True),
        sa.Column("observation", sa.BigInteger(), nullable=True),
        sa.Column("planned", sa.BigInteger(), nullable=True),
        sa.Column("failed", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_table(
        "checks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("asset_key", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("planned", sa.BigInteger(), nullable=True),
        sa.Column("evaluation", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("asset_key", "name"),
    )
    op.create_table(
        "counters",
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "cursor_values",
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("value", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "dynamic_partitions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("partition", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name", "partition"),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Float(precision=53), nullable=False),
        sa.Column("kind", _TEXT, nullable=True),
        sa.Column("watched", sa.SmallInteger(), nullable=True),
        sa.Column("asset", sa.BigInteger(), nullable=True),
        sa.Column("check_id", sa.BigInteger(), nullable=True),
        sa.Column("partition", _TEXT, nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "events_by_asset",
        "events",
        ["asset", "kind", "id"],
        unique=False,
        sqlite_where=sa.text("asset IS NOT NULL"),
        postgresql_where=sa.text("asset IS NOT NULL"),
    )
    op.create_index(
        "events_by_check",
        "events",
        ["check_id", "kind", "id"],
        unique=False,
        sqlite_where=sa.text("check_id IS NOT NULL"),
        postgresql_where=sa.text("check_id IS NOT NULL"),
    )
    op.create_index(
        "events_by_kind",
        "events",
        ["kind", "id"],
        unique=False,
        sqlite_where=sa.text("watched = 1"),
        postgresql_where=sa.text("watched = 1"),
    )
    op.create_index(
        "events_by_partition",
        "events",
        ["asset", "kind", "partition", "id"],
        unique=False,
        sqlite_where=sa.text("partition IS NOT NULL"),
        postgresql_where=sa.text("partition IS NOT NULL"),
    )
    op.create_index("events_by_run", "events", ["run", "id"], unique=False)
    op.create_table(
        "instigators",
        sa.Column("selector_id", _TEXT, nullable=False),
        sa.Column("origin_id", _TEXT, nullable=False),
        sa.Column("repository_selector_id", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("status", _TEXT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("selector_id"),
    )
    op.create_table(
        "run_keys",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run_id", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("run_id"),
    )
    op.create_table(
        "run_tags",
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("value", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("run", "key"),
    )
    op.create_index("run_tags_by_value", "run_tags", ["key", "value", "run"], unique=False)
    op.create_table(
        "runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run_id", _TEXT, nullable=False),
        sa.Column("job_name", _TEXT, nullable=False),
        sa.Column("status", _TEXT, nullable=False),
        sa.Column("snapshot_id", _TEXT, nullable=True),
        sa.Column("backfill_id", _TEXT, nullable=True),
        sa.Column("created", sa.Float(precision=53), nullable=False),
        sa.Column("updated", sa.Float(precision=53), nullable=False),
        sa.Column("started", sa.Float(precision=53), nullable=True),
        sa.Column("ended", sa.Float(precision=53), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("run_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("runs_by_job", "runs", ["job_name", "id"], unique=False)
    op.create_index("runs_by_status", "runs", ["status", "id"], unique=False)
    op.create_table(
        "schema_version", sa.Column("version_num", _TEXT, nullable=False), sa.PrimaryKeyConstraint("version_num")
    )
    op.create_table(
        "snapshots",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "ticks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("selector_id", _TEXT, nullable=False),
        sa.Column("origin_id", _TEXT, nullable=False),
        sa.Column("status", _TEXT, nullable=False),
        sa.Column("at", sa.Float(precision=53), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ticks_by_selector", "ticks", ["selector_id", "at"], unique=False)
    op.execute(sa.text("INSERT INTO counters (name, value) VALUES ('events', 0)"))
    op.execute(sa.text("INSERT INTO schema_version (version_num) VALUES ('0001')"))
