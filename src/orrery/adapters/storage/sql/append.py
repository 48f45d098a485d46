"""
Store a batch of entries, with everything that follows from it, in the transaction of the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Dialect, Update, bindparam, delete, func, insert, select, true, update

from orrery.adapters.storage.sql.dialects import insertion_into
from orrery.adapters.storage.sql.latest import StepChange, change_partitions, change_steps
from orrery.adapters.storage.sql.lease_tables import leases, pool_claims
from orrery.adapters.storage.sql.many import ROWS, execute_many, execute_one, execute_text
from orrery.adapters.storage.sql.tables import assets, checks, counters, events, run_keys, runs
from orrery.adapters.storage.sql.text import escape
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.model.events.compact import pack_entry
from orrery.model.events.entry import EventLogEntry
from orrery.model.events.event import ASSET_EVENTS, RUN_EVENTS
from orrery.model.records.latest import STEP_ENDS, STEP_STARTS, partitions_of, versions_of
from orrery.model.records.run import FINISHED_STATUSES, Run, RunStatus, decode_run
from orrery.model.records.run_status import status_after
from orrery.model.records.stats import StepStatus

__all__ = ["PROMISED_KINDS", "SOON_KINDS", "Numbers", "append_entries", "insert_or_ignore"]

SOON_KINDS = frozenset({"PIPELINE_START"})
"""Kinds that a power cut may take back for a moment: until the storage rests, or something is promised."""

PROMISED_KINDS = RUN_EVENTS - SOON_KINDS | {
    "ASSET_MATERIALIZATION",
    "ASSET_OBSERVATION",
    "ASSET_FAILED_TO_MATERIALIZE",
    "ASSET_CHECK_EVALUATION",
    "ASSET_WIPED",
}
"""Kinds that must survive a power cut once they were told; log lines of the last second may not."""

_ASSET_COLUMNS = {
    "ASSET_MATERIALIZATION": "materialization",
    "ASSET_OBSERVATION": "observation",
    "ASSET_MATERIALIZATION_PLANNED": "planned",
    "ASSET_FAILED_TO_MATERIALIZE": "failed",
}
_CHECK_COLUMNS = {"ASSET_CHECK_EVALUATION": "evaluation", "ASSET_CHECK_EVALUATION_PLANNED": "planned"}
_RUN_OF = {"ASSET_MATERIALIZATION", "ASSET_MATERIALIZATION_PLANNED"}

_CHANGES = ASSET_EVENTS | RUN_EVENTS | STEP_STARTS | STEP_ENDS.keys()
"""Kinds that change something beside the log itself."""

_CHUNK = 500
_COLUMNS = ("id", "run", "at", "kind", "watched", "asset", "check_id", "partition", "body")
_take_numbers = (
    update(counters)
    .where(counters.c.name == "events")
    .values(value=counters.c.value + bindparam("many"))
    .returning(counters.c.value)
)
_update_checks = (
    update(checks)
    .where(checks.c.id == bindparam("number"))
    .values(
        planned=func.coalesce(bindparam("new_planned"), checks.c.planned),
        evaluation=func.coalesce(bindparam("new_evaluation"), checks.c.evaluation),
    )
)
_select_run = select(runs.c.status, runs.c.started, runs.c.ended, runs.c.updated, runs.c.body).where(
    runs.c.run_id == bindparam("run_id")
)
_end_leases = tuple(delete(table).where(table.c.run_id == bindparam("run_id")) for table in (leases, pool_claims))
_update_run = (
    update(runs)
    .where(runs.c.run_id == bindparam("wanted"))
    .values(
        status=bindparam("new_status"),
        started=bindparam("new_started"),
        ended=bindparam("new_ended"),
        updated=bindparam("new_updated"),
    )
)
_RUN = ("new_status", "new_started", "new_ended", "new_updated", "wanted")


class Numbers:
    """The numbers of run ids, asset keys and checks that this process has met: rows that never go."""

    def __init__(self) -> None:
        self.runs: dict[str, int] = {}
        self.assets: dict[AssetKey, int] = {}
        self.checks: dict[AssetCheckKey, int] = {}

    def of_run(self, connection: Connection, run_id: str) -> int:
        """Return the number of a run id, giving it one at need."""
        number = self.runs.get(run_id)
        if number is None:
            (number,) = execute_one(connection, _take_run_key(connection.dialect.name), ("run_id",), (run_id,))
            if len(self.runs) > 10_000:
                self.runs.clear()
            self.runs[run_id] = number
        return number

    def meet_assets(self, connection: Connection, entries: Iterable[EventLogEntry]) -> None:
        """Give numbers to the assets of these entries that have none here yet: all in one go."""
        new = {
            key.to_db_string(): key
            for entry in entries
            if (event := entry.dagster_event) is not None
            and event.event_type_value in _ASSET_COLUMNS
            and (key := event.asset_key) is not None
            and key not in self.assets
        }
        if not new:
            return
        texts = list(new)
        connection.execute(insert_or_ignore(connection, assets), [{"key": text, "known": False} for text in texts])
        for start in range(0, len(texts), _CHUNK):
            chunk = texts[start : start + _CHUNK]
            for number, text in connection.execute(select(assets.c.id, assets.c.key).where(assets.c.key.in_(chunk))):
                self.assets[new[text]] = number

    def of_check(self, connection: Connection, key: AssetCheckKey) -> int:
        """Return the number of a check, giving it one at need."""
        number = self.checks.get(key)
        if number is None:
            text = key.asset_key.to_db_string()
            connection.execute(insert_or_ignore(connection, checks), {"asset_key": text, "name": key.name})
            wanted = select(checks.c.id).where(checks.c.asset_key == text, checks.c.name == key.name)
            number = connection.execute(wanted).scalar_one()
            self.checks[key] = number
        return number


def insert_or_ignore(connection: Connection, table: Any, answer: Any = None) -> Any:
    """
    Return an insertion that does nothing where a row with the same unique key stands.

    Args:
        connection: To which database.
        table: The table.
        answer: The column of the new row that is answered; none if not given.
    """
    return _insertion_or_nothing(connection.dialect.name, table, answer)


@lru_cache(maxsize=32)
def _insertion_or_nothing(dialect: str, table: Any, answer: Any) -> Any:
    adding = insertion_into(table, dialect).on_conflict_do_nothing()
    return adding if answer is None else adding.returning(answer)


@lru_cache(maxsize=2)
def _take_run_key(dialect: str) -> Any:
    """Return the statement that answers with the number of a run id, whether it had one or gets it."""
    adding = insertion_into(run_keys, dialect)
    same = {"run_id": adding.excluded.run_id}
    return adding.on_conflict_do_update(index_elements=["run_id"], set_=same).returning(run_keys.c.id)


def append_entries(connection: Connection, entries: Sequence[EventLogEntry], numbers: Numbers) -> Sequence[Run]:
    """
    Append *entries* and change runs, assets and checks with them.

    Returns:
        The runs that have ended with them, as they then stand.
    """
    (last,) = execute_one(connection, _take_numbers, ("many",), (len(entries),))
    storage_id = last - len(entries)
    rows: list[tuple[Any, ...]] = []
    asset_changes: dict[int, dict[str, Any]] = {}
    check_changes: dict[int, dict[str, Any]] = {}
    partition_changes: dict[int, dict[str, dict[str, Any]]] = {}
    step_changes: dict[tuple[int, str], StepChange] = {}
    run_events: list[EventLogEntry] = []
    run_id, run_number = None, 0
    add = rows.append
    for entry in entries:
        storage_id += 1
        if entry.run_id != run_id:
            run_id, run_number = entry.run_id, numbers.of_run(connection, entry.run_id)
        event, at, body = entry.dagster_event, entry.timestamp, bytearray(pack_entry(entry))
        kind = None if event is None else event.event_type_value
        if event is None or kind is None or kind not in _CHANGES:
            add((storage_id, run_number, at, kind, 0, 0, 0, 0, body))
            continue
        partition, asset, check, watched = None, 0, 0, 0
        if kind in ASSET_EVENTS:
            watched, partition = 1, event.partition
            asset_key, check_key = event.asset_key, event.asset_check_key
            if check_key is not None:
                check = numbers.of_check(connection, check_key)
                check_changes.setdefault(check, _nothing(check, "planned", "evaluation"))[
                    f"new_{_CHECK_COLUMNS[kind]}"
                ] = storage_id
            elif asset_key is not None and kind in _ASSET_COLUMNS:
                known = numbers.assets.get(asset_key)
                if known is None:  # and so are those of the other entries, as a rule
                    numbers.meet_assets(connection, entries)
                    known = numbers.assets[asset_key]
                asset = known
                told = _told(kind, storage_id, run_number, entry)
                change = asset_changes.setdefault(asset, {})
                change.update(told)
                if kind in _RUN_OF and run_id:
                    change["last_run"] = run_id
                    told["last_run"] = run_number
                if partition is not None or kind == "ASSET_MATERIALIZATION_PLANNED":
                    for each in partitions_of(event):
                        partition_changes.setdefault(asset, {}).setdefault(each, {}).update(told)
        elif kind in RUN_EVENTS:
            watched = 1
            run_events.append(entry)
        elif event.step_key is not None:
            step = run_number, event.step_key
            step_changes[step] = _step_change(step_changes.get(step), kind, at)
        add((storage_id, run_number, at, kind, watched, asset, check, 0 if partition is None else partition, body))
    _insert_events(connection, rows)
    if asset_changes:
        _change_assets(connection, asset_changes)
    if check_changes:
        connection.execute(_update_checks, list(check_changes.values()))
    for number, changes in partition_changes.items():
        change_partitions(connection, number, changes)
    if step_changes:
        change_steps(connection, step_changes)
    return _change_runs(connection, run_events) if run_events else ()


def _insert_events(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """
    Insert rows of ``_COLUMNS``: the one statement that is worth going past SQLAlchemy's parameters and types.

    SQLite gets many rows in one statement: it then works on them beside the threads of Python, which a statement for each
    row would have to wait for each time. Its module asks each value that is no number, text or bytearray whether it can
    adapt itself, which takes longer than to store it: so 0 stands for nothing, and bodies are bytearrays.
    """
    if connection.dialect.positional:
        many = len(rows) - len(rows) % ROWS
        for start in range(0, many, ROWS):
            execute_text(connection, _MANY_ROWS, [tuple(chain.from_iterable(rows[start : start + ROWS]))])
        if many < len(rows):
            execute_text(connection, _ONE_ROW, rows[many:])
    else:
        statement = _insertion(connection.dialect)
        named = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
        for row in named:
            for name in _PERHAPS:
                if row[name] == 0:
                    row[name] = None
            if row["partition"] is not None:
                row["partition"] = escape(row["partition"])
        connection.exec_driver_sql(statement, named)


_PERHAPS = ("watched", "asset", "check_id", "partition")
_ROW = "(?, ?, ?, ?, NULLIF(?, 0), NULLIF(?, 0), NULLIF(?, 0), NULLIF(?, 0), ?)"
_ONE_ROW = f"INSERT INTO events ({', '.join(_COLUMNS)}) VALUES {_ROW}"  # noqa: S608  # ours
_MANY_ROWS = _ONE_ROW + f", {_ROW}" * (ROWS - 1)


@lru_cache(maxsize=4)
def _insertion(dialect: Dialect) -> str:
    """Return the insertion of an event in the words of a database that names its parameters."""
    return str(insert(events).compile(dialect=dialect, column_keys=_COLUMNS))


def _change_assets(connection: Connection, changes: Mapping[int, Mapping[str, Any]]) -> None:
    by_columns: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for number, change in changes.items():
        by_columns.setdefault(tuple(change), []).append((*change.values(), number))
    for columns, rows in by_columns.items():
        execute_many(connection, _update_assets(columns), (*columns, "number"), rows)


@lru_cache(maxsize=64)
def _update_assets(columns: tuple[str, ...]) -> Update:
    """Return the change of these columns of an asset."""
    new = {name: bindparam(name, type_=assets.c[name].type) for name in columns}
    return update(assets).where(assets.c.id == bindparam("number")).values(known=true(), **new)


def _told(kind: str, storage_id: int, run: int, entry: EventLogEntry) -> dict[str, Any]:
    """Return the columns of an asset or a partition that an entry about it sets."""
    columns: dict[str, Any] = {_ASSET_COLUMNS[kind]: storage_id}
    if kind == "ASSET_MATERIALIZATION":
        data_version, code_version = versions_of(entry.get_dagster_event())
        columns["materialized_at"], columns["data_version"] = entry.timestamp, data_version
        columns["code_version"] = code_version
    elif kind == "ASSET_OBSERVATION":
        columns["observed_at"], columns["observed_version"] = (
            entry.timestamp,
            versions_of(entry.get_dagster_event())[0],
        )
    elif kind == "ASSET_MATERIALIZATION_PLANNED":
        columns["planned_run"] = run
    return columns


def _step_change(before: StepChange | None, kind: str, at: float) -> StepChange:
    if kind in STEP_STARTS:
        attempts, started = (1, at) if before is None else (before.attempts + 1, before.started)
        return StepChange(StepStatus.IN_PROGRESS, attempts, started, None)
    attempts, started = (0, at) if before is None else (before.attempts, before.started)
    return StepChange(STEP_ENDS[kind], attempts, started, max(at, started))


def _nothing(number: int, *names: str) -> dict[str, Any]:
    return {"number": number} | {f"new_{name}": None for name in names}


def _change_runs(connection: Connection, entries: Iterable[EventLogEntry]) -> Sequence[Run]:
    ended_runs: list[Run] = []
    by_run: dict[str, list[EventLogEntry]] = {}
    for entry in entries:
        by_run.setdefault(entry.run_id, []).append(entry)
    for run_id, changes in by_run.items():
        row = execute_one(connection, _select_run, ("run_id",), (run_id,))
        if not row:
            continue
        name, started, ended, updated, body = row
        status = RunStatus(name)
        for entry in changes:
            kind = entry.get_dagster_event().event_type_value
            status = status_after(status, kind) or status
            updated = max(updated, round(entry.timestamp, 6))
            if kind == "PIPELINE_START" and started is None:
                started = entry.timestamp
            if status in FINISHED_STATUSES and ended is None:
                ended = max(entry.timestamp, started or entry.timestamp)  # a clock may have been set back
        execute_one(connection, _update_run, _RUN, (status.value, started, ended, updated, run_id))
        if status in FINISHED_STATUSES:
            for statement in _end_leases:
                execute_one(connection, statement, ("run_id",), (run_id,))
            ended_runs.append(decode_run(body).with_status(status))
    return ended_runs
