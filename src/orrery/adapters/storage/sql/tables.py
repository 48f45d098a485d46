"""
The schema.

Rows of events hold what is searched for; ``body`` holds the rest of the entry (``model/events/compact.py``). Run ids,
asset keys and checks are numbered once (``run_keys``, ``assets``, ``checks``) and their rows are never
deleted, so that a number stays valid in every process that remembers it. Storage ids come from
``counters``, in the order of the commits and never twice; processes that write to PostgreSQL count their transactions there.

The partitions of an asset are numbered in the order in which they were first met. ``asset_partitions`` holds
the latest of each; ``partition_pages`` holds the keys and the flags of a few hundred at a time, packed, so that
how a million stand is read in a few thousand rows.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    UniqueConstraint,
)
from sqlalchemy import Text as SqlText

from orrery.adapters.storage.sql.text import PostgresText

__all__ = [
    "SCHEMA_VERSION",
    "Text",
    "asset_partitions",
    "assets",
    "checks",
    "counters",
    "cursor_values",
    "dynamic_partitions",
    "events",
    "instigators",
    "metadata",
    "partition_pages",
    "run_keys",
    "run_steps",
    "run_tags",
    "runs",
    "schema_version",
    "snapshots",
    "ticks",
]

SCHEMA_VERSION = "0005"
"""The newest revision below ``migrations/versions``."""

metadata = MetaData()

Text = SqlText().with_variant(PostgresText(), "postgresql")
"""Any text, in the order of its code points, in every database."""

# SQLite numbers rows by themselves only in a column of exactly this type.
_Number = BigInteger().with_variant(Integer(), "sqlite")

schema_version = Table(
    "schema_version", metadata, Column("version_num", Text, primary_key=True), Column("release", Text)
)

counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

run_keys = Table(
    "run_keys",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("run_id", Text, nullable=False, unique=True),
)

events = Table(
    "events",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=False),
    Column("run", BigInteger, nullable=False),
    Column("at", Float(53), nullable=False),
    Column("kind", Text),
    Column("watched", SmallInteger),
    Column("asset", BigInteger),
    Column("check_id", BigInteger),
    Column("partition", Text),
    Column("body", LargeBinary, nullable=False),
)
Index("events_by_run", events.c.run, events.c.id)
Index(
    "events_by_kind",
    events.c.kind,
    events.c.id,
    sqlite_where=events.c.watched == 1,
)
Index(
    "events_by_asset",
    events.c.asset,
    events.c.kind,
    events.c.id,
    sqlite_where=events.c.asset.is_not(None),
)
Index(
    "events_by_partition",
    events.c.asset,
    events.c.kind,
    events.c.partition,
    events.c.id,
    sqlite_where=events.c.partition.is_not(None),
)
Index(
    "events_by_check",
    events.c.check_id,
    events.c.kind,
    events.c.id,
    sqlite_where=events.c.check_id.is_not(None),
)

assets = Table(
    "assets",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("known", Boolean, nullable=False),
    Column("last_run", Text),
    Column("materialization", BigInteger),
    Column("observation", BigInteger),
    Column("planned", BigInteger),
    Column("failed", BigInteger),
    Column("materialized_at", Float(53)),
    Column("observed_at", Float(53)),
    Column("planned_run", BigInteger),
    Column("data_version", Text),
    Column("code_version", Text),
    Column("observed_version", Text),
)

asset_partitions = Table(
    "asset_partitions",
    metadata,
    Column("asset", BigInteger, primary_key=True, autoincrement=False),
    Column("partition", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("materialization", BigInteger),
    Column("observation", BigInteger),
    Column("planned", BigInteger),
    Column("failed", BigInteger),
    Column("materialized_at", Float(53)),
    Column("observed_at", Float(53)),
    Column("planned_run", BigInteger),
    Column("last_run", BigInteger),
    Column("data_version", Text),
    Column("code_version", Text),
    Column("observed_version", Text),
    sqlite_with_rowid=False,
)

partition_pages = Table(
    "partition_pages",
    metadata,
    Column("asset", BigInteger, primary_key=True, autoincrement=False),
    Column("page", BigInteger, primary_key=True, autoincrement=False),
    Column("partitions", LargeBinary, nullable=False),
    Column("flags", LargeBinary, nullable=False),
)

checks = Table(
    "checks",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("asset_key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("planned", BigInteger),
    Column("evaluation", BigInteger),
    UniqueConstraint("asset_key", "name"),
)

dynamic_partitions = Table(
    "dynamic_partitions",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("name", Text, nullable=False),
    Column("partition", Text, nullable=False),
    UniqueConstraint("name", "partition"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("run_id", Text, nullable=False, unique=True),
    Column("job_name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("snapshot_id", Text),
    Column("backfill_id", Text),
    Column("created", Float(53), nullable=False),
    Column("updated", Float(53), nullable=False),
    Column("started", Float(53)),
    Column("ended", Float(53)),
    Column("body", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
Index("runs_by_status", runs.c.status, runs.c.id)
Index("runs_by_job", runs.c.job_name, runs.c.id)

run_tags = Table(
    "run_tags",
    metadata,
    Column("run", BigInteger, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
Index("run_tags_by_value", run_tags.c.key, run_tags.c.value, run_tags.c.run)

run_steps = Table(
    "run_steps",
    metadata,
    Column("run", BigInteger, primary_key=True, autoincrement=False),
    Column("step_key", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("started", Float(53)),
    Column("ended", Float(53)),
    sqlite_with_rowid=False,
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

cursor_values = Table(
    "cursor_values",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

instigators = Table(
    "instigators",
    metadata,
    Column("selector_id", Text, primary_key=True),
    Column("origin_id", Text, nullable=False),
    Column("repository_selector_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

ticks = Table(
    "ticks",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("selector_id", Text, nullable=False),
    Column("origin_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("at", Float(53), nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
Index("ticks_by_selector", ticks.c.selector_id, ticks.c.at)
