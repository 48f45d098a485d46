"""
Upkeep: how much is recorded, deleting what may go, looking for what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from orrery.model.records.upkeep import PruneReport, RecordsCheck, RecordsStats

__all__ = ["RecordsUpkeep"]


class RecordsUpkeep(Protocol):
    """Looks after the records of an instance that outlive the process."""

    def get_stats(self) -> RecordsStats:
        """Return how much there is, by kind."""
        ...

    def prune(self, cutoffs: Mapping[str, float], *, dry_run: bool = False) -> PruneReport:
        """
        Delete what is older than its cutoff and on which nothing of the present rests.

        In small transactions with pauses between them, so that nobody who writes waits for long.

        Args:
            cutoffs: Instants by group (``model/records/upkeep.py``), in seconds since 1970 (UTC).
            dry_run: Only count.
        """
        ...

    def check_records(self) -> RecordsCheck:
        """Read everything, and return what is wrong."""
        ...
