"""
Many values, one sync: what a run writes is published together.

An fsync costs a quarter of a millisecond, and each value needs two. Inside
a run a :class:`WriteBatch` is active (``runtime/ports/write_barrier.py``); then a value is written to
its temporary file *and left there*, or *held* in memory if it is small and the disk has plenty of room:
the step goes on, and the thread that publishes makes the file. ``flush``:

1. writes what is held to temporary files;
2. syncs all temporary files;
3. renames each to its final name;
4. syncs the directories.

Renaming at once and syncing later would be simpler for readers, but a power cut between the two could
leave a renamed file without its data and the old value gone: POSIX orders neither. A hard link to the
old value would mend that at the price of a recovery step that every reader must know. Deferred renames
need none: what a crash leaves is the old value, whole, and a temporary file that is swept. It is also
what the event log says, since the events of the batch are committed after ``flush``.

Until then the new value is seen by loads in this process (``held_bytes``, ``place_to_read``) and by nobody else.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from orrery.runtime.files.staged import STAGED, Held, publish
from orrery.runtime.files.sync import sync_all, sync_file
from orrery.runtime.files.temporary import (
    discard_temporary,
    folder_of,
    name_finally,
    sweep_once,
    write_temporary,
)
from orrery.runtime.processes.process_id import process_id

__all__ = ["MOST_BYTES_OF_HELD", "WriteBatch"]

MOST_BYTES_OF_HELD = 1 << 16
"""What is larger is not held in memory: its file is made at once."""
_MOST_HELD_BYTES = 1 << 22
_ROOM_BYTES = 1 << 28
_ROOM_FILES = 1 << 14
"""How much must be free on a disk for values to be held that will be written to it: its lack is told by the step itself."""


class _Room(NamedTuple):
    """
    What a folder has to offer to small files.

    Attributes:
        is_enough: Whether they will surely find their place.
        has_folders: Whether there may be folders in it, of which one could have the name of a file.
    """

    is_enough: bool
    has_folders: bool


_NO_ROOM = _Room(is_enough=False, has_folders=True)
_LINKS_OF_LEAF = 2
"""A folder is linked by its parent and by itself, and by each folder in it; where that is not counted it has one link."""


class WriteBatch:
    """
    Collect the files that a run writes and publish them together (see the module for the reasons).

    Safe for use by several threads. A batch belongs to the process that made it: in a forked child
    each write is durable by itself and ``flush`` does nothing, since the parent publishes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._pending: dict[str, tuple[str | Held, Sequence[str]]] = {}
        self._included: set[str] = set()
        self._held = 0
        self._rooms: dict[str, _Room] = {}
        self._pid = process_id()

    def __len__(self) -> int:
        return len(self._pending)

    def hold(self, data: bytes, final: str) -> bool:
        """
        Take over *data*, to be written and published as *final* by the next flush.

        Returns:
            False where it must be written at once: much is held already, or whether the disk will take it is in doubt.
        """
        if process_id() != self._pid or self._held + len(data) > _MOST_HELD_BYTES:
            return False
        folder = folder_of(final)
        room = self._rooms.get(folder)
        if room is None:
            room = self._rooms[folder] = _room_in(folder)
        if not room.is_enough or (room.has_folders and os.access(final, os.F_OK) and os.path.isdir(final)):
            return False
        self._take(Held(data, self), final, ())
        return True

    def stage(self, temporary: str, final: str, made: Sequence[str] = ()) -> None:
        """Take over the written file *temporary*, to be published as *final* by the next flush."""
        if process_id() != self._pid:
            sync_file(temporary)
            publish(temporary, final, made)
            return
        if os.path.isdir(final) and not os.path.isdir(temporary):
            raise IsADirectoryError(errno.EISDIR, "A directory stands where the value is to be written", final)
        self._take(temporary, final, made)

    def _take(self, staged: str | Held, final: str, made: Sequence[str]) -> None:
        older: str | Held | None
        with self._lock:
            older, earlier = self._pending.pop(final, (None, ()))
            self._pending[final] = staged, (*earlier, *made)
            STAGED[final] = staged
            self._held += _held_in(staged) - _held_in(older)
        if isinstance(older, str):
            discard_temporary(older, final)

    def include(self, path: str) -> None:
        """Make *path*, written where it stands, durable before what is staged is published."""
        if process_id() != self._pid:
            sync_file(path)
            return
        with self._lock:
            self._included.add(path)

    def flush(self) -> None:
        """
        Make all that was staged durable, then publish it; at once if nothing is.

        Raises:
            OSError: A file could not be made durable: no value is changed. Or it could not be renamed: its old
                value stands, and all others are published.
        """
        if process_id() != self._pid:
            return
        with self._flushing:
            if not self._pending:
                return
            with self._lock:
                pending, self._pending = self._pending, {}
                included, self._included = self._included, set()
                self._held, self._rooms = 0, {}
            left = {final: staged for final, (staged, _) in pending.items() if isinstance(staged, str)}
            folders = {folder for _, made in pending.values() for folder in made}
            try:
                for final in [final for final, temporary in left.items() if not os.path.lexists(temporary)]:
                    del left[final]
                for final, (staged, _) in pending.items():
                    if isinstance(staged, Held) and STAGED.get(final) is not None:
                        left[final], made = write_temporary(final, (staged.data,), is_synced=False)
                        folders.update(made)
                sync_all([*left.values(), *included])
                refused: OSError | None = None
                for final, temporary in list(left.items()):
                    folder = folder_of(final)
                    folders.add(folder)
                    try:
                        name_finally(temporary, final, folder)
                    except OSError as error:
                        refused = refused or error
                        continue
                    del left[final]
                sync_all(folders)
                if refused is not None:
                    raise refused
            finally:
                self._forget(pending, left)

    def discard(self) -> None:
        """Forget what was staged; the old values stand."""
        with self._lock:
            pending, self._pending = self._pending, {}
            self._held = 0
        self._forget(pending, {final: staged for final, (staged, _) in pending.items() if isinstance(staged, str)})

    def _forget(self, pending: Mapping[str, tuple[str | Held, Sequence[str]]], left: Mapping[str, str]) -> None:
        with self._lock:
            for final, (staged, _) in pending.items():
                if STAGED.get(final) is staged:
                    del STAGED[final]
        for final, temporary in left.items():
            discard_temporary(temporary, final)


def _held_in(staged: str | Held | None) -> int:
    return len(staged.data) if isinstance(staged, Held) else 0


def _room_in(folder: str) -> _Room:
    """Look whether small files will surely find their place in *folder*."""
    sweep_once(folder)
    if not hasattr(os, "statvfs") or not os.access(folder, os.W_OK | os.X_OK):
        return _NO_ROOM
    itself, disk = os.stat(folder), os.statvfs(folder)
    if not stat.S_ISDIR(itself.st_mode):
        return _NO_ROOM
    free = disk.f_bavail * disk.f_frsize >= _ROOM_BYTES and (disk.f_files == 0 or disk.f_favail >= _ROOM_FILES)
    return _Room(free, itself.st_nlink != _LINKS_OF_LEAF)
