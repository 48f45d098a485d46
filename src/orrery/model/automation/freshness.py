"""
Freshness policies: how old an asset may be.

Values, carried by the definitions that name them. A check made with ``build_last_update_freshness_checks``
is what looks at the world.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from orrery.base.errors import InvalidDefinitionError
from orrery.model.partitions.cron import Cron, parse_cron

__all__ = ["CronFreshnessPolicy", "FreshnessPolicy", "LegacyFreshnessPolicy", "TimeWindowFreshnessPolicy"]

FRESHNESS_POLICY_METADATA_KEY = "orrery/internal_freshness_policy"


class FreshnessPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """
    How old an asset may be.

    Made by :meth:`time_window` or :meth:`cron`.

    >>> FreshnessPolicy.time_window(fail_window=timedelta(hours=24)).fail_window
    datetime.timedelta(days=1)
    """

    @staticmethod
    def time_window(fail_window: timedelta, warn_window: timedelta | None = None) -> TimeWindowFreshnessPolicy:
        """
        Say that an asset must be updated at least once in any window of time.

        Args:
            fail_window: The asset is stale when it was not updated for so long; a minute at least.
            warn_window: A warning is due when it was not updated for so long.

        Raises:
            InvalidDefinitionError: A window is shorter than a minute, or the warning comes too late.
        """
        return TimeWindowFreshnessPolicy(fail_window=fail_window, warn_window=warn_window)

    @staticmethod
    def cron(deadline_cron: str, lower_bound_delta: timedelta, timezone: str = "UTC") -> CronFreshnessPolicy:
        """
        Say that an asset must be updated shortly before each deadline.

        Args:
            deadline_cron: Cron string of the deadlines.
            lower_bound_delta: How long before a deadline an update counts.
            timezone: Time zone of the cron string.

        Raises:
            InvalidDefinitionError: The cron string is none, or the time before a deadline makes no sense.
        """
        return CronFreshnessPolicy(deadline_cron=deadline_cron, lower_bound_delta=lower_bound_delta, timezone=timezone)

    @classmethod
    def from_asset_spec_metadata(cls, metadata: Mapping[str, Any]) -> FreshnessPolicy | None:
        """Return the policy that metadata of an asset carries, if any does."""
        found = metadata.get(FRESHNESS_POLICY_METADATA_KEY)
        return found if isinstance(found, FreshnessPolicy) else None


class TimeWindowFreshnessPolicy(FreshnessPolicy, frozen=True, kw_only=True, tag=True):
    """See :meth:`FreshnessPolicy.time_window`."""

    fail_window: timedelta
    warn_window: timedelta | None = None

    def __post_init__(self) -> None:
        for name in ("fail_window", "warn_window"):
            window = getattr(self, name)
            if window is not None and window < timedelta(minutes=1):
                raise InvalidDefinitionError(
                    f"{name} of a freshness policy is {window}; it cannot be less than 1 minute.",
                    mend=f"write {name}=timedelta(minutes=1) or more.",
                )
        if self.warn_window is not None and self.warn_window >= self.fail_window:
            raise InvalidDefinitionError(
                f"warn_window must be less than fail_window, but {self.warn_window} is not less than {self.fail_window}.",
                mend="make it shorter.",
            )


class CronFreshnessPolicy(FreshnessPolicy, frozen=True, kw_only=True, tag=True):
    """See :meth:`FreshnessPolicy.cron`."""

    deadline_cron: str
    lower_bound_delta: timedelta
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        cron = parse_cron(self.deadline_cron, where="the deadline of a freshness policy")
        if self.lower_bound_delta < timedelta(minutes=1):
            raise InvalidDefinitionError(
                f"lower_bound_delta of a freshness policy is {self.lower_bound_delta}; it cannot be less than 1 minute.",
                mend="write lower_bound_delta=timedelta(minutes=1) or more.",
            )
        shortest = timedelta(seconds=_shortest_gap_seconds(cron))
        if self.lower_bound_delta > shortest:
            raise InvalidDefinitionError(
                f"lower_bound_delta must be less than or equal to the smallest cron interval of {shortest} for "
                f"deadline_cron {self.deadline_cron}, but is {self.lower_bound_delta}.",
                mend="make it shorter.",
            )


def _shortest_gap_seconds(cron: Cron) -> int:
    """Return the seconds between the two closest ticks among many."""
    first = cron.count_before(_EPOCH_OF_GAPS)
    ticks = [cron.at(first + number) for number in range(400)]
    return min(after - before for before, after in itertools.pairwise(ticks))


_EPOCH_OF_GAPS = int(datetime.fromisoformat("2024-01-01T00:00:00+00:00").timestamp())


class LegacyFreshnessPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """
    How far an asset may lag behind its sources, in the older form; carried. Use :class:`FreshnessPolicy` instead.

    Attributes:
        maximum_lag_minutes: How far it may lag, in minutes.
        cron_schedule: When that must hold; always if not given.
        cron_schedule_timezone: Time zone of the cron string.
    """

    maximum_lag_minutes: float
    cron_schedule: str | None = None
    cron_schedule_timezone: str | None = None

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "maximum_lag_minutes", float(self.maximum_lag_minutes))
        if self.cron_schedule is not None:
            parse_cron(self.cron_schedule, where="a freshness policy")
        elif self.cron_schedule_timezone is not None:
            raise InvalidDefinitionError(
                "A freshness policy has a time zone of a cron string, and no cron string.",
                mend="give cron_schedule=...",
            )

    @property
    def maximum_lag_delta(self) -> timedelta:
        """Return how far the asset may lag."""
        return timedelta(minutes=self.maximum_lag_minutes)

    def get_evaluation_tick(self, evaluation_time: datetime) -> datetime | None:
        """
        Return the last instant at or before *evaluation_time* (aware) at which the policy must hold.

        Raises:
            NotImplementedError: There is a cron string: policies of this form are carried, not evaluated.
        """
        if self.cron_schedule is None:
            return evaluation_time
        raise NotImplementedError("Older freshness policies with a cron string are carried, but not evaluated.")

    def minutes_overdue(self, data_time: datetime | None, evaluation_time: datetime) -> float | None:
        """
        Return by how many minutes the asset lags too far.

        Args:
            data_time: Instant up to which the data of the sources is in the asset (aware); None if unknown.
            evaluation_time: The instant to look at (aware).
        """
        if data_time is None:
            return None
        tick = self.get_evaluation_tick(evaluation_time)
        if tick is None:
            return None
        required = tick - self.maximum_lag_delta
        return max(0.0, (required - data_time).total_seconds() / 60)
