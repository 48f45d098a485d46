"""A damaged database: what is readable is saved, and a new one is made of it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from orrery.adapters.storage.sqlite import SqliteStorage
from orrery.api.wiring.upkeep import salvage_records
from orrery.base.errors import StorageError
from orrery.base.keys import AssetKey
from orrery.model.events import build
from orrery.model.records.latest import MADE
from orrery.model.records.run import Run, RunStatus
from orrery.testing.conformance.samples import JOB, entry_of, evaluated, line, materialized

A = AssetKey("a")


def make(path: Path, runs: int = 60) -> None:
    """A database of some megabytes, closed so that all of it is in its file."""
    storage = SqliteStorage(str(path))
    for number in range(runs):
        run_id = f"run-{number}"
        storage.add_run(Run(job_name=JOB, run_id=run_id, tags={"number": str(number)}))
        storage.store_entries([entry_of(build.run_started(JOB), run_id)])
        storage.store_entries([line("x" * 1_000, run_id) for _ in range(20)])
        storage.store_entries([materialized("a", run_id, partition=str(number)), evaluated("a", "unique", run_id)])
        storage.store_entries([entry_of(build.run_succeeded(JOB), run_id)])
    storage.dispose()


def test_a_whole_database_is_salvaged_whole(tmp_path: Path) -> None:
    """By way of lines of JSON, too."""
    make(tmp_path / "old.db", runs=3)
    rows, problems = salvage_records(str(tmp_path / "old.db"), str(tmp_path / "rows.jsonl"), str(tmp_path / "new.db"))
    assert problems == []
    assert (rows["events"], rows["runs"]) == (72, 3)
    again, _ = salvage_records(str(tmp_path / "rows.jsonl"), None, str(tmp_path / "newer.db"))
    assert again == {name: many for name, many in rows.items() if many}
    old = SqliteStorage(str(tmp_path / "old.db"))
    for name in ("new.db", "newer.db"):
        new = SqliteStorage(str(tmp_path / name))
        assert new.check_records().problems == ()
        assert new.get_run_records() == old.get_run_records()
        assert new.get_records_for_run("run-1") == old.get_records_for_run("run-1")
        assert new.get_latest_of_partitions(A) == old.get_latest_of_partitions(A)
        assert new.get_latest_of_assets([A]) == old.get_latest_of_assets([A])
        assert new.get_maximum_record_id() == old.get_maximum_record_id()
        new.store_entries([line("new")])
        assert new.get_maximum_record_id() == (old.get_maximum_record_id() or 0) + 1
        new.dispose()
    old.dispose()


def test_a_salvage_that_fails_leaves_nothing_that_could_be_taken_for_all(tmp_path: Path) -> None:
    """The same command works at once when its cause is mended."""
    (tmp_path / "rows.jsonl").write_text('{"table": "run_keys", "row": {"id": 1, "run_id": "a"}}\n{"table": "ev')
    with pytest.raises(StorageError, match="Line 2 is no row"):
        salvage_records(str(tmp_path / "rows.jsonl"), None, str(tmp_path / "new.db"))
    (tmp_path / "noise.db").write_bytes(b"noise" * 2_000)
    with pytest.raises(StorageError, match="Nothing of"):
        salvage_records(str(tmp_path / "noise.db"), str(tmp_path / "lines.jsonl"), str(tmp_path / "new.db"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["noise.db", "rows.jsonl"]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("CREATE TABLE runs (distance int)", r"another program \(runs\)"),
        ("PRAGMA user_version = 1", "no table"),
        ("SELECT 1", r"is empty \(0 bytes\)"),
    ],
)
def test_a_database_that_is_none_of_ours_is_refused(tmp_path: Path, statement: str, words: str) -> None:
    connection = sqlite3.connect(tmp_path / "other.db")
    connection.execute(statement)
    connection.commit()
    connection.close()
    (tmp_path / "other.db").touch()
    with pytest.raises(StorageError, match=words):
        salvage_records(str(tmp_path / "other.db"), None, str(tmp_path / "new.db"))


def test_records_in_postgres_are_not_salvaged_from_a_file_that_lies_in_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings that cannot be read do not stand in the way of the file."""
    monkeypatch.setenv("ORRERY_HOME", str(tmp_path))
    make(tmp_path / "orrery.db", runs=1)
    (tmp_path / "orrery.yaml").write_text("storage: {url: 'postgresql://host/records'}")
    with pytest.raises(StorageError, match="lie in PostgreSQL"):
        salvage_records(None, None, str(tmp_path / "new.db"))
    (tmp_path / "orrery.yaml").write_text("storage: [")
    assert salvage_records(None, None, str(tmp_path / "new.db"))[0]["runs"] == 1


