"""
States and ticks of schedules and sensors in memory, for as long as the process lives.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import msgspec

from orrery.runtime.ports.schedules import InstigatorRow, TickRow

__all__ = ["MemorySchedules"]


class MemorySchedules:
    """Keeps states and ticks for as long as the process lives."""

    def __init__(self) -> None:
        super().__init__()
        self._schedule_lock = threading.RLock()
        self._instigators: dict[str, InstigatorRow] = {}
        self._ticks: dict[int, TickRow] = {}

    def get_instigators(
        self, repository_selector_id: str | None = None, kind: str | None = None, statuses: Sequence[str] | None = None
    ) -> Sequence[InstigatorRow]:
        """Return the stored states, in order of their names."""
        return [
            row
            for _, row in sorted(self._instigators.items())
            if (repository_selector_id is None or row.repository_selector_id == repository_selector_id)
            and (kind is None or row.kind == kind)
            and (statuses is None or row.status in statuses)
        ]

    def get_instigator(self, selector_id: str) -> InstigatorRow | None:
        """Return the stored state of one; None if there is none."""
        return self._instigators.get(selector_id)

    def put_instigator(self, row: InstigatorRow) -> None:
        """Keep a state in place of the one before."""
        self._instigators[row.selector_id] = row

    def delete_instigator(self, selector_id: str) -> None:
        """Forget a state; its ticks stay."""
        self._instigators.pop(selector_id, None)

    def add_tick(self, row: TickRow) -> TickRow:
        """Keep a new tick and return it with its id."""
        with self._schedule_lock:
            stored = msgspec.structs.replace(row, tick_id=max(self._ticks, default=0) + 1)
            self._ticks[stored.tick_id] = stored
        return stored

    def update_tick(self, row: TickRow) -> None:
        """Keep a tick in place of the one with its id."""
        self._ticks[row.tick_id] = row

    def get_ticks(
        self,
        selector_id: str,
        before: float | None = None,
        after: float | None = None,
        limit: int | None = None,
        statuses: Sequence[str] | None = None,
    ) -> Sequence[TickRow]:
        """Return ticks of a schedule or sensor, newest first."""
        rows = [
            row
            for row in self._ticks.values()
            if row.selector_id == selector_id
            and (before is None or row.timestamp < before)
            and (after is None or row.timestamp > after)
            and (statuses is None or row.status in statuses)
        ]
        rows.sort(key=lambda row: (row.timestamp, row.tick_id), reverse=True)
        return rows[:limit]

    def purge_ticks(self, selector_id: str, before: float, statuses: Sequence[str] | None = None) -> int:
        """Delete ticks that are older; return how many."""
        with self._schedule_lock:
            gone = self.get_ticks(selector_id, before=before, statuses=statuses)
            for row in gone:
                del self._ticks[row.tick_id]
        return len(gone)

    def wipe_schedules(self) -> None:
        """Forget all states and ticks."""
        with self._schedule_lock:
            self._instigators.clear()
            self._ticks.clear()
