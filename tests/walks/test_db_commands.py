"""``orrery db`` as people and programs call it, over a project's records."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest
from tests.support.command import run_command

from orrery.adapters.storage.sqlite import SqliteStorage
from orrery.model.records.run import Run
from orrery.testing.conformance.samples import JOB, line, materialized

pytestmark = pytest.mark.walk


def orrery(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_command(*arguments, cwd=home.parent, env={**os.environ, "ORRERY_HOME": str(home)})


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    storage = SqliteStorage(str(home / "orrery.db"))
    storage.add_run(Run(job_name=JOB, run_id="run-1"))
    storage.store_entries([line("old", "gone", at=5.0), materialized("a", "gone", at=5.0)])
    storage.dispose()
    return home


def test_records_are_looked_after(home: Path) -> None:
    """Stats, a dry run, pruning, the check."""
    stats = json.loads(orrery(home, "db", "stats", "--json").stdout)
    assert stats["events"]["log_lines"] == {
        "count": 1,
        "size_bytes": 37,
        "oldest": 5.0,
        "keep_days": 90.0,
        "keep_most": None,
    }
    assert "log_lines" in orrery(home, "db", "stats").stdout
    dry = json.loads(orrery(home, "db", "prune", "--dry-run", "--json").stdout)
    assert (dry["dry_run"], dry["deleted"]["log_lines"]) == (True, 1)
    kept = json.loads(orrery(home, "db", "prune", "--json", "--keep", "log_lines=forever").stdout)
    assert "log_lines" not in kept["deleted"]
    assert "deleted" in orrery(home, "db", "prune").stdout
    assert json.loads(orrery(home, "db", "stats", "--json").stdout)["events"]["log_lines"]["count"] == 0
    checked = orrery(home, "db", "check")
    assert (checked.returncode, checked.stdout.startswith("passed  1 entry in ")) == (0, True)
    assert "already" in orrery(home, "db", "migrate").stdout


def test_settings_say_what_is_kept(home: Path) -> None:
    """A wrong one is told before anything is deleted."""
    (home / "orrery.yaml").write_text("retention:\n  log_lines: forever\n")
    assert "log_lines" not in json.loads(orrery(home, "db", "prune", "--json").stdout)["deleted"]
    (home / "orrery.yaml").write_text("retention:\n  log_line: 3\n")
    wrong = orrery(home, "db", "prune")
    assert wrong.returncode == 1
    assert "write 'log_lines'" in wrong.stderr
    (home / "orrery.yaml").unlink()
    usage = orrery(home, "db", "prune", "--keep", "log_lines")
    assert usage.returncode == 2
    assert "--keep log_lines=30" in usage.stderr
    for name, hint in (("log_line", "'log_lines'"), ("automatic", "use one of")):
        usage = orrery(home, "db", "prune", "--keep", f"{name}=3")
        assert usage.returncode == 2
        assert f"no kind '{name}'" in usage.stderr
        assert hint in usage.stderr


def test_damage_is_found_and_the_rest_is_saved(home: Path) -> None:
    """The exit code tells; nothing is overwritten."""
    with sqlite3.connect(home / "orrery.db") as connection:
        connection.execute("UPDATE events SET body = X'00' WHERE id = 1")
    connection.close()
    checked = orrery(home, "db", "check", "--json")
    assert checked.returncode == 1
    assert json.loads(checked.stdout)["problems"][0].startswith("Entry 1 of run gone cannot be read")
    nowhere = orrery(home, "db", "salvage")
    assert nowhere.returncode == 2
    assert "--into" in nowhere.stderr
    saved = orrery(home, "db", "salvage", "--lines", "rows.jsonl", "--into", "new.db", "--json")
    assert json.loads(saved.stdout)["rows"]["events"] == 2
    assert orrery(home, "db", "salvage", "--into", "new.db").returncode == 1
    assert (home.parent / "rows.jsonl").is_file()


def test_where_nothing_is_recorded_that_is_told(tmp_path: Path) -> None:
    """No directory is made."""
    told = orrery(tmp_path / "none", "db", "stats")
    assert told.returncode == 1
    assert "There are no records" in told.stderr
    assert not (tmp_path / "none").exists()
