"""
The upkeep of an instance's records, for whoever looks after them.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, cast

from orrery.api.wiring.instance import find_home
from orrery.api.wiring.records import open_records, records_settings
from orrery.api.wiring.settings import read_settings
from orrery.base.errors import StorageError
from orrery.model.records.upkeep import Retention
from orrery.runtime.ports.upkeep import RecordsUpkeep

__all__ = ["migrate_records", "open_upkeep", "salvage_records"]


@contextmanager
def open_upkeep(*, may_only_read: bool = False) -> Iterator[tuple[RecordsUpkeep, Retention]]:
    """
    Give the upkeep of the project's records, and how long its settings keep what.

    The records are opened alone: no run is looked after, nothing is recorded. With *may_only_read* those that this user
    may not write are opened to read.

    Raises:
        StorageError: There are none, they cannot be opened, or the settings are wrong.
    """
    home, settings = _home()
    retention = Retention.of_settings(settings.get("retention"))
    storage = open_records(home, settings, may_only_read=may_only_read)
    try:
        yield cast(RecordsUpkeep, storage), retention
    finally:
        storage.dispose()


def migrate_records() -> tuple[str | None, str]:
    """Bring the project's records up to date; return the revisions of their schema before and after."""
    home, settings = _home()
    found = records_settings(settings, os.environ)
    if found.url is None:
        before = _adapter("sqlite").schema_of(os.path.join(home, "orrery.db"))
    else:
        before = _adapter("postgres").schema_of(found.url)
    storage = open_records(home, settings)
    storage.dispose()
    return before, _adapter("sql.tables").SCHEMA_VERSION


def salvage_records(source: str | None, lines: str | None, into: str | None) -> tuple[Mapping[str, int], list[str]]:
    """
    Read what is readable of a SQLite database, and write it as lines of JSON, or into a new database, or both.

    Args:
        source: The database, or lines that were written before (a name that ends in ``.jsonl``); by default the
            project's database.
        lines: File to write lines to; None for none.
        into: Database to make; None for none.

    Returns:
        How many rows there were by table, and what could not be read.
    """
    salvage = _adapter("salvage")
    path = source or _database_to_salvage()
    for target in (lines, into):
        if target is not None and os.path.lexists(target):
            raise StorageError(f"{target} is there already.", mend="name a new file.")
    found = salvage.Salvaged()
    if lines is not None:
        with _whole_or_gone(lines), open(lines, "x", encoding="utf-8") as output:
            salvage.write_lines(_rows(salvage, path, found), output)
        path, found_first = lines, found
        found = salvage.Salvaged() if into is not None else found
        found.problems = found_first.problems
    if into is not None:
        with _whole_or_gone(into):
            salvage.build_database(os.path.abspath(into), _rows(salvage, path, found))
    return found.rows, found.problems


def _database_to_salvage() -> str:
    """Return the file of the project's records; settings that cannot be read do not stand in the way."""
    home = find_home()
    try:
        storage = read_settings(os.path.join(home, "orrery.yaml")).get("storage")
    except StorageError:  # the file is what is asked for, and it may be all that is left
        storage = None
    if isinstance(storage, Mapping) and storage.get("url"):
        raise StorageError(
            "The records of the project lie in PostgreSQL; what is salvaged is a SQLite file.",
            mend="restore the database from a copy of the server; or name a file: orrery db salvage FILE.",
        )
    return os.path.join(home, "orrery.db")


@contextmanager
def _whole_or_gone(path: str) -> Iterator[None]:
    """Remove the new file *path*, and what SQLite keeps beside it, if the block fails: nobody takes half for all."""
    try:
        yield
    except BaseException:
        for each in ("", "-wal", "-shm", ".lock", ".reserve"):
            with suppress(FileNotFoundError, NotADirectoryError):
                os.remove(path + each)
        raise


def _rows(salvage: Any, path: str, found: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if not path.endswith(".jsonl"):
        yield from salvage.read_rows(path, found)
        return
    try:
        with open(path, encoding="utf-8") as lines:
            for name, row in salvage.read_lines(lines):
                found.rows[name] = found.rows.get(name, 0) + 1
                yield name, row
    except FileNotFoundError as error:
        raise StorageError(f"There is no file {path}.", mend="name what was salvaged before.") from error


def _home() -> tuple[str, Mapping[str, Any]]:
    home = find_home()
    if not os.path.isdir(home):
        raise StorageError(f"There are no records in {home}.", mend="run something first, or set ORRERY_HOME.")
    return home, read_settings(os.path.join(home, "orrery.yaml"))


def _adapter(name: str) -> Any:
    """Import an adapter: SQLAlchemy alone takes 100 ms."""
    return importlib.import_module(f"orrery.adapters.storage.{name}")
