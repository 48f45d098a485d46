"""
What the heads of files said, for as long as the files stay what they are.

To open a file and to read a few bytes of it takes several times as long as to ask the system whether it was changed. So what a
head said is kept with the state in which the file was then, for later processes, too. A file that changed a moment before it was
read is not kept: the next change might bear the same time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from orrery.runtime.files.kept_table import read_table, write_table

__all__ = ["Head", "KnownHeads", "known_heads_of"]

_NAME = "known_heads"
_HEAD = b"orrery known heads 1\n"
_MOST = 50_000
_SHARE = 8
_TICK_NS = 20_000_000
"""Longer than what lies between two times that Linux gives to files."""
_COARSE_TICK_NS = 2_000_000_000
"""The same, where a file system keeps whole milliseconds or seconds alone."""


class Head(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """
    What the head of a file said.

    Attributes:
        content: Names the bytes that follow.
        signer: Names the key that signed them; empty if none did.
    """

    content: str
    signer: bytes = b""


class _Row(msgspec.Struct, array_like=True, frozen=True, gc=False):
    changed: int
    number: int
    size: int
    head: Head


_Folders = dict[str, dict[str, _Row]]
_decode: Callable[[memoryview], _Folders] = msgspec.msgpack.Decoder(_Folders).decode


class KnownHeads:
    """
    What is known of the heads of files.

    Args:
        path: The file in which it is kept; None where nothing is.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._known: _Folders | None = None
        self._new = 0

    def among(self, folder: str, names: Iterable[str], read: Callable[[str], Head | None]) -> dict[str, Head]:
        """
        Return what the heads of some files say, by name; those that are not there are left out.

        Args:
            folder: Their folder.
            names: Their names there.
            read: Reads the head of the file of a path, where it has to be read; None where that is not there.
        """
        known = self._known
        if known is None:
            known = self._known = (read_table(self._path, _HEAD, _decode) if self._path is not None else None) or {}
        here = known.get(folder)
        if here is None:
            here = known[folder] = {}
        found: dict[str, Head] = {}
        stat = os.stat
        for name in names:
            try:
                state = stat(f"{folder}/{name}")
            except OSError:  # it is not there, or nobody may ask
                continue
            row = here.get(name)
            changed = state.st_ctime_ns
            if row is not None and row.changed == changed and row.number == state.st_ino and row.size == state.st_size:
                found[name] = row.head
                continue
            head = read(f"{folder}/{name}")
            if head is None:
                continue
            found[name] = head
            tick = _TICK_NS if changed % 1_000_000 else _COARSE_TICK_NS
            if time.time_ns() - changed > tick:
                here[name] = _Row(changed, state.st_ino, state.st_size, head)
                self._new += 1
        return found

    def save(self) -> None:
        """
        Write what is known for later processes, if much of it is new.

        A few that are new are read again by them: that takes less than to write all others once more. Where it has grown large,
        as a rule with files that are gone, it begins anew.
        """
        known = self._known
        count = sum(map(len, known.values())) if known else 0
        if known is None or self._path is None or not self._new or self._new * _SHARE < count:
            return
        self._new = 0
        kept = known if count <= _MOST else {}
        write_table(self._path, _HEAD, msgspec.msgpack.encode(kept))


def known_heads_of(instance: Any) -> KnownHeads:
    """Return what an instance knows; one that is ephemeral, or None, keeps it for itself alone."""
    if instance is None:
        return KnownHeads(None)
    scratch: dict[str, Any] = instance.scratch
    found: KnownHeads | None = scratch.get(_NAME)
    if found is None:
        place = None if instance.is_ephemeral else os.path.join(instance.root_directory, _NAME)
        found = scratch[_NAME] = KnownHeads(place)
    return found
