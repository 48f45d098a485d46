"""
Write files whole or not at all.

Every built-in IO manager and store writes through this module; nothing else opens a value for writing::

    temporary file in the same directory -> write -> fsync -> rename -> fsync of the directory

A failure at any point removes the temporary file and raises; the file at the final name is the old
one or the new one, for every reader, after every crash. Temporary files of processes that died are
swept at the first write into their directory. Their names begin with a dot, which no encoded key does.

**Many values, one sync.** An fsync costs a quarter of a millisecond, and each value needs two. Inside
a run a :class:`WriteBatch` is active (``runtime/ports/write_barrier.py``); then a value is written to
its temporary file *and left there*, or *held* in memory if it is small and the disk has plenty of room:
the step goes on, and the thread that publishes makes the file. ``flush``:

1. writes what is held to temporary files;
2. syncs all temporary files - with one ``syncfs`` for the whole file system where Linux tells its
   errors (5.8 and later), otherwise one fsync each;
3. renames each to its final name;
4. syncs the directories, in the same way.

Renaming at once and syncing later would be simpler for readers, but a power cut between the two could
leave a renamed file without its data and the old value gone: POSIX orders neither. A hard link to the
old value would mend that at the price of a recovery step that every reader must know. Deferred renames
need none: what a crash leaves is the old value, whole, and a temporary file that is swept. It is also
what the event log says, since the events of the batch are committed after ``flush``.

Until then the new value is seen by loads in this process (``held_bytes``, ``place_to_read``) and by nobody else.
"""

from __future__ import annotations

import errno
import itertools
import os
import re
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BufferedRandom
from typing import NamedTuple

from orrery.runtime.ports.write_barrier import active_barrier
from orrery.runtime.processes.process_id import process_id

__all__ = [
    "WriteBatch",
    "held_bytes",
    "is_stored",
    "open_whole",
    "place_to_read",
    "remove_whole",
    "sync_file",
    "sync_folder",
    "whole_path",
    "write_whole",
]

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_TEMPORARY = re.compile(r"\.orrery-([0-9a-f]{8})-([0-9]+)-[0-9a-f]{8}-[0-9]+\.tmp\Z")
_FOREIGN_AGE_SECONDS = 7 * 24 * 3600

_HELD_BYTES = 1 << 16
"""What is larger is not held in memory: its file is made at once."""
_MOST_HELD_BYTES = 1 << 22
_ROOM_BYTES = 1 << 28
_ROOM_FILES = 1 << 14
"""How much must be free on a disk for values to be held that will be written to it: its lack is told by the step itself."""


class _Held(NamedTuple):
    """
    A value that waits in memory.

    Attributes:
        data: Its bytes.
        batch: Who writes them.
    """

    data: bytes
    batch: WriteBatch


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

_staged: dict[str, str | _Held] = {}
"""Temporary file, or what is held, by final name; for the loads of this process."""

_swept: set[str] = set()
_counter = itertools.count()
_prefix: tuple[int, str] = (0, "")


def write_whole(path: str, *pieces: bytes | memoryview) -> None:
    """
    Write *pieces*, one after the other, to the file *path*: the whole of it, durably, or nothing.

    Missing directories are made. While a write barrier is active, the file appears at its name when
    the barrier is flushed.

    Args:
        path: Absolute path.
        pieces: The bytes.

    Raises:
        OSError: The disk is full, the place is read-only, ...; the old file stands.
    """
    barrier = active_barrier.get()
    if sum(map(len, pieces)) <= _HELD_BYTES:
        pieces = (b"".join(pieces),)
        if barrier is not None and barrier.hold(bytes(pieces[0]), path):
            return
    temporary, made = _write_temporary(path, pieces, is_synced=barrier is None)
    try:
        if barrier is None:
            _publish(temporary, path, made)
        else:
            barrier.stage(temporary, path, made)
    except BaseException:
        _remove(temporary)
        raise


def _write_temporary(
    path: str, pieces: Iterable[bytes | memoryview], *, is_synced: bool
) -> tuple[str, tuple[str, ...]]:
    """Write *pieces* to a new temporary file beside *path*: its name, and directories that got new ones."""
    fd, temporary, made = _open_temporary(path)
    try:
        try:
            for piece in pieces:
                _write_all(fd, piece)
            if is_synced:
                os.fsync(fd)
        finally:
            os.close(fd)
    except BaseException:
        _remove(temporary)
        raise
    return temporary, made


