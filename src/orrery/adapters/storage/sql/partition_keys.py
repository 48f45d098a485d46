"""
The keys of an asset's partitions, as a process remembers them: packed by the page, unpacked when somebody looks.

How many partitions stand how follows from the flags alone. A hundred thousand keys are read with them in no time, and made into
text only for those who ask which ones.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import NamedTuple, overload

import msgspec

__all__ = ["PAGE", "PartitionKeys"]

PAGE = 512
"""Partitions in a page. A new key rewrites half a page of keys on average, a changed state a page of flags."""

_unpack = msgspec.msgpack.Decoder(list[str]).decode


class _Known(NamedTuple):
    """Keys that were unpacked, and the pages that follow the whole pages of these."""

    keys: tuple[str, ...] = ()
    packed: tuple[bytes, ...] = ()
    size: int = 0


class PartitionKeys:
    """The keys of an asset's partitions, by number, as far as this process met them: they never change."""

    def __init__(self) -> None:
        self._known = _Known()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._known.size

    def extend(self, page: int, packed: Sequence[bytes], count: int) -> None:
        """
        Add keys.

        Args:
            page: The page that the first of *packed* is; it takes the place of what is known of it.
            packed: Pages as they are stored.
            count: How many keys there are with these.
        """
        with self._lock:
            known = self._known
            if count <= known.size:
                return  # another thread was faster
            whole = len(known.keys) // PAGE
            if page <= whole:
                self._known = _Known(known.keys[: page * PAGE], tuple(packed), count)
            else:
                self._known = _Known(known.keys, (*known.packed[: page - whole], *packed), count)

    def first(self, count: int) -> Sequence[str]:
        """Return the first keys, unpacked when they are looked at."""
        return _FirstKeys(self, count)

    def unpacked(self) -> tuple[str, ...]:
        """Return the keys."""
        with self._lock:
            known = self._known
            if known.packed:
                keys = list(known.keys[: len(known.keys) // PAGE * PAGE])
                for page in known.packed:
                    keys += _unpack(page)
                known = self._known = _Known(tuple(keys), (), len(keys))
            return known.keys


class _FirstKeys(Sequence[str]):
    """The first keys of an asset, unpacked at the first look."""

    __slots__ = ("_all", "_count")

    def __init__(self, keys: PartitionKeys, count: int) -> None:
        self._all = keys
        self._count = count

    def __len__(self) -> int:
        return self._count

    def _keys(self) -> tuple[str, ...]:
        found = self._all.unpacked()
        return found if len(found) == self._count else found[: self._count]

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[str, ...]: ...
    def __getitem__(self, place: int | slice) -> str | tuple[str, ...]:
        return self._keys()[place]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and not isinstance(other, str | bytes) and self._keys() == tuple(other)

    def __hash__(self) -> int:
        return hash(self._keys())

    def __repr__(self) -> str:
        return repr(self._keys())
