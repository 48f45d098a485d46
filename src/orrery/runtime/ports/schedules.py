"""
Schedules and sensors: whether each is on, and what came of its ticks.

States and ticks are kept as stored forms (bytes of JSON) under the names by which they are asked for,
so that the storage needs no knowledge of their fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

__all__ = ["InstigatorRow", "ScheduleStorage", "TickRow"]


class InstigatorRow(msgspec.Struct, frozen=True, kw_only=True):
    """
    The stored state of a schedule or sensor.

    Attributes:
        selector_id: Names it.
        origin_id: Names it and where it was defined.
        repository_selector_id: Names the repository it belongs to.
        kind: ``SCHEDULE``, ``SENSOR`` or ``AUTO_MATERIALIZE``.
        status: ``RUNNING``, ``STOPPED`` or ``DECLARED_IN_CODE``.
        body: The whole state.
    """

    selector_id: str
    origin_id: str
    repository_selector_id: str
    kind: str
    status: str
    body: bytes


class TickRow(msgspec.Struct, frozen=True, kw_only=True):
    """
    The stored form of a tick.

    Attributes:
        tick_id: Its row; 0 until it is stored.
        selector_id: The schedule or sensor.
        origin_id: The same, with where it was defined.
        status: ``STARTED``, ``SUCCESS``, ``SKIPPED`` or ``FAILURE``.
        timestamp: When it was due, in seconds since 1970 (UTC).
        body: The whole tick.
    """

    tick_id: int = 0
    selector_id: str
    origin_id: str
    status: str
    timestamp: float
    body: bytes


class ScheduleStorage(Protocol):
    """Keeps the states and ticks of schedules and sensors."""

    def get_instigators(
        self, repository_selector_id: str | None = None, kind: str | None = None, statuses: Sequence[str] | None = None
    ) -> Sequence[InstigatorRow]:
        """Return the stored states, in order of their names."""
        ...

    def get_instigator(self, selector_id: str) -> InstigatorRow | None:
        """Return the stored state of one; None if there is none."""
        ...

    def put_instigator(self, row: InstigatorRow) -> None:
        """Keep a state in place of the one before."""
        ...

    def delete_instigator(self, selector_id: str) -> None:
        """Forget a state; its ticks stay."""
        ...

    def add_tick(self, row: TickRow) -> TickRow:
        """Keep a new tick, durably, and return it with its id."""
        ...

    def update_tick(self, row: TickRow) -> None:
        """Keep a tick in place of the one with its id."""
        ...

    def get_ticks(
        self,
        selector_id: str,
        before: float | None = None,
        after: float | None = None,
        limit: int | None = None,
        statuses: Sequence[str] | None = None,
    ) -> Sequence[TickRow]:
        """Return ticks of a schedule or sensor, newest first."""
        ...

    def purge_ticks(self, selector_id: str, before: float, statuses: Sequence[str] | None = None) -> int:
        """Delete ticks that are older; return how many."""
        ...

    def wipe(self) -> None:
        """Delete everything."""
        ...
