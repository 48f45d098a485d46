"""
Copies of values in a local folder, which make no step fail: one that cannot be kept is told, and one that cannot be read is none.

The folder may be full, or for reading only. The values lie in the remote place.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from orrery.adapters.cache.blobs import BlobStore, Pointer
from orrery.base.errors import RemoteValueError, StorageError
from orrery.runtime.contexts.stored_values import describe_value

__all__ = ["Copies", "size_text", "trouble_of"]


class Copies:
    """
    The copies in one local store.

    Args:
        store: Where they are.
        max_bytes: How much they may have together; None for any amount.
        is_single_flight: Whether :meth:`alone` keeps other processes out.
    """

    def __init__(self, store: BlobStore, max_bytes: int | None, is_single_flight: bool) -> None:
        self.store = store
        self.max_bytes = max_bytes
        self._is_single_flight = is_single_flight
        self._told_too_large: set[str] = set()

    def pointer(self, context: Any, name: str) -> Pointer | None:
        """Return what *name* stands for; None if nothing, or if that cannot be read."""
        try:
            return self.store.read_pointer(name)
        except (OSError, RemoteValueError) as error:
            context.log.warning(f"{name}: what the cache has of it cannot be read: {trouble_of(error)}")
            return None

    def keep(self, context: Any, name: str, pointer: Pointer, data: bytes) -> None:
        """
        Keep a copy, in place of others that were not used for longest; of what is larger than the cache, keep none.

        Raises:
            StorageError: It cannot be kept, and the copy of before, which is out of date, cannot be removed.
        """
        try:
            if self.max_bytes is not None and len(data) > self.max_bytes:
                self.store.remove_pointer(name)
                self._tell_too_large(context, name, len(data), self.max_bytes)
                return
            self.store.put(data)
            self.store.write_pointer(name, pointer)
        except (OSError, RemoteValueError) as error:
            self._let_go(name, pointer, error)
            context.log.warning(f"{name}: no copy is kept in {self.store.url}: {trouble_of(error)}")
            return
        if self.max_bytes is not None:
            gone = self.store.evict(self.max_bytes, keep=pointer.digest)
            if gone.digests:
                context.log.debug(f"the cache is full: {len(gone.digests)} copies went ({size_text(gone.bytes)})")

    def _let_go(self, name: str, pointer: Pointer, error: OSError | RemoteValueError) -> None:
        """See to it that no copy of before stands for a value that could not be kept."""
        try:
            here = self.store.read_pointer(name)
        except (OSError, RemoteValueError):  # nor can it be read by whoever loads
            return
        if here is None or here.digest == pointer.digest:
            return
        try:
            self.store.remove_pointer(name)
        except (OSError, RemoteValueError):
            raise StorageError(
                f"The copy of {name} in {self.store.url} is out of date, and can be neither replaced nor removed: {trouble_of(error)}.",
                mend="give yourself the right to write there, or give another folder as local=.",
            ) from error

    def _tell_too_large(self, context: Any, name: str, length: int, most: int) -> None:
        what = describe_value(context)
        if what not in self._told_too_large:
            self._told_too_large.add(what)
            context.log.info(
                f"{name}: no copy is kept, as it has {size_text(length)}, and the cache may hold {size_text(most)}; "
                f"of {what} this process says so once"
            )

    @contextlib.contextmanager
    def alone(self, context: Any, name: str) -> Iterator[None]:
        """Keep other processes from fetching *name* at the same time, where that is wanted and the folder allows it."""
        with contextlib.ExitStack() as held:
            if self._is_single_flight:
                try:
                    held.enter_context(self.store.alone(name))
                except OSError as error:
                    context.log.debug(f"{name}: other processes may fetch it, too: {trouble_of(error)}")
            yield


def trouble_of(error: Exception) -> str:
    """Return in a few words what is wrong with a file."""
    return str(getattr(error, "strerror", None) or (error.args[0] if error.args else error)).rstrip(".")


def size_text(size_bytes: int) -> str:
    """
    Return a size as people write it.

    >>> size_text(12_400_000)
    '12.4 MB'
    """
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size_bytes >= size:
            return f"{size_bytes / size:.1f} {unit}"
    return f"{size_bytes} bytes"
