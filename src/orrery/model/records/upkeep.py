"""
The upkeep of records: how much there is, what may go, what is wrong.

Pure. ``Retention`` says how long each kind of thing is kept, and how many of it; ``Cutoff`` is what follows from that at an
instant, and ``sweep_due`` tells when whoever passes by looks for what may go. What the present rests on - the newest
materialization, observation, plan and failure of each asset and partition, the newest evaluation of each check, whatever
belongs to a run that has not ended - is never pruned, however old.
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
    "SWEEP_EVERY_SECONDS",
    "Cutoff",
    "GroupStats",
    "PruneReport",
    "RecordsCheck",
    "RecordsStats",
    "Retention",
    "Sweep",
    "group_of",
    "sweep_due",
]

_SECONDS_A_DAY = 86_400.0
SWEEP_EVERY_SECONDS = 3_600.0
"""How often everything that is recorded is looked through for what may go."""

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
    How long each kind of thing is kept, and how many of it.

    Attributes:
        days: For each group, a number of days, or None for ever.
        most: The largest number of each group that is kept, the newest; groups without one have none.
        is_automatic: Whether whoever opens the records or ends a run deletes what may go.

    >>> Retention.of_settings({"log_lines": 7, "steps": "forever"}).cutoffs(now=1_000_000.0)["log_lines"].before
    395200.0
    """

    days: Mapping[str, float | None]
    most: Mapping[str, int] = {}
    is_automatic: bool = False

    @staticmethod
    def of_settings(settings: Mapping[str, Any] | None) -> Retention:
        """
        Return what ``retention:`` of an instance's settings says, over the defaults.

        Without such settings nothing is deleted by itself.

        Raises:
            StorageError: A name is unknown, or a period is none.
        """
        retention = Retention(dict(DEFAULT_DAYS)).with_settings(settings)
        is_automatic = (settings or {}).get("automatic", settings is not None)
        if not isinstance(is_automatic, bool):
            raise StorageError(
                f"The setting 'retention: automatic' is true or false, not {is_automatic!r}.",
                mend="correct orrery.yaml.",
            )
        return msgspec.structs.replace(retention, is_automatic=is_automatic)

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
        days, most = dict(self.days), dict(self.most)
        for name, value in (settings or {}).items():
            if name == "automatic":
                continue
            if name not in days:
                raise StorageError(
                    f"The settings have 'retention: {name}', which nobody knows.",
                    mend=nearest_hint(str(name), days, noun="kind"),
                )
            if isinstance(value, Mapping):
                _refuse_unknown(name, value)
                if "days" in value:
                    days[name] = _period(name, value["days"])
                if "most" in value:
                    most[name] = _number(name, value["most"])
            else:
                days[name] = _period(name, value)
        return msgspec.structs.replace(self, days=days, most=most)

    def cutoffs(self, now: float) -> dict[str, Cutoff]:
        """Return, for each group that is not kept whole for ever, what of it may go at this instant."""
        return {
            name: Cutoff(
                before=None if days is None else now - days * _SECONDS_A_DAY,
                most=self.most.get(name),
            )
            for name, days in self.days.items()
            if days is not None or name in self.most
        }


class Cutoff(msgspec.Struct, frozen=True, kw_only=True):
    """
    What of a group may go.

    Attributes:
        before: What happened before this instant, in seconds since 1970 (UTC); None for nothing by age.
        most: What is older than so many of the newest; None for nothing by number.
    """

    before: float | None = None
    most: int | None = None


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """
    How far those who pass by have looked for what may go.

    Attributes:
        began: When the sweep began, in seconds since 1970 (UTC).
        after: Storage id after which to go on; None if all was looked at.
    """

    began: float
    after: int | None = None


def sweep_due(last: Sweep | None, now: float) -> Sweep | None:
    """
    Return the sweep to go on with, or a new one; None if it is too early for another.

    A clock that was set back does not put the next one off by more than the usual time.

    >>> sweep_due(Sweep(began=0.0, after=7), now=1.0), sweep_due(Sweep(began=0.0), now=1.0)
    (Sweep(began=0.0, after=7), None)
    >>> sweep_due(Sweep(began=0.0), now=4_000.0)
    Sweep(began=4000.0, after=0)
    """
    if last is not None and last.after is not None:
        return last
    if last is not None and abs(now - last.began) < SWEEP_EVERY_SECONDS:
        return None
    return Sweep(began=now, after=0)


def _refuse_unknown(name: str, given: Mapping[str, Any]) -> None:
    for key in given:
        if key not in ("days", "most"):
            raise StorageError(
                f"The settings have 'retention: {name}: {key}', which nobody knows.",
                mend=f"write '{name}: {{days: 30, most: 100000}}', or one of the two.",
            )


def _number(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise StorageError(
            f"The setting 'retention: {name}: most' is a number from 0, not {value!r}.",
            mend=f"write '{name}: {{most: 100000}}', or leave it out.",
        )
    return value


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
        after: Where the time ended: the storage id after which to go on; None if all was looked at.
    """

    deleted: Mapping[str, int]
    size_bytes: int
    is_dry_run: bool
    longest_seconds: float
    after: int | None = None


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
