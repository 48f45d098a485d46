"""
Values on their way to their names: what loads of this process see before anybody else does.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from orrery.runtime.files.sync import sync_file
from orrery.runtime.files.temporary import name_finally
from orrery.runtime.ports.write_barrier import WriteBarrier

__all__ = ["STAGED", "Held", "held_bytes", "is_stored", "place_to_read", "publish"]


class Held(NamedTuple):
    """
    A value that waits in memory.

    Attributes:
        data: Its bytes.
        batch: Who writes them.
    """

    data: bytes
    batch: WriteBarrier


STAGED: dict[str, str | Held] = {}
"""Temporary file, or what is held, by final name; for the loads of this process."""


def held_bytes(path: str) -> bytes | None:
    """Return the contents of the file *path* if they are held in memory, to be written soon; else None."""
    held = STAGED.get(path)
    return held.data if type(held) is Held else None


def place_to_read(path: str) -> str:
    """Return where the value of *path* is read from: its name, or the file that is staged for it."""
    place = STAGED.get(path, path)
    while isinstance(place, Held):
        place.batch.flush()
        place = STAGED.get(path, path)
    return place


def is_stored(path: str) -> bool:
    """Tell whether there is a value for *path*: at its name, or staged."""
    return path in STAGED or os.path.lexists(path)


def publish(temporary: str, final: str, made: Iterable[str]) -> None:
    """Give the durable file *temporary* the name *final*, durably; so with the directories *made* for it."""
    folder = os.path.dirname(final)
    name_finally(temporary, final, folder)
    STAGED.pop(final, None)
    sync_file(folder)
    for folder in made:
        sync_file(folder)
