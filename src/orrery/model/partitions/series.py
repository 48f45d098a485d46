"""
Ticks of a schedule from a start on, without those that are left out, numbered without gaps.

Two numbers name a tick: its *place*, which counts all ticks of the schedule, and its *index*, which
counts those that are not left out. Both are 0 at the start and go on below zero before it. The
ticks that are left out are kept as a sorted list of places, as far as anybody has looked, so that
each number is found from the other by bisection.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

from orrery.base.errors import InvalidDefinitionError
from orrery.model.partitions.cron import Cron
from orrery.model.partitions.grid import Grid, grid_of
from orrery.model.partitions.zones import Zone

__all__ = ["TickSeries"]

# So many ticks one after the other, all left out, are taken to be all there are.
_ENDLESS = 20_000


class TickSeries:
    """
    Number the ticks of a schedule that count.

    Args:
        cron: The schedule.
        zone: The zone whose clocks it reads.
        start: No tick before this instant has an index of zero or more (seconds since the epoch).
        without: Schedules whose ticks are left out.
        without_instants: Instants that are left out.
    """

    __slots__ = ("_excluded", "_grid", "_high", "_indexes", "_low", "_origin", "_zero", "without", "without_instants")

    def __init__(
        self, cron: Cron, zone: Zone, start: int, without: Sequence[Cron] = (), without_instants: Sequence[int] = ()
    ) -> None:
        self._grid: Grid = grid_of(cron, zone)
        self._origin = self._grid.index_at_or_after(start)
        self.without = tuple(grid_of(each, zone) for each in without)
        self.without_instants = frozenset(without_instants)
        # Places that are left out between _low and _high; how many of them lie below zero; and for
        # each, the index that the next tick that counts has.
        self._excluded: list[int] = []
        self._indexes: list[int] = []
        self._zero = 0
        self._low = self._high = 0

    @property
    def leaves_out(self) -> bool:
        """Tell whether any tick is left out."""
        return bool(self.without or self.without_instants)

    # Places.

    def place_at_or_after(self, instant: int) -> int:
        """Return the place of the first tick that is not before *instant*."""
        return self._grid.index_at_or_after(instant) - self._origin

    def instant_at_place(self, place: int) -> int:
        """Return the instant of the tick at a place."""
        return self._grid.instant_at(place + self._origin)

    def index_of_place(self, place: int) -> int:
        """Return the index of the tick at a place, or of the next that counts if it is left out."""
        if not self.leaves_out:
            return place
        self._look(place, place + 1)
        return place - (bisect_left(self._excluded, place) - self._zero)

    def is_left_out(self, place: int) -> bool:
        """Tell whether the tick at a place does not count."""
        if not self.leaves_out:
            return False
        self._look(place, place + 1)
        found = bisect_left(self._excluded, place)
        return found < len(self._excluded) and self._excluded[found] == place

    def place_of_index(self, index: int) -> int:
        """Return the place of the tick with an index."""
        if not self.leaves_out:
            return index
        self._look(index, index + 1)
        while self._high - (len(self._excluded) - self._zero) <= index:
            if self._high - self._low > _ENDLESS and len(self._excluded) == self._high - self._low:
                raise InvalidDefinitionError(
                    "The exclusions of time windows leave no partition at all.", mend="exclude less."
                )
            self._look(self._low, self._high + 1)
        while self._low + self._zero > index:
            self._look(self._low - 1, self._high)
        return index + bisect_right(self._indexes, index) - self._zero

    # Indexes.

    def index_at_or_after(self, instant: int) -> int:
        """Return the index of the first tick that counts and is not before *instant*."""
        return self.index_of_place(self.place_at_or_after(instant))

    def start_of(self, index: int) -> int:
        """Return the instant of the tick with an index: the start of its window."""
        return self.instant_at_place(self.place_of_index(index))

    def end_of(self, index: int) -> int:
        """Return the instant of the tick that follows, whether it counts or not: the end of the window."""
        return self.instant_at_place(self.place_of_index(index) + 1)

    def starts(self, start: int, stop: int) -> list[int]:
        """Return the instants of the ticks with the indexes from *start* to before *stop*."""
        if stop <= start:
            return []
        if not self.leaves_out:
            return self._grid.instants(start + self._origin, stop + self._origin)
        first, last = self.place_of_index(start), self.place_of_index(stop - 1)
        instants = self._grid.instants(first + self._origin, last + 1 + self._origin)
        out = self._excluded[bisect_left(self._excluded, first) : bisect_left(self._excluded, last)]
        for place in reversed(out):
            del instants[place - first]
        return instants

    def overlapping(self, start: int, end: int) -> tuple[int, int]:
        """Return the indexes, half-open, of the windows that share time with ``[start, end)``."""
        first = self.place_at_or_after(start + 1) - 1
        return self.index_of_place(first), self.index_of_place(self.place_at_or_after(end))

    def spans(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Return the time that the windows from *start* to before *stop* cover, as instants, in order."""
        if stop <= start:
            return []
        first, last = self.place_of_index(start), self.place_of_index(stop - 1)
        cuts = [first - 1]
        if self.leaves_out:
            cuts += self._excluded[bisect_left(self._excluded, first) : bisect_left(self._excluded, last)]
        cuts.append(last + 1)
        at = self.instant_at_place
        return [(at(before + 1), at(after)) for before, after in pairwise(cuts) if after > before + 1]

    # What is left out.

    def _look(self, low: int, high: int) -> None:
        """Know what is left out between two places, and rather more, so that looking further is rare."""
        if self._low <= low and high <= self._high:
            return
        margin = max(1024, self._high - self._low)
        low = min(self._low, low if low >= self._low else low - margin)
        high = max(self._high, high if high <= self._high else high + margin)
        grid, origin = self._grid, self._origin
        start, stop = grid.instant_at(low + origin), grid.instant_at(high + origin)
        instants = {instant for instant in self.without_instants if start <= instant < stop}
        for other in self.without:
            instants.update(other.instants(other.index_at_or_after(start), other.index_at_or_after(stop)))
        ticks = grid.instants(low + origin, high + origin)
        found = [place for place, instant in enumerate(ticks, low) if instant in instants]
        zero = bisect_left(found, 0)
        self._excluded = found
        self._indexes = [place - (number - zero) for number, place in enumerate(found)]
        self._zero = zero
        self._low, self._high = low, high
