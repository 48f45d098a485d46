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

__all__ = ["STAGED", "Held", "held_bytes", "is_stored", "place_to_read", "publish", "stored_among"]


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

_FEW = 8
_WORTH = 8
"""To read one name of a folder takes about an eighth of the time of asking for one file."""


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


def stored_among(paths: Iterable[str]) -> set[str]:
    """
    Return those of *paths* for which there is a value; asked of a folder at once where many lie in it.

    A folder that holds far more than was asked for is not read to its end.
    """
    found: set[str] = set()
    by_folder: dict[str, list[str]] = {}
    for path in paths:
        if path in STAGED:
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


def publish(temporary: str, final: str, made: Iterable[str]) -> None:
    """Give the durable file *temporary* the name *final*, durably; so with the directories *made* for it."""
    folder = os.path.dirname(final)
    name_finally(temporary, final, folder)
    STAGED.pop(final, None)
    sync_file(folder)
    for folder in made:
        sync_file(folder)
