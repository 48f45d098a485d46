"""
Upkeep: how much is recorded, deleting what may go, looking for what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from orrery.model.records.upkeep import Cutoff, PruneReport, RecordsCheck, RecordsStats

__all__ = ["RecordsUpkeep"]


class RecordsUpkeep(Protocol):
    """Looks after the records of an instance that outlive the process."""

    def get_stats(self) -> RecordsStats:
        """Return how much there is, by kind."""
        ...

    def prune(
        self,
        cutoffs: Mapping[str, Cutoff],
        *,
        dry_run: bool = False,
        after: int = 0,
        seconds: float | None = None,
    ) -> PruneReport:
        """
        Delete what is beyond its cutoff and on which nothing of the present rests.

        In small transactions with pauses between them, so that nobody who writes waits for long.

        Args:
            cutoffs: What may go, by group (``model/records/upkeep.py``).
            dry_run: Only count.
            after: Look at entries after this storage id only.
            seconds: End after about so long, and tell where; None for when all is done.
        """
        ...

    def check_records(self) -> RecordsCheck:
        """Read everything, and return what is wrong."""
        ...
