"""
Records of backfills: what is to be made, and the runs that were meant to make it.

A backfill is about items, each one partition of one asset (or an asset without partitions, whole). It is
kept as a :class:`Backfill`, which says what is wanted, and a row of :class:`BackfillRun`, each stored
before its run is made. How each item stands follows from the two, so that a process that dies leaves
nothing in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec

from orrery.base.keys import AssetKey

__all__ = [
    "FINISHED_BACKFILL_STATUSES",
    "Backfill",
    "BackfillRun",
    "BackfillRunState",
    "BackfillStatus",
    "BackfillTarget",
]


class BackfillStatus(Enum):
    """How a backfill stands."""

    STARTED = "STARTED"
    CANCELING = "CANCELING"
    CANCELED = "CANCELED"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


FINISHED_BACKFILL_STATUSES = frozenset({BackfillStatus.CANCELED, BackfillStatus.SUCCESS, BackfillStatus.FAILURE})
"""In which nobody works on it any more."""


class BackfillTarget(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a backfill makes of one asset.

    Attributes:
        asset_key: The asset.
        partitions: The partitions, as ``serialize`` of a set writes them; None for an asset without partitions.
        partitions_id: Names the definition whose set it is.
        size: How many items it is.
    """

    asset_key: AssetKey
    partitions: str | None = None
    partitions_id: str | None = None
    size: int = 1


class Backfill(msgspec.Struct, frozen=True, kw_only=True):
    """
    What was asked for, and how it stands.

    Attributes:
        backfill_id: Names it; short enough to type.
        status: How it stands. One that is ``STARTED`` and has no process goes on when it is resumed.
        selection: The assets, as the user wrote them.
        job_name: The job whose partitions are run; None if it is about assets. Its one target bears the name.
        targets: What is to be made of each asset, upstream first.
        tags: Tags of its runs.
        run_config: Run config of its runs; None for that of the assets.
        max_concurrent: How many of its runs may go on at once.
        growing: Assets of which new partitions are made too, if they are added while it goes on.
        leaves_current: Whether an item is left alone that is current when its turn comes, as what it needs turned out the same.
        created: When it was asked for, in seconds since 1970 (UTC).
        ended: When it came to its end.
    """

    backfill_id: str
    status: BackfillStatus = BackfillStatus.STARTED
    selection: str = ""
    job_name: str | None = None
    targets: tuple[BackfillTarget, ...] = ()
    tags: Mapping[str, str] = {}
    run_config: Mapping[str, Any] | None = None
    max_concurrent: int = 1
    growing: tuple[AssetKey, ...] = ()
    leaves_current: bool = False
    created: float = 0.0
    ended: float | None = None

    @property
    def is_finished(self) -> bool:
        """Tell whether nobody works on it any more."""
        return self.status in FINISHED_BACKFILL_STATUSES

    @property
    def size(self) -> int:
        """Return how many items it is."""
        return sum(target.size for target in self.targets)


class BackfillRunState(Enum):
    """
    What came of a run of a backfill.

    ``REQUESTED`` is stored before the run is made; ``GIVEN_UP`` is one that was cut short, or whose failed
    items were asked for again: what it did not make is open.
    """

    REQUESTED = "REQUESTED"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    GIVEN_UP = "GIVEN_UP"


class BackfillRun(msgspec.Struct, frozen=True, kw_only=True):
    """
    One run that a backfill meant to make.

    Attributes:
        number: Its place among the runs of the backfill, from 0.
        run_id: The id with which it is made, if it is.
        asset_keys: The assets it makes.
        start: First of its partitions; None for assets without partitions.
        end: Last of its partitions, as a range of the definition.
        state: What came of it.
        made: What it made of each asset, if not all: keys of partitions ("" for an asset without).
        current: Assets that it left alone, as all that was wanted of them was current.
    """

    number: int
    run_id: str
    asset_keys: tuple[AssetKey, ...]
    start: str | None = None
    end: str | None = None
    state: BackfillRunState = BackfillRunState.REQUESTED
    made: tuple[tuple[AssetKey, tuple[str, ...]], ...] = ()
    current: tuple[AssetKey, ...] = ()
