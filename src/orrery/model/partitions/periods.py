"""Windows of the usual lengths: hours, days, weeks and months."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from orrery.base.errors import InvalidDefinitionError
from orrery.model.partitions.time_window import TimeWindowPartitionsDefinition
from orrery.model.partitions.windows import ScheduleType, TimestampWithTimezone

__all__ = [
    "DailyPartitionsDefinition",
    "HourlyPartitionsDefinition",
    "MonthlyPartitionsDefinition",
    "WeeklyPartitionsDefinition",
]

_DAY_FORMAT = "%Y-%m-%d"
_HOUR_FORMAT = "%Y-%m-%d-%H:%M"


def _refuse_others(kind: str, others: dict[str, Any]) -> None:
    if others:
        name = next(iter(others))
        raise InvalidDefinitionError(
            f"{kind} does not take the argument '{name}'.", mend="leave it out, or use TimeWindowPartitionsDefinition."
        )


class DailyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """
    Cut data into days.

    Args:
        start_date: The first day: a key, or a datetime.
        end_date: The day before which the last one ends.
        minute_offset, hour_offset: The time of day at which a day begins.
        timezone: Name of the zone whose clocks count. UTC if not given.
        fmt: Format of the keys; ``%Y-%m-%d`` if not given.
        end_offset: How many days more than those that are over there are.
        exclusions: Cron schedules and datetimes at whose ticks no partition begins.

    >>> DailyPartitionsDefinition("2022-03-12").get_partition_keys(datetime(2022, 3, 15))
    ['2022-03-12', '2022-03-13', '2022-03-14']
    """

    __slots__ = ()

    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        hour_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
        exclusions: Sequence[str | datetime | TimestampWithTimezone] | None = None,
        **kwargs: Any,
    ) -> None:
        _refuse_others("DailyPartitionsDefinition", kwargs)
        super().__init__(
            start=start_date,
            fmt=fmt or _DAY_FORMAT,
            end=end_date,
            schedule_type=ScheduleType.DAILY,
            timezone=timezone,
            end_offset=end_offset,
            minute_offset=minute_offset,
            hour_offset=hour_offset,
            exclusions=exclusions,
        )


class HourlyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """
    Cut data into hours.

    Where clocks are set back, the second of two hours that look alike has its offset from UTC at
    the end of its key.

    Args:
        start_date: The first hour: a key, or a datetime.
        end_date: The hour before which the last one ends.
        minute_offset: The minute at which an hour begins.
        timezone: Name of the zone whose clocks count. UTC if not given.
        fmt: Format of the keys; ``%Y-%m-%d-%H:%M`` if not given.
        end_offset: How many hours more than those that are over there are.
        exclusions: Cron schedules and datetimes at whose ticks no partition begins.

    >>> new_york = HourlyPartitionsDefinition("2024-11-03-01:00", timezone="America/New_York")
    >>> new_york.get_partition_keys(datetime(2024, 11, 3, 8))
    ['2024-11-03-01:00', '2024-11-03-01:00-0500', '2024-11-03-02:00']
    """

    __slots__ = ()

    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
        exclusions: Sequence[str | datetime | TimestampWithTimezone] | None = None,
        **kwargs: Any,
    ) -> None:
        _refuse_others("HourlyPartitionsDefinition", kwargs)
        super().__init__(
            start=start_date,
            fmt=fmt or _HOUR_FORMAT,
            end=end_date,
            schedule_type=ScheduleType.HOURLY,
            timezone=timezone,
            end_offset=end_offset,
            minute_offset=minute_offset,
            exclusions=exclusions,
        )


class WeeklyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """
    Cut data into weeks.

    Args:
        start_date: The first week begins on the first such weekday from here on.
        end_date: The day before which the last one ends.
        minute_offset, hour_offset: The time of day at which a week begins.
        day_offset: The weekday on which a week begins; 0 is Sunday.
        timezone: Name of the zone whose clocks count. UTC if not given.
        fmt: Format of the keys; ``%Y-%m-%d`` if not given.
        end_offset: How many weeks more than those that are over there are.
        exclusions: Cron schedules and datetimes at whose ticks no partition begins.

    >>> WeeklyPartitionsDefinition("2022-03-12").get_partition_keys(datetime(2022, 3, 30))
    ['2022-03-13', '2022-03-20']
    """

    __slots__ = ()

    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        hour_offset: int = 0,
        day_offset: int = 0,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
        exclusions: Sequence[str | datetime | TimestampWithTimezone] | None = None,
        **kwargs: Any,
    ) -> None:
        _refuse_others("WeeklyPartitionsDefinition", kwargs)
        super().__init__(
            start=start_date,
            fmt=fmt or _DAY_FORMAT,
            end=end_date,
            schedule_type=ScheduleType.WEEKLY,
            timezone=timezone,
            end_offset=end_offset,
            minute_offset=minute_offset,
            hour_offset=hour_offset,
            day_offset=day_offset,
            exclusions=exclusions,
        )


class MonthlyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """
    Cut data into months.

    Args:
        start_date: The first month begins on the first such day from here on.
        end_date: The day before which the last one ends.
        minute_offset, hour_offset: The time of day at which a month begins.
        day_offset: The day on which a month begins; months without it are part of the one before.
        timezone: Name of the zone whose clocks count. UTC if not given.
        fmt: Format of the keys; ``%Y-%m-%d`` if not given.
        end_offset: How many months more than those that are over there are.
        exclusions: Cron schedules and datetimes at whose ticks no partition begins.

    >>> MonthlyPartitionsDefinition("2022-03-12").get_partition_keys(datetime(2022, 6, 15))
    ['2022-04-01', '2022-05-01']
    """

    __slots__ = ()

    def __init__(
        self,
        start_date: datetime | str,
        end_date: datetime | str | None = None,
        minute_offset: int = 0,
        hour_offset: int = 0,
        day_offset: int = 1,
        timezone: str | None = None,
        fmt: str | None = None,
        end_offset: int = 0,
        exclusions: Sequence[str | datetime | TimestampWithTimezone] | None = None,
        **kwargs: Any,
    ) -> None:
        _refuse_others("MonthlyPartitionsDefinition", kwargs)
        super().__init__(
            start=start_date,
            fmt=fmt or _DAY_FORMAT,
            end=end_date,
            schedule_type=ScheduleType.MONTHLY,
            timezone=timezone,
            end_offset=end_offset,
            minute_offset=minute_offset,
            hour_offset=hour_offset,
            day_offset=day_offset,
            exclusions=exclusions,
        )
