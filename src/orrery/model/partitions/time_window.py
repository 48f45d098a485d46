"""Partitions that are windows of time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from orrery.model.partitions.definition import PartitionsDefinition
from orrery.model.partitions.loading import DynamicPartitionsStore


class TimeWindow(NamedTuple):
    """
    Span the time from one instant to before another.

    Attributes:
        start: First instant.
        end: First instant after the window.
    """

    start: datetime
    end: datetime


class TimeWindowPartitionsDefinition(PartitionsDefinition[str]):
    """Cut data into windows of time between the ticks of a cron schedule."""

    def __init__(self, start: Any, fmt: str, end: Any = None, schedule_type: Any = None, timezone: str | None = None, end_offset: int = 0, minute_offset: int | None = None, hour_offset: int | None = None, day_offset: int | None = None, cron_schedule: str | None = None, exclusions: Any = None) -> None:
        raise NotImplementedError

    def get_partition_keys(self, current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None) -> Sequence[str]:
        """Return all keys."""
        raise NotImplementedError


class DailyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """Cut data into days."""


class HourlyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """Cut data into hours."""


class WeeklyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """Cut data into weeks."""


class MonthlyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """Cut data into months."""
