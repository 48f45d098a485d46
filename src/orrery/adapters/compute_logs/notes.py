"""
Whose the bytes are that the processes of a run wrote, as their notes say: each line of these is read once.

A process notes ten times a second and at the end of each step. What one wrote last that died is noted by whoever finds that
it is gone, and knows what it was doing.
"""

from __future__ import annotations

import json
import os
import threading
import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from operator import attrgetter
from typing import NamedTuple

__all__ = ["Piece", "RunNotes"]

_SETTLED_NANOSECONDS = 2_000_000_000
"""A folder that changed later than so long ago may change again without another time of change."""

_STREAMS = ("out", "err")


class Piece(NamedTuple):
    """
    Bytes of a file that belong together.

    Attributes:
        path: The file.
        start: Where they begin in it.
        end: Where they end in it.
        before: How many bytes of the same log come before them.
    """

    path: str
    start: int
    end: int
    before: int = 0


class RunNotes:
    """
    The notes of one run, as far as they have come.

    What was read is kept: a log of many steps is asked for step by step, and while it grows. Several threads may ask.

    Args:
        folder: Where the files of the run are.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self._listed: int | None = None
        self._read_to: dict[str, int] = {}
        self._growing: list[str] = []
        self._noted: dict[str, int] = {}
        self._steps: dict[str, None] = {}
        self._pieces: dict[tuple[str, str], list[Piece]] = {}

    def steps(self) -> Sequence[str]:
        """Return the keys of the steps that wrote something, in the order in which they began to."""
        with self._lock:
            self._look()
            return list(self._steps)

    def pieces(self, step_key: str, stream: str, begin: int) -> Iterator[Piece]:
        """Iterate over the pieces of what a step wrote to ``out`` or ``err``, from that which holds its byte *begin*."""
        with self._lock:
            self._look()
            found = self._pieces.get((step_key, stream), [])
            first = max(0, bisect_right(found, begin, key=attrgetter("before")) - 1)
            chosen = found[first:]
        yield from chosen

    def note_rest(self, file_key: str, step_key: str | None) -> tuple[Piece, ...]:
        """
        Note that a step wrote what nobody has noted of the output of a process that is gone; return that of both streams.

        Args:
            file_key: Name of the files of the process.
            step_key: The step; None for that of which the process left word. Nothing is noted if it left none.

        Raises:
            FileNotFoundError: Nothing was captured there.
        """
        with self._lock:
            self._look()
            stem = os.path.join(self._folder, file_key)
            step_key = step_key or _word_left(f"{stem}.now")
            if step_key is None:
                return ()
            paths = [f"{stem}.{stream}" for stream in _STREAMS]
            rest = tuple(Piece(path, self._noted.get(path, 0), os.stat(path).st_size) for path in paths)
            if any(piece.end > piece.start for piece in rest):
                spans = {stream: piece[1:3] for stream, piece in zip(_STREAMS, rest, strict=True)}
                with open(f"{stem}.steps", "ab") as file:
                    file.truncate(self._read_to.get(f"{file_key}.steps", 0))  # it may have died while it wrote a note
                    file.write(json.dumps({"step": step_key, **spans}, separators=(",", ":")).encode() + b"\n")
            open(f"{stem}.complete", "wb").close()
            with suppress(FileNotFoundError):
                os.unlink(f"{stem}.now")
            return rest

    # -- reading -------------------------------------------------------------------------------

    def _look(self) -> None:
        """Take in what has come since."""
        try:
            self._list()
            for name in self._growing:
                self._read(name)
        except FileNotFoundError:  # deleted
            self._begin()

    def _list(self) -> None:
        """Look which files there are, if that may have changed; those of processes that have ended grow no more."""
        changed = os.stat(self._folder).st_mtime_ns
        if changed == self._listed:
            return
        now = time.time_ns()
        names = set(os.listdir(self._folder))
        if not names.issuperset(self._read_to):
            self._begin()
        notes = sorted(name for name in names if name.endswith(".steps"))
        for name in notes:
            self._read(name)
        self._growing = [name for name in notes if f"{name.removesuffix('.steps')}.complete" not in names]
        self._listed = changed if now - changed > _SETTLED_NANOSECONDS else None

    def _read(self, name: str) -> None:
        """Read the notes that are complete; the last one may just be written."""
        path = os.path.join(self._folder, name)
        begin = self._read_to.get(name, 0)
        if os.stat(path).st_size > begin:
            with open(path, "rb") as file:
                file.seek(begin)
                data = file.read()
            whole = data[: data.rfind(b"\n") + 1]
            stem = path.removesuffix(".steps")
            for line in whole.splitlines():
                note = json.loads(line)
                for stream in _STREAMS:
                    self._add(note["step"], stream, f"{stem}.{stream}", *note[stream])
            begin += len(whole)
        self._read_to[name] = begin

    def _add(self, step_key: str | None, stream: str, path: str, start: int, end: int) -> None:
        """Add what one note says; what follows the piece before is made one with it."""
        start = max(start, self._noted.get(path, 0))  # noted already, by who thought that the process is gone
        self._noted[path] = max(start, end)
        if not step_key or end <= start:
            return
        self._steps.setdefault(step_key)
        found = self._pieces.setdefault((step_key, stream), [])
        last = found[-1] if found else None
        if last is None:
            found.append(Piece(path, start, end))
        elif last.path == path and last.end == start:
            found[-1] = last._replace(end=end)
        else:
            found.append(Piece(path, start, end, last.before + last.end - last.start))


def _word_left(path: str) -> str | None:
    """Return the step of which a process left word that it is under way."""
    try:
        with open(path, encoding="utf-8") as file:  # a shorter key is written over a longer one
            return file.readline().removesuffix("\n") or None
    except FileNotFoundError:
        return None
