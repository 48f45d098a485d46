"""
Keep the latest of each partition and step beside the log, and versions with each asset.

What the log tells of the past is folded in: the newest entry of each kind for each partition, the states of
steps. Only what stands here is used to read the entries, so that later releases fold them in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0003"
down_revision: str | None = "0002"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_PAGE = 512
_BATCH = 1_000
_COLUMNS = {
    "ASSET_MATERIALIZATION": "materialization",
    "ASSET_OBSERVATION": "observation",
    "ASSET_MATERIALIZATION_PLANNED": "planned",
    "ASSET_FAILED_TO_MATERIALIZE": "failed",
}
_STARTS = ("STEP_START", "STEP_RESTARTED")
_ENDS = {"STEP_SUCCESS": "SUCCESS", "STEP_FAILURE": "FAILURE", "STEP_SKIPPED": "SKIPPED"}


def upgrade() -> None:
    """Make the new tables and columns, and fill them."""
    _make()
    _fill_assets()
    _fill_partitions()
    _fill_steps()


def _make() -> None:
    op.add_column("schema_version", sa.Column("release", _TEXT, nullable=True))
    for column in (
        sa.Column("materialized_at", sa.Float(precision=53), nullable=True),
        sa.Column("observed_at", sa.Float(precision=53), nullable=True),
        sa.Column("planned_run", sa.BigInteger(), nullable=True),
        sa.Column("data_version", _TEXT, nullable=True),
        sa.Column("code_version", _TEXT, nullable=True),
        sa.Column("observed_version", _TEXT, nullable=True),
    ):
        op.add_column("assets", column)
    op.create_table(
        "asset_partitions",
        sa.Column("asset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partition", _TEXT, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in _COLUMNS.values()),
        sa.Column("materialized_at", sa.Float(precision=53), nullable=True),
        sa.Column("observed_at", sa.Float(precision=53), nullable=True),
        sa.Column("planned_run", sa.BigInteger(), nullable=True),
        sa.Column("last_run", sa.BigInteger(), nullable=True),
        sa.Column("data_version", _TEXT, nullable=True),
        sa.Column("code_version", _TEXT, nullable=True),
        sa.Column("observed_version", _TEXT, nullable=True),
        sa.PrimaryKeyConstraint("asset", "partition"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "partition_pages",
        sa.Column("asset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("page", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partitions", sa.LargeBinary(), nullable=False),
        sa.Column("flags", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("asset", "page"),
    )
    op.create_table(
        "run_steps",
        sa.Column("run", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("step_key", _TEXT, nullable=False),
        sa.Column("status", _TEXT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("started", sa.Float(precision=53), nullable=True),
        sa.Column("ended", sa.Float(precision=53), nullable=True),
        sa.PrimaryKeyConstraint("run", "step_key"),
        sqlite_with_rowid=False,
    )


def _event(body: bytes) -> dict[str, Any]:
    """Return the event that a stored entry of schema 0002 or before holds; nothing of it if it holds none."""
    found = json.loads(bytes(body)).get("dagster_event")
    return found if isinstance(found, dict) else {}


def _tags(event: dict[str, Any]) -> dict[str, str]:
    data = event.get("event_specific_data") or {}
    told = data.get("materialization") or data.get("asset_observation") or {}
    return told.get("tags") or {}


def _change(kind: str, row: Any) -> dict[str, Any]:
    """Return the columns that the newest entry of a kind sets."""
    columns: dict[str, Any] = {_COLUMNS[kind]: row.id}
    tags = _tags(_event(row.body)) if kind in ("ASSET_MATERIALIZATION", "ASSET_OBSERVATION") else {}
    if kind == "ASSET_MATERIALIZATION":
        columns["materialized_at"] = row.at
        columns["data_version"] = tags.get("orrery/data_version")
        columns["code_version"] = tags.get("orrery/code_version")
    elif kind == "ASSET_OBSERVATION":
        columns["observed_at"], columns["observed_version"] = row.at, tags.get("orrery/data_version")
    elif kind == "ASSET_MATERIALIZATION_PLANNED":
        columns["planned_run"] = row.run
    return columns


def _fill_assets() -> None:
    connection = op.get_bind()
    for column in _COLUMNS.values():
        query = sa.text(f"SELECT a.id AS asset, e.* FROM assets a JOIN events e ON e.id = a.{column}")  # noqa: S608  # ours
        for row in connection.execute(query).all():
            values = {name: value for name, value in _change(row.kind, row).items() if name != column}
            if values:
                setting = ", ".join(f"{name} = :{name}" for name in values)
                update = sa.text(f"UPDATE assets SET {setting} WHERE id = :asset")  # noqa: S608  # ours
                connection.execute(update, {**values, "asset": row.asset})


def _fill_partitions() -> None:
    connection = op.get_bind()
    newest = sa.text(
        "SELECT e.* FROM events e JOIN (SELECT MAX(id) AS id FROM events WHERE asset IS NOT NULL "
        "AND partition IS NOT NULL GROUP BY asset, partition, kind) m ON m.id = e.id ORDER BY e.asset, e.id"
    )
    nothing = dict.fromkeys((*_COLUMNS.values(), "materialized_at", "observed_at", "planned_run", "last_run"))
    nothing |= dict.fromkeys(("data_version", "code_version", "observed_version"))
    by_asset: dict[int, dict[str, dict[str, Any]]] = {}
    for row in connection.execute(newest):
        if row.kind not in _COLUMNS:
            continue
        partitions = by_asset.setdefault(row.asset, {})
        state = partitions.setdefault(row.partition, {**nothing, "partition": row.partition, "asset": row.asset})
        state.setdefault("number", len(partitions) - 1)
        state |= _change(row.kind, row)
        if row.kind in ("ASSET_MATERIALIZATION", "ASSET_MATERIALIZATION_PLANNED"):
            state["last_run"] = row.run
        partitions[row.partition] = state
    names = ["asset", "partition", "number", *nothing]
    adding = sa.text(
        f"INSERT INTO asset_partitions ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"  # noqa: S608  # ours
    )
    for asset, partitions in by_asset.items():
        for batch in _batches(list(partitions.values())):
            connection.execute(adding, batch)
        for page, batch in enumerate(_batches(list(partitions.values()), _PAGE)):
            connection.execute(
                sa.text(
                    "INSERT INTO partition_pages (asset, page, partitions, flags) VALUES (:asset, :page, :partitions, :flags)"
                ),
                {
                    "asset": asset,
                    "page": page,
                    "partitions": _packed([state["partition"] for state in batch]),
                    "flags": bytes(map(_flags, batch)),
                },
            )


def _flags(state: dict[str, Any]) -> int:
    made, failed, planned = (state[name] or 0 for name in ("materialization", "failed", "planned"))
    return (1 if made else 0) | (2 if failed > made else 0) | (4 if planned > max(made, failed) else 0)


def _packed(keys: list[str]) -> bytes:
    import msgspec

    return msgspec.msgpack.encode(keys)


def _fill_steps() -> None:
    connection = op.get_bind()
    query = sa.text(
        "SELECT run, at, kind, body FROM events WHERE kind IN "
        "('STEP_START', 'STEP_RESTARTED', 'STEP_SUCCESS', 'STEP_FAILURE', 'STEP_SKIPPED') ORDER BY run, id"
    )
    steps: dict[tuple[int, str], dict[str, Any]] = {}
    for row in connection.execute(query):
        step_key = _event(row.body).get("step_key")
        if step_key is None:
            continue
        empty = {"run": row.run, "step_key": step_key, "status": "", "attempts": 0, "started": row.at, "ended": None}
        state = steps.setdefault((row.run, step_key), empty)
        if row.kind in _STARTS:
            state |= {"status": "IN_PROGRESS", "attempts": state["attempts"] + 1, "ended": None}
        else:
            state |= {"status": _ENDS[row.kind], "ended": row.at}
        steps[row.run, step_key] = state
    adding = sa.text(
        "INSERT INTO run_steps (run, step_key, status, attempts, started, ended) "
        "VALUES (:run, :step_key, :status, :attempts, :started, :ended)"
    )
    for batch in _batches(list(steps.values())):
        connection.execute(adding, batch)


def _batches(rows: list[dict[str, Any]], size: int = _BATCH) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
