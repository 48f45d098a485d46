"""Records that were there and are gone: said, and nothing that is left is touched."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from orrery import Instance, StorageError, asset, materialize
from orrery.adapters.storage.sqlite import SqliteStorage, schema_of
from orrery.api.wiring.upkeep import salvage_records
from orrery.testing.conformance.samples import line


@asset
def orders() -> list[int]:
    return [1, 2, 3]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a run and a stored value, closed."""
    with Instance.local_temp(str(tmp_path)) as instance:
        assert materialize([orders], instance=instance).success
    return tmp_path


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """The files of a database whose process was killed: its tables are in the log alone."""
    (tmp_path / "living").mkdir()
    storage = SqliteStorage(str(tmp_path / "living" / "orrery.db"))
    storage.store_entries([line("recorded")])
    storage.flush()
    (tmp_path / "home").mkdir()
    for name in ("orrery.db", "orrery.db-wal", "orrery.db.reserve"):
        (tmp_path / "home" / name).write_bytes((tmp_path / "living" / name).read_bytes())
    storage.dispose()
    return tmp_path / "home"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_database_that_was_cut_to_nothing_is_told(home: Path) -> None:
    """With what to do; no new one is made, by whichever door it is opened."""
    (home / "orrery.db").write_bytes(b"")
    before = contents(home)
    with pytest.raises(StorageError, match=r"is empty \(0 bytes\), and has held records") as told:
        Instance.local_temp(str(home))
    assert str(home / "orrery.db") in str(told.value)
    assert "restore it from a copy" in str(told.value)
    with pytest.raises(StorageError, match="is empty"):
        schema_of(str(home / "orrery.db"))
    with pytest.raises(StorageError, match="is empty"):
        salvage_records(str(home / "orrery.db"), str(home / "rows.jsonl"), None)
    assert contents(home) == before


def test_an_empty_file_in_a_fresh_home_is_a_new_database(tmp_path: Path) -> None:
    """As a process leaves it that is killed while it makes the first."""
    (tmp_path / "orrery.db").touch()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SqliteStorage(str(tmp_path / "orrery.db")).dispose()


@pytest.mark.parametrize("is_gone", [True, False])
def test_the_log_of_a_database_that_is_gone_is_not_deleted(killed: Path, is_gone: bool) -> None:
    """Gone, or cut to nothing. Put back, it has all that was recorded."""
    path = killed / "orrery.db"
    kept = path.read_bytes()
    path.unlink() if is_gone else path.write_bytes(b"")
    before = contents(killed)
    with pytest.raises(StorageError, match=r"orrery\.db-wal"):
        SqliteStorage(str(path))
    assert contents(killed) == before
    path.write_bytes(kept)
    storage = SqliteStorage(str(path))
    assert [each.event_log_entry.user_message for each in storage.get_records_for_run("run-1").records] == ["recorded"]
    storage.dispose()


def test_a_log_that_was_removed_is_told(killed: Path) -> None:
    """Where the tables were in it alone."""
    (killed / "orrery.db-wal").unlink()
    with pytest.raises(StorageError, match="has no table, and has held records: its log"):
        SqliteStorage(str(killed / "orrery.db"))


def test_a_database_that_is_gone_is_told_once(home: Path) -> None:
    """A new one is begun, and the values stay."""
    for path in home.glob("orrery.db*"):
        path.unlink()
    with pytest.warns(UserWarning, match="There was no database"):
        begun = Instance.local_temp(str(home))
    with begun as instance:
        assert instance.get_runs() == []
        assert materialize([orders], instance=instance).success
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Instance.local_temp(str(home)).dispose()
