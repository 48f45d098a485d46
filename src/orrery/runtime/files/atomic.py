"""
Write files whole or not at all.

Every built-in IO manager and store writes through this module; nothing else opens a value for writing::

    temporary file in the same directory -> write -> fsync -> rename -> fsync of the directory

A failure at any point removes the temporary file and raises; the file at the final name is the old
one or the new one, for every reader, after every crash. Inside a run, many files share these syncs
(:mod:`~orrery.runtime.files.batch`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedRandom

from orrery.runtime.files.batch import MOST_BYTES_OF_HELD
from orrery.runtime.files.staged import STAGED, publish
from orrery.runtime.files.sync import sync_tree
from orrery.runtime.files.temporary import (
    discard_temporary,
    make_directories,
    open_temporary,
    remove_file,
    remove_tree,
    sweep_once,
    temporary_name,
    write_temporary,
)
from orrery.runtime.ports.write_barrier import active_barrier

__all__ = ["open_whole", "remove_whole", "whole_path", "write_whole"]


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
    if sum(map(len, pieces)) <= MOST_BYTES_OF_HELD:
        pieces = (b"".join(pieces),)
        if barrier is not None and barrier.hold(bytes(pieces[0]), path):
            return
    temporary, made = write_temporary(path, pieces, is_synced=barrier is None)
    try:
        if barrier is None:
            publish(temporary, path, made)
        else:
            barrier.stage(temporary, path, made)
    except BaseException:
        remove_file(temporary)
        raise


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
    fd, temporary, made = open_temporary(path)
    try:
        with open(fd, "w+b") as file:
            yield file
            file.flush()
            barrier = active_barrier.get()
            if barrier is None:
                os.fsync(fd)
        if barrier is None:
            publish(temporary, path, made)
        else:
            barrier.stage(temporary, path, made)
    except BaseException:
        remove_file(temporary)
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
    sweep_once(folder)
    made = make_directories(folder)
    room = f"{folder}/{temporary_name()}"
    os.mkdir(room)
    temporary = f"{room}/{name}"
    try:
        yield temporary
        if not os.path.lexists(temporary):
            remove_tree(room)
            return
        barrier = active_barrier.get()
        if barrier is not None and not os.path.isdir(temporary):
            barrier.stage(temporary, path, made)
        else:
            sync_tree(temporary)
            publish(temporary, path, made)
    except BaseException:
        remove_tree(room)
        raise


def remove_whole(path: str) -> None:
    """Remove the file *path*, staged or not; nothing happens if it is not there."""
    staged = STAGED.pop(path, None)
    if isinstance(staged, str):
        discard_temporary(staged, path)
    remove_file(path)
