"""
Notes: the whole text of names that are too long for a file (``base/names.py``).
"""

from __future__ import annotations

import os

from orrery.adapters.io.places import ValueKey, relative_path
from orrery.base.names import is_shortened, note_name, notes_of_key
from orrery.runtime.files.atomic import write_whole
from orrery.runtime.files.staged import is_stored

__all__ = ["write_notes"]


def write_notes(base: str, key: ValueKey, *, extension: str) -> None:
    """Leave beside a value the notes that tell the whole text of names too long for a file."""
    parts, partition, _ = key
    notes = list(notes_of_key(parts, extension=extension) if partition is None else notes_of_key((*parts, ".")))
    if partition is not None:
        path = relative_path(key, extension="")
        name = os.path.basename(path)
        if is_shortened(name):
            notes.append((f"{os.path.dirname(path)}/{note_name(name)}", partition))
    for note, text in notes:
        place = f"{base}/{note}"
        if not is_stored(place):
            write_whole(place, text.encode("utf-8", "surrogatepass"))