@contextmanager
def open_whole(path: str) -> Iterator[BufferedRandom]:
    """
    Open a file for writing (and seeking) that becomes *path* when the block ends well.

    >>> import tempfile, os
    >>> place = os.path.join(tempfile.mkdtemp(), "value")
    >>> with open_whole(place) as file:
    ...     _ = file.write(b"whole")
    >>> open(place, "rb").read()
    b'whole'
    """
    fd, temporary, made = _open_temporary(path)
    try:
        with open(fd, "w+b") as file:
            yield file
            file.flush()
            barrier = active_barrier.get()
            if barrier is None:
                os.fsync(fd)
        if barrier is None:
            _publish(temporary, path, made)
        else:
            barrier.stage(temporary, path, made)
    except BaseException:
        _remove(temporary)
        raise


@contextmanager
def whole_path(path: str) -> Iterator[str]:
    """
    Give a path to write to, for libraries that want one; what is there becomes *path* at the end.

    The path that is given ends in the same name, in a temporary directory beside *path*. The block may
    also make a directory; a directory that stands at *path* already is not replaced (``OSError``).
    Nothing happens to *path* if the block writes nothing.
    """
    folder, name = os.path.split(path)
    if folder not in _swept:
        _sweep(folder)
    made = _make_directories(folder)
    room = f"{folder}/{_temporary_name()}"
    os.mkdir(room)
    temporary = f"{room}/{name}"
    try:
        yield temporary
        if not os.path.lexists(temporary):
            _remove_tree(room)
            return
        barrier = active_barrier.get()
        if barrier is not None and not os.path.isdir(temporary):
            barrier.stage(temporary, path, made)
        else:
            _sync_tree(temporary)
            _publish(temporary, path, made)
    except BaseException:
        _remove_tree(room)
        raise


def held_bytes(path: str) -> bytes | None:
    """Return the contents of the file *path* if they are held in memory, to be written soon; else None."""
    held = _staged.get(path)
    return held.data if type(held) is _Held else None


def place_to_read(path: str) -> str:
    """Return where the value of *path* is read from: its name, or the file that is staged for it."""
    place = _staged.get(path, path)
    while isinstance(place, _Held):
        place.batch.flush()
        place = _staged.get(path, path)
    return place


def is_stored(path: str) -> bool:
    """Tell whether there is a value for *path*: at its name, or staged."""
    return path in _staged or os.path.lexists(path)


def stored_among(paths: Iterable[str]) -> set[str]:
    """
    Return those of *paths* for which there is a value; asked of a folder at once where many lie in it.

    A folder that holds far more than was asked for is not read to its end.
    """
    found: set[str] = set()
    by_folder: dict[str, list[str]] = {}
    for path in paths:
        if path in _staged:
            found.add(path)
        else:
            by_folder.setdefault(path[: path.rindex("/")], []).append(path)
    for folder, wanted in by_folder.items():
        names = _names_in(folder, _WORTH * len(wanted)) if len(wanted) >= _FEW else None
        if names is None:
            found.update(path for path in wanted if os.path.lexists(path))
        else:
            start = len(folder) + 1
            found.update(path for path in wanted if path[start:] in names)
    return found


_FEW = 8
_WORTH = 8
"""To read one name of a folder takes about an eighth of the time of asking for one file."""


def _names_in(folder: str, most: int) -> set[str] | None:
    """Return the names in a folder, none if it is not there; None if there are more than *most*."""
    names: set[str] = set()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if len(names) == most:
                    return None
                names.add(entry.name)
    except FileNotFoundError:
        return names
    except OSError:  # no folder, or one that may not be read: each path speaks for itself
        return None
    return names


def remove_whole(path: str) -> None:
    """Remove the file *path*, staged or not; nothing happens if it is not there."""
    staged = _staged.pop(path, None)
    if isinstance(staged, str):
        _discard(staged, path)
    _remove(path)


