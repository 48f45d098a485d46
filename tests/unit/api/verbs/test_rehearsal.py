"""What a process did once before it is forked is not done again in its children."""

from __future__ import annotations

import os
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from orrery import Instance, job, op
from orrery.adapters.storage import sqlite
from orrery.adapters.storage.sql.many import _positional
from orrery.api.verbs.rehearsal import rehearse
from orrery.base.pointer import FilePointer, encode_pointer
from orrery.workers.run import prepare


@op
def one() -> int:
    return 1


@job
def of_ours() -> None:
    one()


def statements() -> int:
    """Return how many statements were put into words for SQLite in this process since all were forgotten."""
    kept = sum(len(sqlite._shared(begin)[-1]) for begin in ("BEGIN", "BEGIN IMMEDIATE"))
    return kept + _positional.cache_info().misses


def forget_statements() -> None:
    sqlite._shared.cache_clear()
    _positional.cache_clear()


def test_a_run_after_it_puts_no_statement_into_words(tmp_path: Path) -> None:
    """Another database and another job use what is there."""
    forget_statements()
    assert rehearse()
    before = statements()
    assert before > 10
    with Instance.local_temp(str(tmp_path)) as instance:
        assert of_ours.execute_in_process(instance=instance).success
        assert statements() == before


def test_the_process_of_a_launcher_does_it(tmp_path: Path) -> None:
    """Runs are forked from a process that has done one."""
    code = tmp_path / "project.py"
    code.write_text("from orrery import Definitions\n\ndefs = Definitions()\n")
    forget_statements()
    prepare(encode_pointer(FilePointer(path=str(code))))
    assert statements() > 10


def test_it_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread, which would forbid to fork; no open file, no variable, no directory."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    threads, variables = set(threading.enumerate()), dict(os.environ)
    assert rehearse()
    assert [each for each in set(threading.enumerate()) - threads if each.name.startswith("orrery")] == []
    assert [each for each in open_files() if str(tmp_path) in each] == []
    assert dict(os.environ) == variables
    assert not list(tmp_path.iterdir())


def open_files() -> list[str]:
    found = []
    for each in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # that of the list itself
            found.append(os.readlink(f"/proc/self/fd/{each}"))
    return found


def test_it_is_left_out_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs then do their first things themselves."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    assert not rehearse()
