"""
Keys of windows of time: how the start of a window is named, and which window a name means.

A key is the start in the format of the definition. Where clocks are set back, the second of two
starts that look alike has its offset from UTC at the end.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from orrery.model.partitions.cron import Cron
from orrery.model.partitions.key_format import KeyFormat, offset_text
from orrery.model.partitions.series import TickSeries
from orrery.model.partitions.zones import Zone

__all__ = ["WindowKeys"]

_LONGEST_CHANGE = 90_000


class WindowKeys(NamedTuple):
    """
    Name windows.

    Attributes:
        format: How starts are written.
        cron: The schedule at whose ticks windows start.
        zone: The zone whose clocks show them.
    """

    format: KeyFormat
    cron: Cron
    zone: Zone

    def keys_of(self, instants: Sequence[int]) -> list[str]:
        """Return the keys of windows by their starts (seconds since the epoch), which are sorted."""
        keys = self.format.write_all(instants, self.zone)
        self._tell_apart(keys, instants)
        return keys

    def key_of(self, instant: int) -> str:
        """Return the key of the window that starts at an instant."""
        keys = [self.format.write(instant, self.zone)]
        self._tell_apart(keys, [instant])
        return keys[0]

    def _tell_apart(self, keys: list[str], instants: Sequence[int]) -> None:
        """Add the offset to the keys of times that look like those just before the clocks were set back."""
        if not instants or not self.cron.every_hour or self.format.has_offset:
            return
        for change in self.zone.changes(instants[0] - _LONGEST_CHANGE, instants[-1]):
            if change.after < change.before:
                first = bisect_left(instants, change.at)
                last = bisect_left(instants, change.at + change.before - change.after)
                for place in range(first, last):
                    keys[place] += offset_text(change.after)

    def place_of(self, key: str, ticks: TickSeries) -> int:
        """
        Return the place of the tick that a key names, whether or not it is left out.

        Formats may leave out the time of day, so the tick is the first from the time on that is
        written in the key; it counts only if its own key is this one.

        Raises:
            ValueError: The key names no tick.
        """
        later = not (self.cron.every_hour or self.cron.begins_days)
        place = ticks.place_at_or_after(self.format.read(key, self.zone, later=later))
        if self.key_of(ticks.instant_at_place(place)) != key:
            raise ValueError(f"'{key}' is no start of a window")
        return place

    def nearest_key(self, key: str, ticks: TickSeries) -> str:
        """Return the key of the first window from the time on that a wrong key stands for, or of the first of all."""
        try:
            index = ticks.index_at_or_after(self.format.read(key, self.zone, later=False))
            return self.key_of(ticks.start_of(index))
        except (ValueError, OverflowError, TypeError, AttributeError):
            return self.key_of(ticks.start_of(0))