class WriteBatch:
    """
    Collect the files that a run writes and publish them together (see the module for the reasons).

    Safe for use by several threads. A batch belongs to the process that made it: in a forked child
    each write is durable by itself and ``flush`` does nothing, since the parent publishes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._pending: dict[str, tuple[str | _Held, Sequence[str]]] = {}
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
        folder = _folder_of(final)
        room = self._rooms.get(folder)
        if room is None:
            room = self._rooms[folder] = _room_in(folder)
        if not room.is_enough or (room.has_folders and os.access(final, os.F_OK) and os.path.isdir(final)):
            return False
        self._take(_Held(data, self), final, ())
        return True

    def stage(self, temporary: str, final: str, made: Sequence[str] = ()) -> None:
        """Take over the written file *temporary*, to be published as *final* by the next flush."""
        if process_id() != self._pid:
            sync_file(temporary)
            _publish(temporary, final, made)
            return
        if os.path.isdir(final) and not os.path.isdir(temporary):
            raise IsADirectoryError(errno.EISDIR, "A directory stands where the value is to be written", final)
        self._take(temporary, final, made)

    def _take(self, staged: str | _Held, final: str, made: Sequence[str]) -> None:
        older: str | _Held | None
        with self._lock:
            older, earlier = self._pending.pop(final, (None, ()))
            self._pending[final] = staged, (*earlier, *made)
            _staged[final] = staged
            self._held += _held_in(staged) - _held_in(older)
        if isinstance(older, str):
            _discard(older, final)

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
                    if isinstance(staged, _Held) and _staged.get(final) is not None:
                        left[final], made = _write_temporary(final, (staged.data,), is_synced=False)
                        folders.update(made)
                _sync_all([*left.values(), *included])
                refused: OSError | None = None
                for final, temporary in list(left.items()):
                    folder = _folder_of(final)
                    folders.add(folder)
                    try:
                        _rename(temporary, final, folder)
                    except OSError as error:
                        refused = refused or error
                        continue
                    del left[final]
                _sync_all(folders)
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

    def _forget(self, pending: Mapping[str, tuple[str | _Held, Sequence[str]]], left: Mapping[str, str]) -> None:
        with self._lock:
            for final, (staged, _) in pending.items():
                if _staged.get(final) is staged:
                    del _staged[final]
        for final, temporary in left.items():
            _discard(temporary, final)


def _held_in(staged: str | _Held | None) -> int:
    return len(staged.data) if isinstance(staged, _Held) else 0


def _room_in(folder: str) -> _Room:
    """Look whether small files will surely find their place in *folder*."""
    if folder not in _swept:
        _sweep(folder)
    if not hasattr(os, "statvfs") or not os.access(folder, os.W_OK | os.X_OK):
        return _NO_ROOM
    itself, disk = os.stat(folder), os.statvfs(folder)
    if not stat.S_ISDIR(itself.st_mode):
        return _NO_ROOM
    free = disk.f_bavail * disk.f_frsize >= _ROOM_BYTES and (disk.f_files == 0 or disk.f_favail >= _ROOM_FILES)
    return _Room(free, itself.st_nlink != _LINKS_OF_LEAF)


def sync_file(path: str) -> None:
    """Make the file or directory *path* durable."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_folder(path: str) -> None:
    """Make all that other writers have left below the directory *path* durable."""
    if _sync_file_system is None:
        _sync_tree(path)
    else:
        _sync_file_system(path)


def _open_temporary(path: str) -> tuple[int, str, tuple[str, ...]]:
    """Open a new temporary file beside *path*: descriptor, name, and directories that got new ones."""
    folder = _folder_of(path)
    if folder not in _swept:
        _sweep(folder)
    temporary = f"{folder}/{_temporary_name()}"
    try:
        return os.open(temporary, _FLAGS, 0o666), temporary, ()
    except FileNotFoundError:
        made = _make_directories(folder)
    return os.open(temporary, _FLAGS, 0o666), temporary, made


def _folder_of(path: str) -> str:
    """Return the folder of an absolute path, in a tenth of the time of ``os.path.dirname``."""
    cut = path.rfind("/")
    return path[:cut] if cut > 0 else os.path.dirname(path)


