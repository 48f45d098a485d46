"""
Values from one store to another: a cache that is filled before it is needed, or given to others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from orrery.adapters.cache.blobs import BlobStore

__all__ = ["Copied", "copy_each"]


class Copied(NamedTuple):
    """
    What became of one name.

    Attributes:
        name: The name.
        outcome: ``copied``: it stands for another value now. ``healed``: it stood for the value already, but the bytes were
            gone or damaged. ``missing``: it is not at the source. ``damaged``: its bytes are gone or damaged at the source,
            and were needed.
        bytes: How many bytes went; those that were there already did not, unless they had to become young.
    """

    name: str
    outcome: Literal["copied", "healed", "missing", "damaged"]
    bytes: int = 0


def copy_each(
    source: BlobStore, target: BlobStore, names: Iterable[str] | None = None, *, is_verified: bool = False
) -> Iterator[Copied]:
    """
    Copy values, each blob before its name, and tell of each as it is done; only as far as somebody asks.

    A name that the target has newer is left alone, and nothing is told of one that stands for the value there already.
    Bytes go again where those of the target are gone, or other in number; they are read at the source to the last, and never
    copied where they are damaged. Bytes that the target has, and for which its name did not stand, are made young there, so
    that a collection which goes on meanwhile spares them; in an object store, by writing them again.

    Args:
        source: Where they are.
        target: Where they go.
        names: Which; all if None.
        is_verified: Read what the target has, too: bytes go again where it has others.
    """
    for name in source.names() if names is None else names:
        pointer = source.read_pointer(name)
        if pointer is None:
            yield Copied(name, "missing")
            continue
        there = target.read_pointer(name)
        is_same = there is not None and there.digest == pointer.digest
        if there is not None and not is_same and there.at > pointer.at:
            continue
        size = 0
        is_there = target.holds(pointer, is_verified=is_verified)
        if not is_there or (not is_same and not target.renew(pointer.digest)):
            data = source.get(pointer.digest)
            if data is None and is_there:
                data = target.get(pointer.digest)
            if data is None:
                yield Copied(name, "damaged")
                continue
            target.put(data, is_anew=True)
            size = len(data)
        if not is_same:
            target.write_pointer(name, pointer)
            yield Copied(name, "copied", size)
        elif not is_there:
            yield Copied(name, "healed", size)
