"""
A clock that is turned by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from orrery.model.partitions.loading import partition_loading_context

__all__ = ["ManualClock"]


class ManualClock:
    """
    Tells the time that a test set, and no other.

    It is a ``Clock`` for whoever is handed one. Partitions, checks of freshness and their sensors ask for the present of
    their surroundings, which is the clock's inside of :meth:`present`.

    Args:
        start: The present at first; a naive instant is UTC. Midnight of 2024-01-01 if not given.

    >>> clock = ManualClock(datetime(2024, 1, 1))
    >>> clock.advance(hours=6)
    >>> clock.now().isoformat()
    '2024-01-01T06:00:00+00:00'
    """

    __slots__ = ("_monotonic", "_now")

    def __init__(self, start: datetime = datetime(2024, 1, 1, tzinfo=UTC)) -> None:
        self._now = _utc(start)
        self._monotonic = 0.0

    def now(self) -> datetime:
        """Return the present instant (aware, UTC)."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds since the clock was made, which never go backwards, whatever it is set to."""
        return self._monotonic

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """
        Let time pass.

        Raises:
            ValueError: It would go backwards; :meth:`set` does that.
        """
        step = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if step < timedelta(0):
            raise ValueError(f"time passes forwards, not by {step}; set() puts the clock back")
        self._now += step
        self._monotonic += step.total_seconds()

    def set(self, instant: datetime) -> None:
        """Set the present, as somebody sets a wall clock; :meth:`monotonic` goes on as if nothing had happened."""
        self._now = _utc(instant)

    @contextmanager
    def present(self) -> Iterator[datetime]:
        """
        Let the clock's present be that of partitions and freshness inside of the block.

        The present is that at the start of the block: after turning the clock, enter it again.

        >>> from orrery.model.partitions.periods import DailyPartitionsDefinition
        >>> clock = ManualClock(datetime(2024, 3, 3, 12))
        >>> with clock.present():
        ...     DailyPartitionsDefinition("2024-03-01").get_last_partition_key()
        '2024-03-02'
        """
        with partition_loading_context(effective_dt=self._now):
            yield self._now

    def __repr__(self) -> str:
        return f"ManualClock({self._now.isoformat()})"


def _utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
