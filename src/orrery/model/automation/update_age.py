"""
Whether an asset was updated lately enough, judged from instants alone.

Pure: when it was last updated, the present and the rule in, a judgement out. Checks of freshness ask here
(``definitions/decorators/freshness_checks.py``) and say what was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from orrery.model.partitions.cron import parse_cron
from orrery.model.partitions.series import TickSeries
from orrery.model.partitions.zones import zone_of

__all__ = ["UpdateAge", "judge_update_age", "spoken_duration", "ticks_around"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateAge:
    """
    What was found of the age of an asset. All instants are seconds since the epoch.

    Attributes:
        is_fresh: Whether it was updated lately enough.
        description: The same for people, with the distances.
        lower_bound: The earliest update that would have been late enough.
        latest_tick: The latest tick of the deadline; None if there is no deadline.
        fresh_until: When it stops to be fresh without an update; None if it is not fresh now.
    """

    is_fresh: bool
    description: str
    lower_bound: float
    latest_tick: float | None
    fresh_until: float | None


def judge_update_age(
    *,
    last_update: float | None,
    now: float,
    lower_bound_delta: timedelta,
    deadline_cron: str | None = None,
    timezone: str = "UTC",
) -> UpdateAge:
    """
    Return whether an asset is fresh at an instant.

    Without a deadline the update may be at most *lower_bound_delta* old at any time. With one, it must have come no
    earlier than *lower_bound_delta* before the latest tick: then it is fresh until the next tick.

    Args:
        last_update: When it was last updated (seconds since the epoch); None if it never was.
        now: The present (seconds since the epoch).
        lower_bound_delta: How old an update may be, at any time or at a tick.
        deadline_cron: At which ticks the asset must be fresh.
        timezone: The zone whose clocks the deadline reads.

    >>> judge_update_age(last_update=90, now=100, lower_bound_delta=timedelta(seconds=60)).description
    'Asset is currently fresh. The last update was 10 seconds ago, within the allowed time range of 1 minute.'
    """
    delta = lower_bound_delta.total_seconds()
    latest_tick: float | None = None
    next_tick: float | None = None
    if deadline_cron is not None:
        latest_tick, next_tick = ticks_around(deadline_cron, timezone, now)
    lower_bound = (now if latest_tick is None else latest_tick) - delta
    if last_update is None:
        description = "Asset has never been observed/materialized."
        return UpdateAge(
            is_fresh=False, description=description, lower_bound=lower_bound, latest_tick=latest_tick, fresh_until=None
        )
    age, allowed = spoken_duration(now - last_update), spoken_duration(now - lower_bound)
    if last_update >= lower_bound:
        return UpdateAge(
            is_fresh=True,
            description=f"Asset is currently fresh. The last update was {age} ago, within the allowed time range of {allowed}.",
            lower_bound=lower_bound,
            latest_tick=latest_tick,
            fresh_until=last_update + delta if next_tick is None else next_tick,
        )
    return UpdateAge(
        is_fresh=False,
        description=f"Asset is overdue for an update. The last update was {age} ago, which is past the allowed distance "
        f"of {allowed} ago.",
        lower_bound=lower_bound,
        latest_tick=latest_tick,
        fresh_until=None,
    )


def ticks_around(cron: str, timezone: str, instant: float) -> tuple[float, float]:
    """
    Return the latest tick at or before an instant, and the first one after it (seconds since the epoch).

    >>> ticks_around("@hourly", "UTC", 7201.5)
    (7200.0, 10800.0)
    """
    after = int(instant // 1) + 1
    series = TickSeries(parse_cron(cron, where="a deadline"), zone_of(timezone), after)
    place = series.place_at_or_after(after)
    return float(series.instant_at_place(place - 1)), float(series.instant_at_place(place))


def spoken_duration(seconds: float) -> str:
    """
    Return a length of time in words, in whole seconds.

    >>> spoken_duration(3661.2)
    '1 hour, 1 minute, 1 second'
    """
    left = max(0, round(seconds))
    parts = []
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return ", ".join(parts) or "0 seconds"
