"""
What entries of the event log tell of values, kept for later processes.

To read and decode an entry takes most of what it costs to find out how a value was made last. What was written never
changes, so it is kept under the number of the entry, and counts only where the instant and the data version that the
event log names beside that number are the same, too. A new materialization is another entry: nothing can be out of date.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from orrery.model.events.reuse import PROVENANCE_VERSION, Provenance
from orrery.plan.decide import LastMade, Retold
from orrery.runtime.files.kept_table import read_table, write_table

__all__ = ["KeptEntries", "Made", "Version"]

Version = tuple[str, str | None, int | None]
"""Data version, run, and number of the entry that tells it."""

_HEAD = f"orrery known entries 3, provenance {PROVENANCE_VERSION}\n".encode()
_MOST = 50_000
_SHARE = 8


class Made(NamedTuple):
    """
    What one entry tells.

    Attributes:
        version: The version of the value.
        last: How the value was made; None if the entry tells that it was seen, not made.
    """

    version: Version
    last: LastMade | None


class _Row(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One entry, as it is kept: the instant that the event log names, and what the entry tells."""

    at: float | None
    version: str
    run_id: str | None
    made_at: float | None = None
    made_by: str = ""
    is_stored: bool = True
    provenance: Provenance | None = None
    retold: Retold | None = None
    content: str | None = None


_Table = dict[int, _Row]
_decoder: Callable[[memoryview], _Table] = msgspec.msgpack.Decoder(_Table).decode


class KeptEntries:
    """
    What is known of the entries of one event log.

    Args:
        path: The file in which it is kept; None where nothing is.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._known: dict[int, tuple[float | None, Made]] = {}
        self._rows: _Table | None = None
        self._new: set[int] = set()

    def find(self, number: int, at: float | None, version: str | None) -> Made | None:
        """
        Return what an entry tells, if that is known.

        Args:
            number: Number of the entry.
            at: Its instant, as the event log names it now.
            version: The data version that the event log names beside it; None if it names none.
        """
        known = self._known.get(number)
        if known is not None:
            return known[1] if known[0] == at else None
        if self._rows is None:
            self._rows = (read_table(self._path, _HEAD, _decoder) if self._path is not None else None) or {}
        row = self._rows.get(number)
        if row is None or row.at != at or (version is not None and row.version != version):
            return None
        found = _made(number, row)
        self._known[number] = at, found
        return found

    def note(self, number: int, at: float | None, made: Made) -> None:
        """Note what an entry tells that was read."""
        self._known[number] = at, made
        self._new.add(number)

    def save(self) -> None:
        """
        Write what is known for later processes, if much of it is new.

        A few that are new are read again by them: that takes less than to write all others once more.
        """
        if self._path is None or not self._new or len(self._new) * _SHARE < len(self._known):
            return
        self._new.clear()
        rows = self._rows or {}
        table = rows | {number: _row(at, made) for number, (at, made) in self._known.items()}
        if len(table) > _MOST:
            table = {number: table[number] for number in sorted(table)[-_MOST:]}
        write_table(self._path, _HEAD, msgspec.msgpack.encode(table))


def _row(at: float | None, made: Made) -> _Row:
    (version, run_id, _), last = made
    if last is None:
        return _Row(at, version, run_id)
    return _Row(at, version, run_id, last.at, last.run_id, last.is_stored, last.provenance, last.retold, last.content)


def _made(number: int, row: _Row) -> Made:
    version: Version = (row.version, row.run_id, number)
    if row.made_at is None:
        return Made(version, None)
    last = LastMade(
        provenance=row.provenance,
        at=row.made_at,
        run_id=row.made_by,
        data_version=row.version,
        storage_id=number,
        is_stored=row.is_stored,
        retold=row.retold,
        content=row.content,
    )
    return Made(version, last)
