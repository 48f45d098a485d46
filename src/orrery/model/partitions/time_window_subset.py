"""Sets of windows of time: bits by the number of the window, stored as stretches of time or as bits."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from orrery.base.errors import InvariantViolationError, StorageError
from orrery.model.partitions.index_set import IndexSet
from orrery.model.partitions.keys import PartitionKeyRange
from orrery.model.partitions.loading import DynamicPartitionsStore
from orrery.model.partitions.series import TickSeries
from orrery.model.partitions.subset import IndexedPartitionsSubset, read_serialized
from orrery.model.partitions.windows import TimeWindow

__all__ = ["TimeWindowPartitionsSubset", "can_read_windows", "read_windows", "write_windows"]

_FEW_WINDOWS = 64


class TimeWindowPartitionsSubset(IndexedPartitionsSubset):
    """Hold some of the partitions of a :class:`TimeWindowPartitionsDefinition`."""

    __slots__ = ()

    partitions_def: Any

    @property
    def num_partitions(self) -> int:
        """Return how many partitions are in the set."""
        return len(self.indexes)

    @property
    def first_start(self) -> datetime:
        """
        Return the start of the first window.

        Raises:
            InvariantViolationError: The set is empty.
        """
        if not self.indexes:
            raise InvariantViolationError(
                "An empty set of time windows has no first one.", mend="look at `is_empty` before."
            )
        window: TimeWindow = self.partitions_def.window_at(self.indexes.base)
        return window.start

    @property
    def included_time_windows(self) -> list[TimeWindow]:
        """Return the time that is covered, neighbours joined, in order."""
        definition = self.partitions_def
        return [
            TimeWindow(definition.window_at(start).start, definition.window_at(stop - 1).end)
            for start, stop in self.indexes.runs()
        ]

    def cheap_ends_before(self, dt: datetime, dt_cron_schedule: str | None = None) -> bool:
        """Tell whether all windows end before, or at, an instant."""
        if not self.indexes:
            return True
        window: TimeWindow = self.partitions_def.window_at(self.indexes.stop - 1)
        return window.end <= dt

    def with_partitions_def(self, partitions_def: Any) -> TimeWindowPartitionsSubset:
        """Return the set of the same windows for a definition with another start or end."""
        shift = partitions_def.index_of_start(self.first_start) - self.indexes.base if self.indexes else 0
        return TimeWindowPartitionsSubset(partitions_def, IndexSet(self.indexes.base + shift, self.indexes.bits))

    def get_partition_key_ranges(
        self,
        partitions_def: Any,
        current_time: Any = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
        respect_bounds: bool = True,
    ) -> Sequence[PartitionKeyRange]:
        """Return the longest ranges of neighbours, in order."""
        if respect_bounds and partitions_def == self.partitions_def:
            existing = partitions_def.existing_indexes(current_time)
            clipped = self._with(self.indexes.clipped(existing.start, existing.stop))
            return IndexedPartitionsSubset.get_partition_key_ranges(clipped, partitions_def)
        return super().get_partition_key_ranges(partitions_def, current_time, dynamic_partitions_store, respect_bounds)


def write_windows(indexes: IndexSet, ticks: TickSeries, schedule_digest: str) -> str:
    """Return a set as text: few stretches of time by their ends, many as bits after the first window."""
    runs = list(islice(indexes.runs(), _FEW_WINDOWS + 1))
    if len(runs) <= _FEW_WINDOWS:
        windows = [[float(ticks.start_of(start)), float(ticks.end_of(stop - 1))] for start, stop in runs]
        return json.dumps({"version": 1, "time_windows": windows, "num_partitions": len(indexes)})
    return json.dumps(
        {
            "version": 2,
            "start": ticks.start_of(indexes.base),
            "bits": base64.b85encode(zlib.compress(indexes.to_bytes())).decode(),
            "num_partitions": len(indexes),
            "of": schedule_digest,
        }
    )


def read_windows(serialized: str, ticks: TickSeries, schedule_digest: str) -> IndexSet:
    """
    Return the set that :func:`write_windows` wrote, for ticks that may begin elsewhere by now.

    Raises:
        StorageError: The text is damaged, or was written for another schedule.
    """
    data = read_serialized(serialized)
    if "time_windows" in data:
        return IndexSet.of_runs(
            (ticks.index_at_or_after(int(start)), ticks.index_at_or_after(int(end)))
            for start, end in data["time_windows"]
        )
    if data.get("of") != schedule_digest:
        raise StorageError(
            "This serialized set belongs to time windows of another schedule.",
            mend="read it with the definition that wrote it, or choose the partitions anew.",
        )
    bits = zlib.decompress(base64.b85decode(data["bits"]))
    return IndexSet.of_bytes(ticks.index_at_or_after(data["start"]), bits)


def can_read_windows(serialized: str, ticks: TickSeries, schedule_digest: str) -> bool:
    """Tell whether a set was written for these ticks, wherever they begin."""
    try:
        data = read_serialized(serialized)
    except StorageError:
        return False
    if "time_windows" not in data:
        return bool(data.get("of") == schedule_digest)
    return all(
        ticks.instant_at_place(ticks.place_at_or_after(int(instant))) == int(instant)
        for window in data["time_windows"]
        for instant in window
    )
