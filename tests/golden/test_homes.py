"""
Records of every release are opened by this one.

``homes`` holds a database for each schema, as SQL (``sqlite3.Connection.iterdump``), filled by the release that
made it. A new schema adds a file; none is ever changed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from orrery.adapters.storage.sqlite import SqliteStorage
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.model.events.entry import EventLogEntry
from orrery.model.records.latest import FAILED, MADE, PLANNED
from orrery.model.records.run import RunStatus
from orrery.model.records.stats import StepStatus

HOMES = sorted((Path(__file__).parent / "homes").glob("*.sql"))
ORDERS = AssetKey("orders")


@pytest.fixture(params=HOMES, ids=lambda path: path.stem)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqliteStorage]:
    path = tmp_path / "orrery.db"
    connection = sqlite3.connect(path)
    connection.executescript(request.param.read_text(encoding="utf-8"))
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    storage = SqliteStorage(str(path))
    yield storage
    storage.dispose()


def test_an_old_home_answers_every_question(storage: SqliteStorage) -> None:
    """Runs, logs, assets, partitions, steps, checks, ticks, small values."""
    runs = {record.dagster_run.run_id: record.dagster_run for record in storage.get_run_records()}
    assert runs["run-1"].status is RunStatus.SUCCESS
    assert runs["run-1"].tags == {"team": "data"}
    assert runs["run-2"].status is RunStatus.STARTED
    assert [record.run_id for record in storage.get_records_for_run("run-1").records] == ["run-1"] * 8
    states = storage.get_partition_states(ORDERS)
    assert dict(zip(states.keys, states.flags, strict=True)) == {
        "2024-01-01": MADE,
        "2024-01-02": FAILED,
        "2024-01-03": PLANNED,
    }
    made = storage.get_latest_of_partitions(ORDERS)["2024-01-01"]
    assert (made.data_version, made.code_version, made.materialized_at) == ("v1", "c1", 4.0)
    assert made.last_run_id == made.planned_run_id == "run-1"
    totals = storage.get_latest_of_assets([AssetKey("totals")])[AssetKey("totals")]
    assert (totals.data_version, totals.observed_at) == ("t1", 16.0)
    (done,) = storage.get_step_states("run-1")
    assert (done.step_key, done.status, done.attempts, done.end_time) == ("orders", StepStatus.SUCCESS, 1, 5.0)
    (check,) = storage.get_check_states([AssetCheckKey("orders", "unique")])
    assert check.last_evaluation is not None
    assert list(storage.get_dynamic_partitions("colours")) == ["red", "blue"]
    assert [row.timestamp for row in storage.get_ticks("s")] == [20.0]
    assert storage.get_cursor_values({"daemon"}) == {"daemon": "5"}
    assert storage.get_snapshot("snap") == b"body"


def test_what_was_migrated_is_what_would_follow_from_the_log(storage: SqliteStorage, tmp_path: Path) -> None:
    """The same entries, stored by this release, end in the same latest states."""
    fresh = SqliteStorage(str(tmp_path / "fresh.db"))
    for record in _records(storage):
        fresh.store_entries([record])
    for key in (ORDERS, AssetKey("totals"), AssetKey("rates")):
        assert fresh.get_latest_of_partitions(key) == storage.get_latest_of_partitions(key)
        assert fresh.get_latest_of_assets([key]) == storage.get_latest_of_assets([key])
        assert fresh.get_partition_states(key) == storage.get_partition_states(key)
    for run_id in ("run-1", "run-2"):
        assert fresh.get_step_states(run_id) == storage.get_step_states(run_id)
    fresh.dispose()


def _records(storage: SqliteStorage) -> list[EventLogEntry]:
    records = [record for run_id in ("run-1", "run-2") for record in storage.get_records_for_run(run_id).records]
    return [record.event_log_entry for record in sorted(records, key=lambda record: record.storage_id)]


def test_an_old_home_goes_on(storage: SqliteStorage) -> None:
    """What is new is numbered after what is old."""
    newest = storage.get_maximum_record_id()
    assert newest is not None
    entries = [record.event_log_entry for record in storage.get_records_for_run("run-1").records]
    storage.store_entries(entries)
    assert storage.get_records_for_run("run-1").records[-1].storage_id == newest + len(entries)