@pytest.mark.parametrize("place", [0.3, 0.5, 0.7, 0.9])
def test_what_is_readable_of_a_torn_database_is_saved(tmp_path: Path, place: float) -> None:
    """Some pages are overwritten: the check tells, and most of the rest is in the new database."""
    path = tmp_path / "orrery.db"
    make(path)
    data = bytearray(path.read_bytes())
    start = int(len(data) * place) // 4096 * 4096
    data[start : start + 3 * 4096] = b"\xa5" * (3 * 4096)
    path.write_bytes(bytes(data))
    rows, problems = salvage_records(str(path), None, str(tmp_path / "new.db"))
    assert problems
    assert rows["events"] > 900
    assert path.read_bytes() == bytes(data)
    new = SqliteStorage(str(tmp_path / "new.db"))
    left = new.check_records()
    assert left.entries_read == rows["events"]
    assert [problem for problem in left.problems if "cannot be read" in problem] == []
    assert new.get_partition_states(A).count(MADE) > 30
    assert {record.dagster_run.status for record in new.get_run_records()} == {RunStatus.SUCCESS}
    new.dispose()


def test_a_torn_database_fails_the_check(tmp_path: Path) -> None:
    """By the words of SQLite."""
    path = tmp_path / "orrery.db"
    make(path)
    data = bytearray(path.read_bytes())
    start = len(data) // 2 // 4096 * 4096
    data[start : start + 4096] = b"\xa5" * 4096
    path.write_bytes(bytes(data))
    storage = SqliteStorage(str(path))
    try:
        problems = storage.check_records().problems
    except StorageError as error:
        problems = (str(error),)
    storage.dispose()
    assert problems
    assert "SQLite" in problems[0] or "damaged" in problems[0]


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    """Nothing is made of it."""
    (tmp_path / "junk.db").write_bytes(b"junk" * 4_000)
    with pytest.raises(StorageError, match=r"Nothing of .* can be read"):
        salvage_records(str(tmp_path / "junk.db"), None, str(tmp_path / "new.db"))
    with pytest.raises(StorageError, match="There is no database"):
        salvage_records(str(tmp_path / "gone.db"), None, str(tmp_path / "new2.db"))


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Neither a database nor lines."""
    make(tmp_path / "old.db", runs=1)
    (tmp_path / "new.db").write_text("mine")
    with pytest.raises(StorageError, match="is there already"):
        salvage_records(str(tmp_path / "old.db"), None, str(tmp_path / "new.db"))
    with pytest.raises(StorageError, match="is there already"):
        salvage_records(str(tmp_path / "old.db"), str(tmp_path / "new.db"), None)
    assert (tmp_path / "new.db").read_text() == "mine"


def test_lines_that_are_none_are_told(tmp_path: Path) -> None:
    """By their number."""
    (tmp_path / "rows.jsonl").write_text('{"table": "of a newer release", "row": {}}\nnonsense\n')
    with pytest.raises(StorageError, match="Line 2 is no row"):
        salvage_records(str(tmp_path / "rows.jsonl"), None, str(tmp_path / "new.db"))


def test_keys_that_were_lost_are_named_anew(tmp_path: Path) -> None:
    """Entries are kept: under a run that says so, and under the asset that they tell of."""
    path = tmp_path / "orrery.db"
    make(path, runs=2)
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM run_keys WHERE run_id = 'run-1'")
        connection.execute("DELETE FROM assets")
    connection.close()
    salvage_records(str(path), None, str(tmp_path / "new.db"))
    new = SqliteStorage(str(tmp_path / "new.db"))
    assert len(new.get_records_for_run("salvaged-2").records) == 24
    assert new.get_partition_states(A).count(MADE) == 2
    assert new.check_records().problems == ()
    new.dispose()
