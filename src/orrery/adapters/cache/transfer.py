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
        healed: Names that stood for the value already, but whose bytes were gone or damaged.
        missing: Names that are not at the source.
        damaged: Names whose bytes are gone or damaged at the source, and were needed.
    """

    names: tuple[str, ...]
    bytes: int
    healed: tuple[str, ...]
    missing: tuple[str, ...]
    damaged: tuple[str, ...]


def copy_values(
    source: BlobStore, target: BlobStore, names: Iterable[str] | None = None, *, is_verified: bool = False
) -> Copied:
    """
    Copy values, each blob before its name.

    A name that the target has newer is left alone. Bytes go again where those of the target are gone, or other in number;
    they are read at the source to the last, and never copied where they are damaged.

    Args:
        source: Where they are.
        target: Where they go.
        names: Which; all if None.
        is_verified: Read what the target has, too: bytes go again where they are others.
    """
    copied: list[str] = []
    healed: list[str] = []
    missing: list[str] = []
    damaged: list[str] = []
    size = 0
    for name in source.names() if names is None else names:
        pointer = source.read_pointer(name)
        if pointer is None:
            missing.append(name)
            continue
        there = target.read_pointer(name)
        is_same = there is not None and there.digest == pointer.digest
        if there is not None and not is_same and there.at > pointer.at:
            continue
        if target.holds(pointer, is_verified=is_verified):
            if not is_same:
                target.touch(pointer.digest)  # a collection spares it until its name is written
        else:
            data = source.get(pointer.digest)
            if data is None:
                damaged.append(name)
                continue
            target.put(data, is_anew=True)
            size += len(data)
            if is_same:
                healed.append(name)
        if not is_same:
            target.write_pointer(name, pointer)
            copied.append(name)
    return Copied(names=tuple(copied), bytes=size, healed=tuple(healed), missing=tuple(missing), damaged=tuple(damaged))
