"""
The upkeep of records: how much there is, what may go, what is wrong.

Pure. ``Retention`` says how long each kind of thing is kept; ``cutoffs`` turns that into instants. What the present
rests on - the newest materialization, observation, plan and failure of each asset and partition, the newest evaluation
of each check, whatever belongs to a run that has not ended - is never pruned, however old.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from orrery.base.errors import StorageError, nearest_hint
from orrery.model.events.event import ASSET_EVENTS, RUN_EVENTS, EventType

__all__ = [
    "DEFAULT_DAYS",
    "EVENT_GROUPS",
    "GroupStats",
    "PruneReport",
    "RecordsCheck",
    "RecordsStats",
    "Retention",
    "group_of",
]

_SECONDS_A_DAY = 86_400.0

EVENT_GROUPS: Mapping[str, frozenset[str | None]] = {
    "log_lines": frozenset({None}),
    "steps": frozenset(kind.value for kind in EventType if kind.value not in ASSET_EVENTS | RUN_EVENTS),
    "plans": frozenset({"ASSET_MATERIALIZATION_PLANNED", "ASSET_CHECK_EVALUATION_PLANNED"}),
    "observations": frozenset({"ASSET_OBSERVATION"}),
    "materializations": frozenset({"ASSET_MATERIALIZATION", "ASSET_FAILED_TO_MATERIALIZE", "ASSET_WIPED"}),
    "checks": frozenset({"ASSET_CHECK_EVALUATION"}),
    "runs": frozenset(RUN_EVENTS),
}
"""Kinds of events by the name under which the settings speak of them."""

DEFAULT_DAYS: Mapping[str, float | None] = {
    "log_lines": 90,
    "steps": 180,
    "plans": 90,
    "observations": 180,
    "materializations": None,
    "checks": 365,
    "runs": None,
    "ticks": 90,
}
"""How many days each kind is kept where the settings say nothing; None is for ever."""

_GROUP_OF = {kind: name for name, kinds in EVENT_GROUPS.items() for kind in kinds}


def group_of(kind: str | None) -> str:
    """
    Return the group to which a kind of event belongs; that of steps for one of a newer release.

    >>> group_of(None), group_of("STEP_OUTPUT"), group_of("ASSET_MATERIALIZATION")
    ('log_lines', 'steps', 'materializations')
    """
    return _GROUP_OF.get(kind, "steps")


class Retention(msgspec.Struct, frozen=True):
    """
    How long each kind of thing is kept.

    Attributes:
        days: For each group, a number of days, or None for ever.

    >>> Retention.of_settings({"log_lines": 7, "steps": "forever"}).cutoffs(now=1_000_000.0)["log_lines"]
    395200.0
    """

    days: Mapping[str, float | None]

    @staticmethod
    def of_settings(settings: Mapping[str, Any] | None) -> Retention:
        """
        Return what ``retention:`` of an instance's settings says, over the defaults.

        Raises:
            StorageError: A name is unknown, or a period is none.
        """
        return Retention(dict(DEFAULT_DAYS)).with_settings(settings)

    def with_settings(self, settings: Mapping[str, Any] | None) -> Retention:
        """
        Return the same with what *settings* say over it.

        Raises:
            StorageError: A name is unknown, or a period is none.
        """
        if settings is not None and not isinstance(settings, Mapping):
            raise StorageError(
                f"The setting 'retention' is a mapping, not {type(settings).__name__}.",
                mend="write 'retention: {log_lines: 30}', in days.",
            )
        days = dict(self.days)
        for name, value in (settings or {}).items():
            if name not in days:
                raise StorageError(
                    f"The settings have 'retention: {name}', which nobody knows.",
                    mend=nearest_hint(str(name), days, noun="kind"),
                )
            days[name] = _period(name, value)
        return Retention(days)

    def cutoffs(self, now: float) -> dict[str, float]:
        """Return, for each group that is not kept for ever, the instant before which things may go."""
        return {name: now - days * _SECONDS_A_DAY for name, days in self.days.items() if days is not None}


def _period(name: str, value: Any) -> float | None:
    if value == "forever":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 100_000:
        raise StorageError(
            f"The setting 'retention: {name}' is a number of days, or 'forever', not {value!r}.",
            mend=f"write '{name}: {DEFAULT_DAYS[name] or 'forever'}', or leave it out.",
        )
    return float(value)


class GroupStats(msgspec.Struct, frozen=True, kw_only=True):
    """
    How much there is of one group of events.

    Attributes:
        count: How many.
        size_bytes: What their bodies take.
        oldest: When the oldest was, in seconds since 1970 (UTC); None if there is none.
    """

    count: int = 0
    size_bytes: int = 0
    oldest: float | None = None


class RecordsStats(msgspec.Struct, frozen=True, kw_only=True):
    """
    How much there is.

    Attributes:
        place: The file, or the database without its password.
        schema: Revision of its schema.
        size_bytes: What the database takes.
        free_bytes: What of that is free, for what comes; 0 where that is not told.
        events: By group.
        rows: Rows of the other tables, by name.
    """

    place: str
    schema: str
    size_bytes: int
    free_bytes: int
    events: Mapping[str, GroupStats]
    rows: Mapping[str, int]


class PruneReport(msgspec.Struct, frozen=True, kw_only=True):
    """
    What was deleted, or would be.

    Attributes:
        deleted: How many of each group.
        size_bytes: What their bodies took.
        is_dry_run: Whether nothing was deleted.
        longest_seconds: How long the longest transaction took: so long another writer waited at most.
    """

    deleted: Mapping[str, int]
    size_bytes: int
    is_dry_run: bool
    longest_seconds: float


class RecordsCheck(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is wrong with the records.

    Attributes:
        place: The file, or the database without its password.
        problems: A sentence each; none if all is well.
        entries_read: How many entries were read and decoded.
    """

    place: str
    problems: tuple[str, ...]
    entries_read: int
