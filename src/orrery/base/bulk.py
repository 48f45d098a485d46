"""
Build much at once: the cyclic garbage collector waits meanwhile.

A graph of 100,000 assets is millions of objects that all stay. Each full collection on the way walks
over all of them and frees nothing; pausing it makes the cost of building linear again. While users
declare, definition by definition, it cannot be paused: what is there already is taken out of its sight
instead, now and then, until the declarations are used.
"""

from __future__ import annotations

import gc
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

__all__ = ["collection_paused", "definition_made", "keep_objects", "loaded_module", "objects_settled"]

_YOUNG = 10_000
"""So many young objects are looked at in no time."""

_MANY = 64
_OFTEN = 16
_SELDOM = 512
_made = 0
_asked = -_SELDOM
_holds = False


@contextmanager
def collection_paused() -> Iterator[None]:
    """
    Keep the garbage collector from running inside; afterwards it sees everything, as before.

    What was made counts as old then, as does what was declared before: the next look at young objects does not walk over
    all of it, and no full collection is due at once, which would.
    """
    was_held = _let_go()
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        # To ask for the count is to count: all that a code process keeps, a hundred thousand objects, take 7 ms.
        if (was_held or gc.get_count()[0] > _YOUNG) and not gc.get_freeze_count():
            gc.freeze()
            gc.unfreeze()
        gc.enable()


def loaded_module(name: str) -> ModuleType:
    """
    Import the module *name* of ours, with all that it needs, and return it.

    Modules make many objects and no garbage: a tenth of the time of loading them went into looking for some.
    """
    with collection_paused():
        return importlib.import_module(name)


@contextmanager
def objects_settled() -> Iterator[None]:
    """
    Let the garbage collector pass over the objects that are there, inside.

    What was built stays for the whole of a long work; what the work makes is collected as ever. Where
    the process keeps objects out of collections itself, nothing is changed.
    """
    if not gc.isenabled() or gc.get_freeze_count():
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def keep_objects() -> None:
    """Take all objects that are there out of the collector's sight for good: children that are forked share them then."""
    global _holds
    _holds = False  # they are not for us to put back
    gc.collect()
    gc.freeze()


def definition_made() -> None:
    """
    Count one definition; when there are many, take what is there out of the collector's sight.

    With each few more this is done before the collector looks at what is young: it costs nothing but a change of lists.

    It is back in sight when a job or a plan is built. Where the process keeps objects out of
    collections itself, nothing is changed.
    """
    global _made, _holds, _asked
    _made += 1
    if _made < _MANY or _made % _OFTEN or not gc.isenabled():
        return
    if not _holds:
        if _made - _asked < _SELDOM:
            return
        if gc.get_freeze_count():  # somebody else's; to ask is to count them all
            _asked = _made
            return
        _holds = True
    gc.freeze()


def _let_go() -> bool:
    """Put back what was taken out of the collector's sight while users declared; return whether there was anything."""
    global _holds
    if not _holds:
        return False
    _holds = False
    gc.unfreeze()
    return True
