"""
Notice that a SQLite file held records once and holds none now: it was cut to nothing, or lost its log, or is gone.

SQLite takes an empty file for a new database, and deletes the write-ahead log that stands beside it, with what was
in it. So the file is looked at before SQLite opens it. What an earlier life leaves: room kept beside the database
(``.reserve``), a log that is not empty (``-wal``), the key with which stored values are signed.
"""

from __future__ import annotations

import os

from orrery.base.errors import StorageError

__all__ = ["RESERVE", "had_records", "refuse_emptied", "refuse_without_tables"]

RESERVE = ".reserve"
"""What the name of the file ends in that keeps room beside a database."""

_LOG, _KEY = "-wal", "values.key"


def refuse_emptied(path: str) -> None:
    """
    Refuse a database that was cut to nothing, or whose log is left alone.

    Args:
        path: The file (absolute), which SQLite has not opened yet.

    Raises:
        StorageError: It held records; it is left as it is, and so is what stands beside it.
    """
    size = _size(path)
    if size:
        return
    has_log = bool(_size(f"{path}{_LOG}"))
    if size is None:
        if has_log and not _size(path):  # unless another process has made it since
            raise StorageError(
                f"The database {path} is not there, but its log {path}{_LOG} is, with the last that was recorded.",
                mend="put the database back where its log is; or move the log away to begin anew.",
            )
        return
    if (has_log or had_records(path)) and not _size(path):
        log = f" Its log {path}{_LOG} is left: keep it with the file." if has_log else ""
        raise StorageError(
            f"The database {path} is empty (0 bytes), and has held records: it was cut to nothing.{log}",
            mend=_MEND.format(path=path),
        )


def refuse_without_tables(path: str) -> None:
    """
    Refuse a database without tables that held records: its log was removed before it was taken over into the file.

    Raises:
        StorageError: It held records.
    """
    if had_records(path):
        raise StorageError(
            f"The database {path} has no table, and has held records: its log {path}{_LOG} was removed, or it was replaced.",
            mend=_MEND.format(path=path),
        )


_MEND = (
    "restore it from a copy, or from what `orrery db salvage` saved; or move {path} away to begin anew: stored values stay, "
    "but nothing is known of the runs that made them."
)


def had_records(path: str) -> bool:
    """Tell whether something beside the database tells that it held records."""
    return os.path.exists(f"{path}{RESERVE}") or os.path.exists(os.path.join(os.path.dirname(path), _KEY))


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size
    except (FileNotFoundError, NotADirectoryError):
        return None