def _temporary_name() -> str:
    """Return a name that no other write has: of this host, this process, by chance and counted."""
    global _prefix
    pid = process_id()
    if _prefix[0] != pid:
        _prefix = pid, f".orrery-{_host()}-{pid}-{os.urandom(4).hex()}-"
    return f"{_prefix[1]}{next(_counter)}.tmp"


def _host() -> str:
    from zlib import crc32  # 0.1 ms, once for each process that writes

    name = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    return f"{crc32(name.encode()):08x}"


def _write_all(fd: int, data: bytes | memoryview) -> None:
    written = os.write(fd, data)
    if written < len(data):
        view = memoryview(data)[written:]
        while view:
            view = view[os.write(fd, view) :]


def _sweep(folder: str) -> None:
    """Remove the temporary files that dead processes left in *folder*; once for each process."""
    _swept.add(folder)
    try:
        entries = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    for entry in entries:
        match = _TEMPORARY.match(entry)
        if match and _is_left_over(f"{folder}/{entry}", host=match[1], pid=int(match[2])):
            _remove_tree(f"{folder}/{entry}")


def _is_left_over(path: str, *, host: str, pid: int) -> bool:
    try:
        if host != _host():
            return time.time() - os.stat(path).st_mtime > _FOREIGN_AGE_SECONDS
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _make_directories(folder: str) -> tuple[str, ...]:
    """Make *folder* and what is missing above it; return the directories whose entries are new."""
    missing = []
    while folder and not os.path.isdir(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for each in reversed(missing):
        try:
            os.mkdir(each)
        except FileExistsError:
            if not os.path.isdir(each):
                raise NotADirectoryError(20, "A file stands where a directory is needed", each) from None
    return tuple(os.path.dirname(each) for each in missing)


def _publish(temporary: str, final: str, made: Iterable[str]) -> None:
    folder = os.path.dirname(final)
    _rename(temporary, final, folder)
    _staged.pop(final, None)
    sync_file(folder)
    for folder in made:
        sync_file(folder)


def _rename(temporary: str, final: str, folder: str) -> None:
    """Give *temporary* the name *final*, in *folder*; the directory that was made for it alone goes."""
    os.replace(temporary, final)
    room = temporary.rpartition("/")[0]
    if room != folder:
        os.rmdir(room)


def _discard(temporary: str, final: str) -> None:
    """Remove a staged file, and the directory made for it if there is one."""
    room = os.path.dirname(temporary)
    if room != os.path.dirname(final):
        _remove_tree(room)
    else:
        _remove(temporary)


def _sync_tree(path: str) -> None:
    """Make the file *path*, or everything below the directory *path*, durable."""
    for folder, _, files in os.walk(path):
        for file in files:
            sync_file(os.path.join(folder, file))
        sync_file(folder)
    if not os.path.isdir(path):
        sync_file(path)


def _sync_all(paths: Iterable[str]) -> None:
    """Make every one of *paths* durable: with one call for each file system where there are many."""
    remaining = list(paths)
    if len(remaining) <= _FEW or _sync_file_system is None:
        for path in remaining:
            sync_file(path)
        return
    done: set[int] = set()
    for path in {path.rpartition("/")[0]: path for path in remaining}.values():  # one of each folder
        device = os.stat(path).st_dev
        if device not in done:
            _sync_file_system(path)
            done.add(device)


def _find_sync_file_system() -> Callable[[str], None] | None:
    """Return a call of ``syncfs`` where it tells errors (Linux 5.8 and later)."""
    if sys.platform != "linux":
        return None
    version = re.match(r"(\d+)\.(\d+)", os.uname().release)
    if version is None or (int(version[1]), int(version[2])) < (5, 8):
        return None

    def sync_file_system(path: str) -> None:
        import ctypes  # 2 ms, and only runs that store many values need it

        syncfs = ctypes.CDLL(None, use_errno=True).syncfs
        fd = os.open(path, os.O_RDONLY)
        try:
            if syncfs(fd) != 0:
                code = ctypes.get_errno()
                raise OSError(code, os.strerror(code), path)
        finally:
            os.close(fd)

    return sync_file_system


_sync_file_system = _find_sync_file_system()


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def _remove_tree(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        for entry in os.listdir(path):
            _remove_tree(f"{path}/{entry}")
        os.rmdir(path)
    else:
        _remove(path)
