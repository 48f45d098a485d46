"""
Ticks of a cron schedule in a zone, numbered: index to instant and back by arithmetic.

Between two changes of the clocks, wall time runs evenly, so ticks there are a stretch of the ideal
calendar of :class:`~orrery.model.partitions.cron.Cron`. A :class:`Grid` keeps the list of such
stretches around what it was asked for, with the number of ticks before each, and finds its way by
bisection. At a change:

* a schedule that names hours runs once for a time that is shown twice, at the later of the two (but at
  the earlier if it begins days: its only hour is that after midnight), and at the first instant after
  the gap for a time that is never shown; a day that does not exist has none;
* a schedule of every hour (or finer) follows real time: each instant whose wall time matches, once.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from typing import NamedTuple

from orrery.model.partitions.cron import Cron, parse_cron
from orrery.model.partitions.zones import Change, Zone, zone_of

__all__ = ["Grid", "grid_of"]

_DAY = 86400
_YEAR = 366 * _DAY
_DECADE = 3652 * _DAY
# What datetime can hold, with a year to spare for offsets.
_EARLIEST, _LATEST = -62104060800, 253370764800


class _Stretches(NamedTuple):
    """
    Stretches of even wall time, one after the other, in parallel lists.

    Attributes:
        first, stop: The instants that are covered.
        starts: The instant at which each starts.
        offsets: Its offset from UTC.
        totals: The index of its first tick.
        gaps: 1 if a tick stands at its start only because its own time falls into a gap, else 0.
        counts: How many ticks of the ideal calendar lie before the first that counts in it.
    """

    first: int
    stop: int
    starts: list[int]
    offsets: list[int]
    totals: list[int]
    gaps: list[int]
    counts: list[int]


class Grid:
    """
    Number the ticks of a schedule in a zone.

    Indexes mean something only relative to each other, within one grid. Instants are whole seconds
    since the epoch.

    Attributes:
        cron: The schedule.
        zone: The zone whose clocks it reads.
    """

    __slots__ = ("_anchor", "_laid", "cron", "zone")

    def __init__(self, cron: Cron, zone: Zone, around: int = 0) -> None:
        self.cron = cron
        self.zone = zone
        self._anchor = around
        self._laid = self._lay(around - _YEAR, around + _DECADE)

    def index_at_or_after(self, instant: int) -> int:
        """Return the index of the first tick that is not before *instant*."""
        laid = self._laid
        if not laid.first <= instant < laid.stop:
            laid = self._cover(instant)
        return self._index(laid, instant)

    def _index(self, laid: _Stretches, instant: int) -> int:
        place = bisect_right(laid.starts, instant) - 1
        total = laid.totals[place]
        if instant > laid.starts[place]:
            total += laid.gaps[place]
        beyond = self.cron.count_before(instant + laid.offsets[place]) - laid.counts[place]
        if beyond > 0:
            total += beyond
        # Before clocks are set back, times that will come again do not count.
        if place + 1 < len(laid.totals) and total > laid.totals[place + 1]:
            return laid.totals[place + 1]
        return total

    def instant_at(self, index: int) -> int:
        """
        Return the instant of the tick with this index.

        Raises:
            OverflowError: The tick lies outside the years that a date can have.
        """
        laid = self._reach(index)
        place = bisect_right(laid.totals, index) - 1
        beyond = index - laid.totals[place]
        if laid.gaps[place]:
            if beyond == 0:
                return laid.starts[place]
            beyond -= 1
        return self.cron.at(laid.counts[place] + beyond) - laid.offsets[place]

    def index_of(self, instant: int) -> int | None:
        """Return the index of the tick at exactly this instant, or None."""
        index = self.index_at_or_after(instant)
        return index if self.instant_at(index) == instant else None

    def instants(self, start: int, stop: int) -> list[int]:
        """Return the instants of the ticks with the indexes from *start* to before *stop*."""
        if start >= stop:
            return []
        self._reach(start)
        laid = self._reach(stop - 1)
        found: list[int] = []
        place = bisect_right(laid.totals, start) - 1
        index = start
        while index < stop:
            end = min(stop, laid.totals[place + 1]) if place + 1 < len(laid.totals) else stop
            if index < end:
                self._fill(found, laid, place, index - laid.totals[place], end - laid.totals[place])
                index = end
            place += 1
        return found

    def _fill(self, found: list[int], laid: _Stretches, place: int, first: int, last: int) -> None:
        """Append the ticks *first* to before *last* of a stretch."""
        if laid.gaps[place]:
            if first == 0:
                found.append(laid.starts[place])
            first, last = max(first - 1, 0), last - 1
        before = laid.counts[place]
        found.extend(self.cron.walls(before + first, before + last, laid.offsets[place]))

    def _reach(self, index: int) -> _Stretches:
        """Return stretches that cover the tick with this index."""
        laid = self._laid
        while index < laid.totals[0]:
            if laid.first <= _EARLIEST:
                raise self._beyond(index)
            laid = self._cover(laid.first - _DECADE)
        while index >= self._index(laid, laid.stop):
            if laid.stop >= _LATEST:
                raise self._beyond(index)
            laid = self._cover(laid.stop + _DECADE)
        return laid

    def _beyond(self, index: int) -> OverflowError:
        return OverflowError(f"cron schedule '{self.cron.text}' has no tick of number {index} within the calendar")

    def _cover(self, instant: int) -> _Stretches:
        """Lay the stretches anew so that *instant* lies within; the indexes stay as they are."""
        laid = self._laid
        self._laid = laid = self._lay(min(laid.first, instant - _YEAR), max(laid.stop, instant + _DECADE))
        return laid

    def _lay(self, first: int, stop: int) -> _Stretches:
        first, stop = max(first, _EARLIEST), min(stop, _LATEST)
        cron, zone = self.cron, self.zone
        starts, offsets, totals, gaps = [first], [zone.offset_at(first)], [0], [0]
        counts = [cron.count_before(first + offsets[0])]
        for change in zone.changes(first, stop):
            end_wall, gap, begin_wall = self._meet(change)
            passed = max(cron.count_before(end_wall) - counts[-1], 0)
            totals.append(totals[-1] + gaps[-1] + passed)
            starts.append(change.at)
            offsets.append(change.after)
            gaps.append(gap)
            counts.append(cron.count_before(begin_wall))
        laid = _Stretches(first, stop, starts, offsets, totals, gaps, counts)
        shift = self._index(laid, self._anchor)
        return laid._replace(totals=[total - shift for total in totals])

    def _meet(self, change: Change) -> tuple[int, int, int]:
        """Return until where wall time counts before a change, whether a tick stands at it, and from where after."""
        old_wall, new_wall = change.at + change.before, change.at + change.after
        if self.cron.every_hour:
            return old_wall, 0, new_wall
        if new_wall <= old_wall:
            counted_from = old_wall if self.cron.begins_days else new_wall
            return counted_from, 0, counted_from
        missed = self.cron.count_before(new_wall) > self.cron.count_before(old_wall)
        gap = missed and new_wall - old_wall < _DAY and not self.cron.matches(new_wall)
        return old_wall, int(gap), new_wall


@lru_cache(maxsize=512)
def _grid(cron_text: str, zone_name: str) -> Grid:
    return Grid(parse_cron(cron_text, where="a schedule"), zone_of(zone_name))


def grid_of(cron: Cron, zone: Zone) -> Grid:
    """Return the grid of a schedule in a zone; the same value for the same two."""
    return _grid(cron.text, zone.name)
