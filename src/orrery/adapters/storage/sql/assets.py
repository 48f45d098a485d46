"""
Questions about assets, checks and dynamic partitions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, and_, bindparam, delete, func, or_, select, update

from orrery.adapters.storage.sql.append import insert_or_ignore
from orrery.adapters.storage.sql.entries import record_of, select_records
from orrery.adapters.storage.sql.events import records_by_id, refresh_asset
from orrery.adapters.storage.sql.latest import forget_partitions
from orrery.adapters.storage.sql.many import fetch_all
from orrery.adapters.storage.sql.tables import assets, checks, dynamic_partitions, events, run_keys
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.model.events.entry import EventLogRecord
from orrery.model.records.latest import LatestState
from orrery.runtime.ports.event_log import AssetState, CheckState

__all__ = [
    "add_dynamic",
    "asset_keys",
    "asset_number",
    "asset_states",
    "check_evaluations",
    "check_states",
    "delete_dynamic",
    "dynamic_keys",
    "has_asset",
    "has_dynamic",
    "latest_materializations",
    "latest_of_assets",
    "wipe_asset",
    "wipe_partitions",
]

_CHUNK = 500
_KNOWN = select(assets).where(assets.c.known)
# Built once: to build a question takes twice as long as to ask it.
_KNOWN_OF = _KNOWN.where(assets.c.key.in_(bindparam("keys", expanding=True)))
_MADE_OF = (
    select_records()
    .add_columns(assets.c.key)
    .join(assets, assets.c.materialization == events.c.id)
    .where(assets.c.known, assets.c.key.in_(bindparam("keys", expanding=True)))
)
_LATEST = (
    assets.c.key,
    assets.c.materialization,
    assets.c.materialized_at,
    assets.c.observation,
    assets.c.observed_at,
    assets.c.planned,
    run_keys.c.run_id,
    assets.c.failed,
    assets.c.last_run,
    assets.c.data_version,
    assets.c.code_version,
    assets.c.observed_version,
)

_LATEST_OF = select(*_LATEST).outerjoin(run_keys, run_keys.c.id == assets.c.planned_run).where(assets.c.known)
_LATEST_OF_NAMED = _LATEST_OF.where(
    assets.c.key.in_(select(func.json_each(bindparam("named")).table_valued("value").c.value))
)


def asset_states(connection: Connection, keys: Sequence[AssetKey] | None) -> Sequence[AssetState]:
    """Return the states of these assets, or of all, in the order of their keys."""
    if keys is None:
        rows = list(connection.execute(_KNOWN))
    else:
        texts = sorted({key.to_db_string() for key in keys})
        rows = [
            row
            for start in range(0, len(texts), _CHUNK)
            for row in connection.execute(_KNOWN_OF, {"keys": texts[start : start + _CHUNK]})
        ]
    records = records_by_id(
        connection,
        (number for row in rows for number in (row.materialization, row.observation, row.planned, row.failed)),
    )
    states = [
        AssetState(
            storage_id=row.id,
            asset_key=AssetKey(json.loads(row.key)),
            last_run_id=row.last_run,
            last_materialization=records.get(row.materialization),
            last_observation=records.get(row.observation),
            last_planned=records.get(row.planned),
            last_failed=records.get(row.failed),
        )
        for row in rows
    ]
    return sorted(states, key=lambda state: state.asset_key)


def latest_materializations(connection: Connection, keys: Sequence[AssetKey]) -> Mapping[AssetKey, EventLogRecord]:
    """Return for each of these assets the entry that tells when it was last made; of no other there is one."""
    by_text = {key.to_db_string(): key for key in keys}
    texts = list(by_text)
    return {
        by_text[row.key]: record_of(row)
        for start in range(0, len(texts), _CHUNK)
        for row in connection.execute(_MADE_OF, {"keys": texts[start : start + _CHUNK]})
    }


def asset_keys(
    connection: Connection, prefix: Sequence[str] | None, limit: int | None, cursor: str | None
) -> Sequence[AssetKey]:
    """Return the keys of known assets below *prefix*, in the order of their stored form."""
    query = select(assets.c.key).where(assets.c.known).order_by(assets.c.key)
    if prefix:
        text = json.dumps(list(prefix))[:-1]  # up to the quote that closes the last part
        query = query.where(func.substr(assets.c.key, 1, len(text)) == text)
    if cursor:
        query = query.where(assets.c.key > cursor)
    if limit is not None:
        query = query.limit(limit)
    return [AssetKey(json.loads(text)) for text in connection.execute(query).scalars()]


def has_asset(connection: Connection, key: AssetKey) -> bool:
    """Tell whether an asset was ever seen and not wiped."""
    query = select(assets.c.id).where(assets.c.key == key.to_db_string(), assets.c.known)
    return connection.execute(query).first() is not None


def asset_number(connection: Connection, key: AssetKey) -> int | None:
    """Return the number of an asset; None for one that was never met."""
    number: int | None = connection.execute(select(assets.c.id).where(assets.c.key == key.to_db_string())).scalar()
    return number


def latest_of_assets(connection: Connection, keys: Sequence[AssetKey]) -> Mapping[AssetKey, LatestState]:
    """Return the latest that is known of these assets; unknown ones are left out."""
    by_text = {key.to_db_string(): key for key in keys}
    texts = list(by_text)
    found: dict[AssetKey, LatestState] = {}
    if connection.dialect.name == "sqlite":  # one parameter for all: a list of hundreds is written out at each question
        answers = [fetch_all(connection, _LATEST_OF_NAMED, ("named",), (json.dumps(texts),))]
    else:
        chunks = (texts[start : start + _CHUNK] for start in range(0, len(texts), _CHUNK))
        answers = [connection.execute(_LATEST_OF.where(assets.c.key.in_(chunk))).fetchall() for chunk in chunks]
    for answer in answers:
        for row in answer:
            text, made, made_at, seen, seen_at, planned, planned_run, failed, run, version, code, seen_version = row
            found[by_text[text]] = LatestState(
                materialization=made,
                materialized_at=made_at,
                observation=seen,
                observed_at=seen_at,
                planned=planned,
                planned_run_id=planned_run,
                failed=failed,
                last_run_id=run,
                data_version=version,
                code_version=code,
                observed_version=seen_version,
            )
    return found


def wipe_asset(connection: Connection, key: AssetKey) -> None:
    """Forget an asset and its checks; the logs of its runs stay."""
    number = asset_number(connection, key)
    if number is not None:
        connection.execute(update(events).where(events.c.asset == number).values(asset=None))
        nothing = dict.fromkeys(column.name for column in assets.c if column.name not in ("id", "key", "known"))
        connection.execute(update(assets).where(assets.c.id == number).values(known=False, **nothing))
        forget_partitions(connection, number)
    of_asset = list(connection.execute(select(checks.c.id).where(checks.c.asset_key == key.to_db_string())).scalars())
    for check in of_asset:
        connection.execute(update(events).where(events.c.check_id == check).values(check_id=None))
        connection.execute(update(checks).where(checks.c.id == check).values(planned=None, evaluation=None))


def wipe_partitions(connection: Connection, key: AssetKey, partitions: Sequence[str]) -> None:
    """Forget these partitions of an asset."""
    number = asset_number(connection, key)
    if number is None:
        return
    for start in range(0, len(partitions), _CHUNK):
        some = list(partitions[start : start + _CHUNK])
        connection.execute(
            update(events).where(events.c.asset == number, events.c.partition.in_(some)).values(asset=None)
        )
    forget_partitions(connection, number, partitions)
    refresh_asset(connection, number)


def check_states(connection: Connection, keys: Sequence[AssetCheckKey]) -> Sequence[CheckState]:
    """Return the states of these checks; unknown ones are left out."""
    rows = {}
    for start in range(0, len(keys), _CHUNK):
        query = select(checks).where(
            or_(
                *(
                    and_(checks.c.asset_key == key.asset_key.to_db_string(), checks.c.name == key.name)
                    for key in keys[start : start + _CHUNK]
                )
            ),
            or_(checks.c.planned.is_not(None), checks.c.evaluation.is_not(None)),
        )
        for row in connection.execute(query):
            rows[AssetCheckKey(AssetKey(json.loads(row.asset_key)), row.name)] = row
    records = records_by_id(connection, (number for row in rows.values() for number in (row.planned, row.evaluation)))
    return [
        CheckState(
            check_key=key,
            last_planned=records.get(rows[key].planned),
            last_evaluation=records.get(rows[key].evaluation),
        )
        for key in keys
        if key in rows
    ]


def check_evaluations(
    connection: Connection, key: AssetCheckKey, limit: int, cursor: int | None
) -> Sequence[EventLogRecord]:
    """Return the evaluations of a check before *cursor*, newest first."""
    number = (
        select(checks.c.id)
        .where(checks.c.asset_key == key.asset_key.to_db_string(), checks.c.name == key.name)
        .scalar_subquery()
    )
    query = (
        select_records()
        .where(events.c.check_id == number, events.c.kind == "ASSET_CHECK_EVALUATION")
        .order_by(events.c.id.desc())
        .limit(limit)
    )
    if cursor is not None:
        query = query.where(events.c.id < cursor)
    return [record_of(row) for row in connection.execute(query)]


def dynamic_keys(connection: Connection, name: str) -> Sequence[str]:
    """Return the keys of a dynamic partitions definition, in the order in which they were added."""
    query = (
        select(dynamic_partitions.c.partition)
        .where(dynamic_partitions.c.name == name)
        .order_by(dynamic_partitions.c.id)
    )
    return list(connection.execute(query).scalars())


def has_dynamic(connection: Connection, name: str, partition: str) -> bool:
    """Tell whether a dynamic partition exists."""
    table = dynamic_partitions.c
    query = select(table.id).where(table.name == name, table.partition == partition)
    return connection.execute(query).first() is not None


def add_dynamic(connection: Connection, name: str, partitions: Iterable[str]) -> None:
    """Add dynamic partitions; those that exist stay where they are."""
    rows = [{"name": name, "partition": partition} for partition in dict.fromkeys(partitions)]
    if rows:
        connection.execute(insert_or_ignore(connection, dynamic_partitions), rows)


def delete_dynamic(connection: Connection, name: str, partition: str) -> None:
    """Delete a dynamic partition; nothing happens if it does not exist."""
    table = dynamic_partitions.c
    connection.execute(delete(dynamic_partitions).where(table.name == name, table.partition == partition))
