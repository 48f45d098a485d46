"""
Time zones as arithmetic: where clocks change, and what they show in between.

The tz database gives offsets for instants; between two changes the offset is a constant, and wall
time is a sum. Changes are looked for year by year, when a year is first asked for, and kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

from orrery.base.errors import InvalidDefinitionError

__all__ = ["Change", "Zone", "zone_of"]

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86400
_FIRST_YEAR, _LAST_YEAR = 2, 9998
# The shortest that any zone kept an offset between two others: four days, in Freetown in 1939.
_STEP = 3 * _DAY


class Change(NamedTuple):
    """
    Say that the clocks of a zone change.

    Attributes:
        at: The instant, in seconds since the epoch.
        before: Offset from UTC in seconds until then.
        after: Offset from then on.
    """

    at: int
    before: int
    after: int


class Zone:
    """
    Know the offsets of a zone.

    Attributes:
        name: Name in the tz database.
        info: The zone as :mod:`datetime` knows it.
    """

    __slots__ = ("_by_year", "_fixed", "info", "name")

    name: str
    info: tzinfo
    _by_year: dict[int, tuple[Change, ...]]

    def __init__(self, name: str, info: tzinfo) -> None:
        self.name = name
        self.info = info
        self._by_year = {}
        self._fixed = info is UTC or name in ("UTC", "Etc/UTC")

    def offset_at(self, instant: int) -> int:
        """Return the offset from UTC, in seconds, at an instant (seconds since the epoch)."""
        if self._fixed:
            return 0
        offset = (_EPOCH + timedelta(seconds=instant)).astimezone(self.info).utcoffset()
        return 0 if offset is None else offset.days * _DAY + offset.seconds

    def changes(self, start: int, stop: int) -> Iterator[Change]:
        """Yield the changes after *start* and not after *stop* (seconds since the epoch), in order."""
        if self._fixed or stop <= start:
            return
        for year in range(_year_of(start), _year_of(stop) + 1):
            for change in self._changes_of(year):
                if start < change.at <= stop:
                    yield change

    def _changes_of(self, year: int) -> tuple[Change, ...]:
        known = self._by_year.get(year)
        if known is None:
            known = self._by_year[year] = tuple(self._look_for_changes(year))
        return known

    def _look_for_changes(self, year: int) -> Iterator[Change]:
        first = (date(year, 1, 1).toordinal() - _EPOCH_ORDINAL) * _DAY
        last = (date(year + 1, 1, 1).toordinal() - _EPOCH_ORDINAL) * _DAY
        here, info, step = datetime(year, 1, 1, tzinfo=UTC), self.info, timedelta(seconds=_STEP)
        low, before = first, here.astimezone(info).utcoffset()
        while low < last:
            high = low + _STEP
            here += step
            if high > last:
                high, here = last, datetime(year + 1, 1, 1, tzinfo=UTC)
            after = here.astimezone(info).utcoffset()
            if after != before:
                yield from self._changes_between(low, high)
                before = after
            low = high

    def _changes_between(self, low: int, high: int) -> Iterator[Change]:
        """Yield the changes after *low* and not after *high*, between which offsets differ."""
        while self.offset_at(low) != self.offset_at(high):
            at = self._change_between(low, high)
            yield Change(at, self.offset_at(at - 1), self.offset_at(at))
            low = at

    def _change_between(self, low: int, high: int) -> int:
        offset = self.offset_at(low)
        while high - low > 1:
            middle = (low + high) // 2
            if self.offset_at(middle) == offset:
                low = middle
            else:
                high = middle
        return high

    def instant_of_wall(self, wall: int, *, later: bool = False) -> int:
        """
        Return the instant at which the clocks show *wall* (seconds on the wall since 1970-01-01 00:00).

        A time that is shown twice gives the earlier instant, or the *later*; a time that is never
        shown gives the first instant after the gap.
        """
        if self._fixed:
            return wall
        # No offset reaches 27 hours (it did once, in Manila and Juneau, when days were skipped).
        changes = list(self.changes(wall - 27 * 3600, wall + 27 * 3600))
        offset = changes[0].before if changes else self.offset_at(wall)
        starts = [None, *changes]
        found: list[int] = []
        for index, start in enumerate(starts):
            if start is not None:
                if start.at + start.before <= wall < start.at + start.after:
                    return start.at
                offset = start.after
            instant = wall - offset
            end = starts[index + 1] if index + 1 < len(starts) else None
            if (start is None or instant >= start.at) and (end is None or instant < end.at):
                found.append(instant)
        return found[-1] if later else found[0]

    def __repr__(self) -> str:
        return f"Zone({self.name!r})"


def _year_of(instant: int) -> int:
    ordinal = instant // _DAY + _EPOCH_ORDINAL
    return min(max(date.fromordinal(min(max(ordinal, 1), 3652059)).year, _FIRST_YEAR), _LAST_YEAR)


@lru_cache(maxsize=1024)
def _zone(name: str) -> Zone:
    if name == "UTC":
        return Zone(name, UTC)
    # Costs 3 ms at first use; partitions in UTC never need it.
    from zoneinfo import ZoneInfo

    return Zone(name, ZoneInfo(name))


def zone_of(name: str) -> Zone:
    """
    Return the zone of this name; the same value for the same name.

    Raises:
        InvalidDefinitionError: The tz database has no such zone; the message names the nearest.
    """
    if not isinstance(name, str):
        raise InvalidDefinitionError(
            f"The time zone is {name!r}, which is not text.", mend='write its name, as "Europe/Berlin".'
        )
    try:
        return _zone(name)
    except (KeyError, ValueError, OSError) as error:
        from zoneinfo import available_timezones

        from orrery.base.errors import nearest_hint

        raise InvalidDefinitionError(
            f"There is no time zone '{name}'.", mend=nearest_hint(name, available_timezones(), noun="time zone")
        ) from error
