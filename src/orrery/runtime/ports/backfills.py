"""
Backfills: what was asked for, and the runs that were meant to make it.

A run of a backfill is stored here, with its id, before it is made: whoever goes on with a backfill whose
process died looks the run up by that id, and makes no partition twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from orrery.model.records.backfill import Backfill, BackfillRun, BackfillStatus

__all__ = ["BackfillStorage"]


class BackfillStorage(Protocol):
    """Keeps backfills and their runs; what a method has written is durable when it returns."""

    def add_backfill(self, backfill: Backfill) -> None:
        """Keep a new backfill."""
        ...

    def get_backfill(self, backfill_id: str) -> Backfill | None:
        """Return a backfill; None if there is none of this id."""
        ...

    def get_backfills(
        self, statuses: Sequence[BackfillStatus] | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Sequence[Backfill]:
        """
        Return backfills, newest first.

        Args:
            statuses: Only those that stand so.
            limit: At most so many.
            cursor: Only those that were added before the one with this id.
        """
        ...

    def change_backfill(self, backfill_id: str, change: Callable[[Backfill], Backfill]) -> Backfill | None:
        """
        Put what *change* makes of a backfill in its place, and return it; None if there is none of this id.

        Nobody else changes it between the reading and the writing.
        """
        ...

    def put_backfill_runs(self, backfill_id: str, runs: Sequence[BackfillRun]) -> None:
        """Keep runs of a backfill, all or none; one that has the number of another takes its place."""
        ...

    def get_backfill_runs(self, backfill_id: str) -> Sequence[BackfillRun]:
        """Return the runs of a backfill, by number."""
        ...
