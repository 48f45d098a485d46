"""Windows of time, and the words for how long they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, NamedTuple

from orrery.model.partitions.zones import zone_of

__all__ = ["ScheduleType", "TimeWindow", "TimestampWithTimezone", "instant_of", "shown_at", "window_covered"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


class TimeWindow(NamedTuple):
    """
    Span the time from one instant to before another.

    Attributes:
        start: First instant (aware).
        end: First instant after the window (aware).
    """

    start: datetime
    end: datetime


def window_covered(partitions_def: Any, first: str, last: str) -> TimeWindow | None:
    """
    Return the window of time from one partition to another; None if the partitions are no windows of time.

    Args:
        partitions_def: Any definition; of several dimensions, the one that is cut in time counts.
        first: Key of the earlier partition.
        last: Key of the later one, or the same.
    """
    window_of = getattr(partitions_def, "time_window_for_partition_key", None)
    if window_of is None:
        return None
    window: TimeWindow = window_of(first)
    return window if first == last else TimeWindow(window.start, window_of(last).end)


class TimestampWithTimezone(NamedTuple):
    """
    Pair an instant with the zone whose clocks show it.

    Attributes:
        timestamp: Seconds since the epoch.
        timezone: Name of the zone.
    """

    timestamp: float
    timezone: str

    @property
    def datetime(self) -> datetime:
        """Return the instant as the clocks of the zone show it."""
        return datetime.fromtimestamp(self.timestamp, zone_of(self.timezone).info)


_ORDER = {"HOURLY": 1, "DAILY": 2, "WEEKLY": 3, "MONTHLY": 4}


class ScheduleType(Enum):
    """Say how long the windows of a definition are; ordered from short to long."""

    HOURLY = "HOURLY"
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"

    @property
    def ordinal(self) -> int:
        """Return the place in the order, counted from one."""
        return _ORDER[self.value]

    def __lt__(self, other: ScheduleType) -> bool:
        return self.ordinal < other.ordinal

    def __le__(self, other: ScheduleType) -> bool:
        return self.ordinal <= other.ordinal

    def __gt__(self, other: ScheduleType) -> bool:
        return self.ordinal > other.ordinal

    def __ge__(self, other: ScheduleType) -> bool:
        return self.ordinal >= other.ordinal


def instant_of(moment: datetime, *, up: bool = False) -> int:
    """
    Return a datetime as whole seconds since the epoch.

    Args:
        moment: Any time; a naive one is UTC.
        up: Whether a part of a second counts as a whole one.
    """
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - _EPOCH
    return -((-since) // _SECOND) if up else since // _SECOND


def shown_at(instant: int, zone_name: str) -> datetime:
    """Return an instant (seconds since the epoch) as the clocks of a zone show it."""
    return (_EPOCH + timedelta(seconds=instant)).astimezone(zone_of(zone_name).info)
