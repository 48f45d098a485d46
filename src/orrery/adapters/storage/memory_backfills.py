"""
Backfills in memory, for as long as the process lives.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from orrery.model.records.backfill import Backfill, BackfillRun, BackfillStatus

__all__ = ["MemoryBackfills"]


class MemoryBackfills:
    """Keeps backfills for as long as the process lives."""

    def __init__(self) -> None:
        super().__init__()
        self._backfill_lock = threading.Lock()
        self._backfills: dict[str, Backfill] = {}
        self._backfill_runs: dict[str, dict[int, BackfillRun]] = {}

    def add_backfill(self, backfill: Backfill) -> None:
        """Keep a new backfill."""
        with self._backfill_lock:
            self._backfills[backfill.backfill_id] = backfill
            self._backfill_runs[backfill.backfill_id] = {}

    def get_backfill(self, backfill_id: str) -> Backfill | None:
        """Return a backfill; None if there is none of this id."""
        return self._backfills.get(backfill_id)

    def get_backfills(
        self, statuses: Sequence[BackfillStatus] | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Sequence[Backfill]:
        """Return backfills, newest first."""
        with self._backfill_lock:
            found = list(self._backfills.values())
        if cursor is not None:
            ids = [each.backfill_id for each in found]
            found = found[: ids.index(cursor)] if cursor in ids else []
        chosen = [each for each in reversed(found) if statuses is None or each.status in statuses]
        return chosen if limit is None else chosen[:limit]

    def change_backfill(self, backfill_id: str, change: Callable[[Backfill], Backfill]) -> Backfill | None:
        """Put what *change* makes of a backfill in its place."""
        with self._backfill_lock:
            before = self._backfills.get(backfill_id)
            if before is None:
                return None
            self._backfills[backfill_id] = after = change(before)
            return after

    def put_backfill_runs(self, backfill_id: str, runs: Sequence[BackfillRun]) -> None:
        """Keep runs of a backfill; one that has the number of another takes its place."""
        with self._backfill_lock:
            self._backfill_runs[backfill_id].update({run.number: run for run in runs})

    def get_backfill_runs(self, backfill_id: str) -> Sequence[BackfillRun]:
        """Return the runs of a backfill, by number."""
        with self._backfill_lock:
            return [run for _, run in sorted(self._backfill_runs.get(backfill_id, {}).items())]
