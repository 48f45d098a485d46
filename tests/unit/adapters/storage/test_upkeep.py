"""Statistics, pruning and the check of records: the same over both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from orrery.adapters.storage.postgres import PostgresStorage
from orrery.adapters.storage.sql.storage import SqlStorage
from orrery.adapters.storage.sqlite import SqliteStorage
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.model.events import build
from orrery.model.records.latest import MADE
from orrery.model.records.run import Run
from orrery.model.records.upkeep import Cutoff, Retention
from orrery.runtime.ports.schedules import TickRow
from orrery.testing.conformance.samples import (
    JOB,
    entry_of,
    evaluated,
    failed_to_materialize,
    line,
    materialized,
    observed,
    planned,
)

A = AssetKey("a")
ALL = dict.fromkeys(Retention.of_settings(None).days, Cutoff(before=100.0))
"""Everything before the instant 100 may go."""


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStorage]:
    storage: SqlStorage
    if request.param == "sqlite":
        storage = SqliteStorage(str(tmp_path / "orrery.db"))
    else:
        storage = PostgresStorage(request.getfixturevalue("postgres_url"))
    yield storage
    storage.dispose()


def fill(storage: SqlStorage) -> None:
    """Two runs that ended, one old and one new, and an old one that goes on."""
    for run_id in ("run-1", "run-2", "run-3"):
        storage.add_run(Run(job_name=JOB, run_id=run_id))
    for run_id, at in (("run-1", 10.0), ("run-2", 200.0)):
        step = build.StepRef(JOB, "a")
        storage.store_entries(
            [
                entry_of(build.run_started(JOB), run_id, at),
                planned("a", run_id, at=at, partition="x"),
                line("working", run_id, at),
                entry_of(build.step_start(step), run_id, at),
                materialized("a", run_id, at=at, partition="x"),
                materialized("a", run_id, at=at, partition=f"of {run_id}"),
                observed("a", run_id, at=at),
                evaluated("a", "unique", run_id, at=at),
                entry_of(build.step_success(step, 5.0), run_id, at),
                entry_of(build.run_succeeded(JOB), run_id, at),
            ]
        )
    storage.store_entries([entry_of(build.run_started(JOB), "run-3", 20.0), line("still here", "run-3", 20.0)])


def test_what_is_old_goes_and_the_latest_stays(storage: SqlStorage) -> None:
    """Of each asset, partition and check; and everything of a run that goes on."""
    fill(storage)
    before = storage.get_latest_of_partitions(A), storage.get_latest_of_assets([A]), storage.get_step_states("run-1")
    report = storage.prune(ALL)
    assert report.deleted == {
        "log_lines": 1,
        "steps": 2,
        "plans": 1,
        "observations": 1,
        "materializations": 1,
        "checks": 1,
        "runs": 2,
        "ticks": 0,
    }
    assert report.size_bytes > 0
    old = storage.get_records_for_run("run-1").records
    assert [record.partition_key for record in old] == ["of run-1"]
    assert len(storage.get_records_for_run("run-2").records) == 10
    assert len(storage.get_records_for_run("run-3").records) == 2
    after = storage.get_latest_of_partitions(A), storage.get_latest_of_assets([A]), storage.get_step_states("run-1")
    assert after == before
    assert storage.get_partition_states(A).count(MADE) == 3
    (check,) = storage.get_check_states([AssetCheckKey("a", "unique")])
    assert check.last_evaluation is not None
    assert storage.check_records().problems == ()
    assert sum(storage.prune(ALL).deleted.values()) == 0


def test_a_dry_run_says_the_same_and_deletes_nothing(storage: SqlStorage) -> None:
    """So that one may look before."""
    fill(storage)
    promised = storage.prune(ALL, dry_run=True)
    assert promised.is_dry_run
    assert len(storage.get_records_for_run("run-1").records) == 10
    assert storage.prune(ALL).deleted == promised.deleted


def test_a_kind_that_is_kept_for_ever_stays(storage: SqlStorage) -> None:
    """Only what has a cutoff goes."""
    fill(storage)
    report = storage.prune(Retention.of_settings({"log_lines": 0}).cutoffs(now=100.0))
    assert report.deleted["log_lines"] == 1
    assert "materializations" not in report.deleted
    assert len(storage.get_records_for_run("run-1").records) == 9


def test_old_ticks_go_but_for_the_newest_of_each(storage: SqlStorage) -> None:
    """And one that has not ended."""
    for selector, at, status in (
        ("s", 1.0, "SUCCESS"),
        ("s", 2.0, "STARTED"),
        ("s", 3.0, "SKIPPED"),
        ("t", 1.0, "SKIPPED"),
    ):
        storage.add_tick(TickRow(selector_id=selector, origin_id="o", status=status, timestamp=at, body=b"{}"))
    assert storage.prune({"ticks": Cutoff(before=100.0)}).deleted == {"ticks": 1}
    assert [row.timestamp for row in storage.get_ticks("s")] == [3.0, 2.0]
    assert [row.timestamp for row in storage.get_ticks("t")] == [1.0]


def test_no_more_than_a_number_is_kept(storage: SqlStorage) -> None:
    """The newest of all; but what is the latest of something stays, and so does what belongs to a run that goes on."""
    fill(storage)
    storage.add_tick(TickRow(selector_id="s", origin_id="o", status="SKIPPED", timestamp=1.0, body=b"{}"))
    storage.add_tick(TickRow(selector_id="s", origin_id="o", status="SKIPPED", timestamp=2.0, body=b"{}"))
    settings = {"steps": {"most": 1}, "materializations": {"days": 90_000, "most": 1}, "ticks": {"most": 0}}
    cutoffs = Retention.of_settings(settings).cutoffs(now=100.0)
    cutoffs = {name: cutoffs[name] for name in settings}
    promised = storage.prune(cutoffs, dry_run=True)
    assert promised.deleted == {"steps": 3, "materializations": 1, "ticks": 1}
    assert storage.prune(cutoffs).deleted == promised.deleted
    assert storage.get_partition_states(A).count(MADE) == 3
    assert storage.check_records().problems == ()


def test_who_has_little_time_leaves_the_rest_to_the_next(storage: SqlStorage) -> None:
    """Each goes on where the one before ended, and at last all was looked at."""
    storage.store_entries([line("x", "run-1", at=1.0 if number % 2 else 1_000.0) for number in range(12_000)])
    cutoffs = {"log_lines": Cutoff(before=100.0)}
    after: int | None = 0
    counts = []
    while after is not None:
        report = storage.prune(cutoffs, after=after, seconds=0)
        counts.append(report.deleted["log_lines"])
        after = report.after
    assert sum(counts) == 6_000
    assert len(counts) == 4
    assert storage.prune(cutoffs, dry_run=True).deleted == {"log_lines": 0}


def test_others_write_while_much_is_pruned(storage: SqlStorage) -> None:
    """In transactions that are short: the longest stays near what was aimed at, and nothing is lost."""
    storage.store_entries([line("x" * 200, f"run-{number % 7}", at=1.0) for number in range(20_000)])
    storage.flush()
    done = threading.Event()
    written: list[int] = []

    def write() -> None:
        while not done.is_set():
            storage.store_entries([line("new", "writer", at=1_000.0)])
            storage.flush()
            written.append(1)

    thread = threading.Thread(target=write)
    thread.start()
    report = storage.prune({"log_lines": Cutoff(before=100.0)})
    done.set()
    thread.join()
    assert report.deleted == {"log_lines": 20_000}
    assert len(storage.get_records_for_run("writer").records) == len(written) > 0
    assert storage.get_records_for_run("run-1").records == []


def test_how_much_there_is_is_told_by_kind(storage: SqlStorage) -> None:
    """With the oldest of each."""
    fill(storage)
    stats = storage.get_stats()
    assert {name: group.count for name, group in stats.events.items()} == {
        "log_lines": 3,
        "steps": 4,
        "plans": 2,
        "observations": 2,
        "materializations": 4,
        "checks": 2,
        "runs": 5,
    }
    assert stats.events["runs"].oldest == 10.0
    assert stats.events["steps"].size_bytes > 100
    assert stats.size_bytes > 10_000
    assert (stats.rows["runs"], stats.rows["asset_partitions"]) == (3, 3)
    assert "pa55" not in stats.place


def test_records_without_fault_pass_the_check(storage: SqlStorage) -> None:
    """Also after everything that changes them."""
    fill(storage)
    storage.store_entries([failed_to_materialize("a", "run-2", partition="y"), planned("b", "run-2", partition="z")])
    storage.wipe_asset_partitions(A, ["y"])
    storage.delete_events("run-1")
    storage.wipe_asset(AssetKey("b"))
    report = storage.check_records()
    assert report.problems == ()
    assert report.entries_read == 14


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("UPDATE counters SET value = 1", "beyond the 1 that were given"),
        ("DELETE FROM run_keys WHERE run_id = 'run-1'", "10 entries, the first of them 1, name a run"),
        ("DELETE FROM assets", "name an asset"),
        ("DELETE FROM checks", "name a check"),
        ("DELETE FROM events WHERE kind = 'ASSET_MATERIALIZATION'", "The latest materialization of 1 assets"),
        ("UPDATE asset_partitions SET failed = 999", "3 partitions, one of them"),
        ("UPDATE partition_pages SET flags = partitions", "Page 0 of asset 1 has 3 keys"),
        (
            "UPDATE events SET body = partition_pages.partitions FROM partition_pages WHERE id = 3",
            "Entry 3 of run run-1",
        ),
        ("UPDATE runs SET body = partition_pages.partitions FROM partition_pages WHERE run_id = 'run-1'", "Run run-1"),
    ],
)
def test_what_is_wrong_is_told(storage: SqlStorage, damage: str, words: str) -> None:
    """In a sentence, each."""
    fill(storage)
    storage.flush()

    def spoil(connection: Connection) -> Any:
        return connection.execute(text(damage))

    storage._connections.write(spoil, True)
    problems = storage.check_records().problems
    assert any(words in problem for problem in problems), problems
