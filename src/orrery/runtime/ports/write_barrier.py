"""
When the values of a run become durable: the barrier between values and the events that name them.

The order that must hold after a power cut: a value is on the disk before the event that tells of it.
Syncing each value by itself costs about half a millisecond; a barrier lets a run pay once for a batch
of steps. While one is active, IO managers that know it *stage* what they write (the old value stays
under its name) and the recorder calls ``flush`` before it commits the events of the batch.

The engine's duties:

- make the barrier active while steps run (``with active(barrier): ...``);
- ``flush`` before events are committed, and at the end of the run, also of a failed one;
- ``flush`` before a step starts that depends on a value without loading it (its function may read the
  file by its path). Steps that load through the IO manager see staged values without a flush.

An error of ``flush`` means that none of the values staged since the last one was published; the old
ones stand. The events that name them must not be recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

__all__ = ["WriteBarrier", "active", "active_barrier"]


class WriteBarrier(Protocol):
    """Collects written values and publishes them together, durably."""

    def hold(self, data: bytes, final: str) -> bool:
        """Take over *data*, to be written and published as *final* by the next flush; False if it must be written at once."""
        ...

    def stage(self, temporary: str, final: str, made: Sequence[str] = ()) -> None:
        """
        Take over the written file *temporary*, to be published as *final* by the next flush.

        *made* names directories that got new directories for it: they are synced too.
        """
        ...

    def include(self, path: str) -> None:
        """Make *path*, written where it stands, durable before what is staged is published."""
        ...

    def flush(self) -> None:
        """Make all that was staged durable, then publish it; returns when both are done."""
        ...


active_barrier: ContextVar[WriteBarrier | None] = ContextVar("orrery_write_barrier", default=None)
"""The barrier of the run that executes here; None where every write is durable by itself."""


@contextmanager
def active(barrier: WriteBarrier | None) -> Iterator[None]:
    """Let *barrier* collect what is written in this context (and in those copied from it)."""
    token = active_barrier.set(barrier)
    try:
        yield
    finally:
        active_barrier.reset(token)
