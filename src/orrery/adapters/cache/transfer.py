"""
Values from one store to another: a cache that is filled before it is needed, or given to others.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from orrery.adapters.cache.blobs import BlobStore

__all__ = ["Copied", "copy_values"]


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """
    What was copied.

    Attributes:
        names: The names that stand for another value now.
        bytes: How many bytes went; those that were there already did not.
        missing: Names whose bytes are gone or damaged at the source.
    """

    names: tuple[str, ...]
    bytes: int
    missing: tuple[str, ...]


def copy_values(source: BlobStore, target: BlobStore, names: Iterable[str] | None = None) -> Copied:
    """
    Copy values, each blob before its name.

    A name that the target has newer is left alone.

    Args:
        source: Where they are.
        target: Where they go.
        names: Which; all if None.
    """
    copied: list[str] = []
    missing: list[str] = []
    size = 0
    for name in source.names() if names is None else names:
        pointer = source.read_pointer(name)
        if pointer is None:
            missing.append(name)
            continue
        there = target.read_pointer(name)
        if there is not None and (there.digest == pointer.digest or there.at > pointer.at):
            continue
        if not target.has(pointer.digest):
            data = source.get(pointer.digest)
            if data is None:
                missing.append(name)
                continue
            target.put(data)
            size += len(data)
        target.write_pointer(name, pointer)
        copied.append(name)
    return Copied(names=tuple(copied), bytes=size, missing=tuple(missing))
