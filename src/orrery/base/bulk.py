"""
Build much at once: the cyclic garbage collector waits meanwhile.

A graph of 100,000 assets is millions of objects that all stay. Each full collection on the way walks
over all of them and frees nothing; pausing it makes the cost of building linear again.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collection_paused", "objects_settled"]


@contextmanager
def collection_paused() -> Iterator[None]:
    """Keep the garbage collector from running inside; it is as it was afterwards."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


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
