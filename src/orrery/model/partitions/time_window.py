"""
Partitions that are windows of time, between the ticks of a cron schedule.

All questions are arithmetic on :class:`~orrery.model.partitions.series.TickSeries`; only
who asks for keys gets a list, which is kept and grown as time passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import Any

from orrery.base.errors import (
    InvalidDefinitionError,
    InvalidInvocationError,
    InvariantViolationError,
    UnknownPartitionError,
)
from orrery.model.partitions.cron import Cron, parse_cron
from orrery.model.partitions.definition import PaginatedResults, PartitionsDefinition, digest_of
from orrery.model.partitions.index_set import EMPTY, IndexSet
from orrery.model.partitions.key_format import KeyFormat, key_format_of
from orrery.model.partitions.keys import PartitionKeyRange, PartitionKeys
from orrery.model.partitions.loading import (
    DynamicPartitionsStore,
    PartitionLoadingContext,
    current_context,
    partition_loading_context,
)
from orrery.model.partitions.series import TickSeries
from orrery.model.partitions.subset import PartitionsSubset
from orrery.model.partitions.time_window_subset import (
    TimeWindowPartitionsSubset,
    can_read_windows,
    read_windows,
    write_windows,
)
from orrery.model.partitions.window_keys import WindowKeys
from orrery.model.partitions.windows import ScheduleType, TimestampWithTimezone, TimeWindow, instant_of, shown_at
from orrery.model.partitions.zones import Zone, zone_of

__all__ = ["TimeWindowPartitionsDefinition", "cron_schedule_of"]

_WHERE = "a TimeWindowPartitionsDefinition"
_PLAIN = {
    (True, False, False, False): ScheduleType.HOURLY,
    (True, True, False, False): ScheduleType.DAILY,
    (True, True, False, True): ScheduleType.WEEKLY,
    (True, True, True, False): ScheduleType.MONTHLY,
}


def cron_schedule_of(
    schedule_type: ScheduleType, minute_offset: int = 0, hour_offset: int = 0, day_offset: int | None = None
) -> str:
    """
    Return the cron schedule of windows of a usual length.

    >>> cron_schedule_of(ScheduleType.WEEKLY, 15, 3, 6)
    '15 3 * * 6'
    """
    if schedule_type is ScheduleType.HOURLY:
        return f"{minute_offset} * * * *"
    if schedule_type is ScheduleType.DAILY:
        return f"{minute_offset} {hour_offset} * * *"
    if schedule_type is ScheduleType.WEEKLY:
        return f"{minute_offset} {hour_offset} * * {0 if day_offset is None else day_offset}"
    return f"{minute_offset} {hour_offset} {day_offset or 1} * *"


class TimeWindowPartitionsDefinition(PartitionsDefinition[str]):
    """
    Cut data into windows of time between the ticks of a cron schedule.

    Each partition is named by the start of its window. The first one starts at the first tick that is
    not before *start*; the last one ends before the present, or *end_offset* windows later.

    Where clocks change, a schedule that names hours has one tick a day for a time that is shown
    twice (the later; the earlier just after midnight, where the day begins) or never (the first instant
    after the gap). An hourly or finer one follows real time, and the second of two hours that look alike
    has its offset at the end of its key.

    Args:
        start: Where windows begin: a key in the format, or a datetime (a naive one is a time in *timezone*).
        fmt: Format of the keys, as for ``strftime``.
        end: No window ends after this.
        schedule_type: How long windows are; or give *cron_schedule*.
        timezone: Name of the zone whose clocks count. UTC if not given.
        end_offset: How many windows more than those that are over there are.
        minute_offset, hour_offset, day_offset: Where windows of a usual length begin.
        cron_schedule: The schedule at whose ticks windows begin.
        exclusions: Cron schedules and datetimes at whose ticks no partition begins.

    Raises:
        InvalidDefinitionError: An argument cannot stand; the message names it.

    >>> workdays = TimeWindowPartitionsDefinition("2024-01-05", "%Y-%m-%d", cron_schedule="0 0 * * 1-5")
    >>> workdays.get_partition_keys(datetime(2024, 1, 10, tzinfo=UTC))
    ['2024-01-05', '2024-01-08', '2024-01-09']
    """

    __slots__ = (
        "_count",
        "_cron",
        "_end",
        "_fewer_keys",
        "_format",
        "_keys",
        "_series",
        "_start",
        "_zone",
        "cron_schedule",
        "end_offset",
        "exclusions",
        "fmt",
        "timezone",
    )

    fmt: str
    timezone: str
    end_offset: int
    cron_schedule: str
    exclusions: list[str | TimestampWithTimezone] | None
    _cron: Cron
    _zone: Zone
    _format: KeyFormat
    _start: float
    _end: float | None
    _series: TickSeries | None
    _keys: PartitionKeys
    _fewer_keys: PartitionKeys
    _count: tuple[int, int] | None

    def __init__(
        self,
        start: datetime | str | TimestampWithTimezone,
        fmt: str,
        end: datetime | str | TimestampWithTimezone | None = None,
        schedule_type: ScheduleType | None = None,
        timezone: str | None = None,
        end_offset: int = 0,
        minute_offset: int | None = None,
        hour_offset: int | None = None,
        day_offset: int | None = None,
        cron_schedule: str | None = None,
        exclusions: Sequence[str | datetime | TimestampWithTimezone] | None = None,
    ) -> None:
        if cron_schedule is not None:
            if schedule_type is not None or any((minute_offset, hour_offset, day_offset)):
                raise InvalidDefinitionError(
                    f"{_WHERE} has a cron schedule and also a schedule type or offsets.",
                    mend="write the offsets into the cron schedule, and nothing else.",
                )
        elif schedule_type is None:
            raise InvalidDefinitionError(
                f"{_WHERE} has neither a cron schedule nor a schedule type.",
                mend='write cron_schedule="0 0 * * *", or use DailyPartitionsDefinition.',
            )
        else:
            cron_schedule = cron_schedule_of(schedule_type, minute_offset or 0, hour_offset or 0, day_offset)
        self.cron_schedule = cron_schedule
        self._cron = parse_cron(cron_schedule, where=_WHERE)
        if timezone is None and isinstance(start, TimestampWithTimezone):
            timezone = start.timezone
        self.timezone = timezone or "UTC"
        self._zone = zone_of(self.timezone)
        if not isinstance(fmt, str):
            raise InvalidDefinitionError(f"The format of keys is {fmt!r}, not text.", mend='write "%Y-%m-%d".')
        self.fmt = fmt
        self._format = key_format_of(fmt)
        self._check_format()
        if not isinstance(end_offset, int):
            raise InvalidDefinitionError(f"end_offset is {end_offset!r}, not a whole number.", mend="write 0.")
        self.end_offset = end_offset
        self._start = self._bound(start, "start")
        self._end = None if end is None else self._bound(end, "end")
        self.exclusions = self._checked_exclusions(exclusions)
        self._series = None
        self._keys = self._fewer_keys = PartitionKeys()
        self._count = None

    def _check_format(self) -> None:
        cron = self._cron
        if not self._format.tells_apart(
            hours=len(cron.hours) > 1, minutes=len(cron.minutes) > 1, days=cron.every_day or len(cron.days) > 1
        ):
            raise InvalidDefinitionError(
                f"Keys of format '{self.fmt}' look alike for several windows of cron schedule '{self.cron_schedule}'.",
                mend='write a format that tells them apart, such as "%Y-%m-%d-%H:%M".',
            )

    def _bound(self, given: Any, name: str) -> float:
        if isinstance(given, str):
            try:
                return float(self._format.read(given, self._zone, later=False))
            except ValueError as error:
                raise InvalidDefinitionError(
                    f"The {name} of time windows is '{given}', which does not have the format '{self.fmt}'.",
                    mend=f"write it as '{datetime(2024, 1, 31, tzinfo=UTC).strftime(self.fmt)}', or as a datetime.",
                ) from error
        if isinstance(given, datetime):
            return self._instant(given)
        if isinstance(given, TimestampWithTimezone):
            return given.timestamp
        raise InvalidDefinitionError(
            f"The {name} of time windows is {given!r} ({type(given).__name__}), neither a datetime nor a text.",
            mend=f"write datetime({given.year}, {given.month}, {given.day})."
            if hasattr(given, "year")
            else "write a datetime.",
        )

    def _instant(self, given: datetime) -> float:
        """Return a datetime as seconds since the epoch; a naive one is a time in the zone."""
        if given.tzinfo is not None:
            return given.timestamp()
        wall = instant_of(given.replace(microsecond=0))
        return self._zone.instant_of_wall(wall, later=bool(given.fold)) + given.microsecond / 1_000_000

    def _checked_exclusions(self, given: Any) -> list[str | TimestampWithTimezone] | None:
        if not given:
            return None
        if isinstance(given, str) or not isinstance(given, Iterable):
            raise InvalidDefinitionError(f"The exclusions are {given!r}, not a sequence.", mend=f"write [{given!r}].")
        kept: list[str | TimestampWithTimezone] = []
        for each in given:
            if isinstance(each, str):
                parse_cron(each, where=f"the exclusions argument of {_WHERE}")
                kept.append(each)
            elif isinstance(each, datetime):
                kept.append(TimestampWithTimezone(self._instant(each), self.timezone))
            elif isinstance(each, TimestampWithTimezone):
                kept.append(each)
            else:
                raise InvalidDefinitionError(
                    f"One of the exclusions is {each!r}, neither a cron schedule nor a datetime.",
                    mend="write a cron schedule as text, or a datetime.",
                )
        return kept

    # What it is.

    @property
    def partitions_subset_class(self) -> type[PartitionsSubset]:
        """Return the kind of set that holds partitions of this definition."""
        return TimeWindowPartitionsSubset

    @property
    def start(self) -> datetime:
        """Return the start, as the clocks of the zone show it."""
        return datetime.fromtimestamp(self._start, self._zone.info)

    @property
    def end(self) -> datetime | None:
        """Return the end, as the clocks of the zone show it, or None."""
        return None if self._end is None else datetime.fromtimestamp(self._end, self._zone.info)

    @property
    def start_ts(self) -> TimestampWithTimezone:
        """Return the start with its zone."""
        return TimestampWithTimezone(self._start, self.timezone)

    @property
    def end_ts(self) -> TimestampWithTimezone | None:
        """Return the end with its zone, or None."""
        return None if self._end is None else TimestampWithTimezone(self._end, self.timezone)

    @property
    def start_timestamp(self) -> float:
        """Return the start in seconds since the epoch."""
        return self._start

    @property
    def end_timestamp(self) -> float | None:
        """Return the end in seconds since the epoch, or None."""
        return self._end

    @property
    def schedule_type(self) -> ScheduleType | None:
        """Return how long windows are, or None if the schedule is not of a usual kind."""
        minute, hour, day, month, weekday = self._plain_fields()
        if month != "*":
            return None
        return (
            _PLAIN.get((minute.isdecimal(), hour.isdecimal(), day.isdecimal(), weekday.isdecimal()))
            if (all(field == "*" or field.isdecimal() for field in (minute, hour, day, weekday)))
            else None
        )

    def _plain_fields(self) -> list[str]:
        fields = self.cron_schedule.split()
        return fields if len(fields) == 5 else ["", "", "", "", ""]

    def _plain_field(self, place: int, name: str) -> int:
        field = self._plain_fields()[place]
        if not field.isdecimal():
            raise InvariantViolationError(
                f"Cron schedule '{self.cron_schedule}' has no {name} offset.", mend="read `cron_schedule` instead."
            )
        return int(field)

    @property
    def minute_offset(self) -> int:
        """Return the minute of the hour at which windows begin."""
        return self._plain_field(0, "minute")

    @property
    def hour_offset(self) -> int:
        """Return the hour of the day at which windows begin."""
        return self._plain_field(1, "hour")

    @property
    def day_offset(self) -> int:
        """Return the weekday (Sunday is 0) or day of the month at which windows of a week or a month begin."""
        if self.schedule_type is ScheduleType.WEEKLY:
            return self._plain_field(4, "day")
        if self.schedule_type is ScheduleType.MONTHLY:
            return self._plain_field(2, "day")
        raise InvariantViolationError(
            f"Cron schedule '{self.cron_schedule}' has no day offset.", mend="read `cron_schedule` instead."
        )

    @property
    def is_basic_daily(self) -> bool:
        """Tell whether windows are days from midnight to midnight."""
        return self.cron_schedule in ("0 0 * * *", "@daily")

    @property
    def is_basic_hourly(self) -> bool:
        """Tell whether windows are full hours."""
        return self.cron_schedule in ("0 * * * *", "@hourly")

    def get_cron_schedule(
        self,
        minute_of_hour: int | None = None,
        hour_of_day: int | None = None,
        day_of_week: int | None = None,
        day_of_month: int | None = None,
    ) -> str:
        """
        Return the schedule of runs of these partitions: by default each runs as soon as its window ends.

        Args:
            minute_of_hour: Minute at which to run instead.
            hour_of_day: Hour at which to run instead; not for hourly windows.
            day_of_week: Weekday (Sunday is 0) on which to run instead; for weekly windows.
            day_of_month: Day on which to run instead; for monthly windows.

        Raises:
            InvariantViolationError: An argument does not suit the windows.
        """
        kind = self.schedule_type
        if kind is None:
            if any(each is not None for each in (minute_of_hour, hour_of_day, day_of_week, day_of_month)):
                raise InvariantViolationError(
                    f"Cron schedule '{self.cron_schedule}' does not take minute_of_hour, hour_of_day, "
                    "day_of_week or day_of_month.",
                    mend="leave them out, or give the schedule a cron string of its own.",
                )
            return self.cron_schedule
        refused = {
            ScheduleType.HOURLY: {"hour_of_day": hour_of_day},
            ScheduleType.DAILY: {"day_of_week": day_of_week, "day_of_month": day_of_month},
        }.get(kind, {})
        for name, value in refused.items():
            if value is not None:
                raise InvariantViolationError(
                    f"{name} has no meaning for {kind.value.lower()} partitions.", mend=f"leave out {name}."
                )
        minute = self.minute_offset if minute_of_hour is None else minute_of_hour
        hour = 0 if kind is ScheduleType.HOURLY else self.hour_offset if hour_of_day is None else hour_of_day
        day = None
        if kind is ScheduleType.WEEKLY:
            day = self.day_offset if day_of_week is None else day_of_week
        elif kind is ScheduleType.MONTHLY:
            day = self.day_offset if day_of_month is None else day_of_month
        return cron_schedule_of(kind, minute, hour, day)

    # Windows by number. Index 0 is the first partition; indexes go on before it and after the last.

    def _ticks(self) -> TickSeries:
        if self._series is None:
            crons = [parse_cron(each, where=_WHERE) for each in self.exclusions or () if isinstance(each, str)]
            instants = [
                int(each.timestamp) for each in self.exclusions or () if isinstance(each, TimestampWithTimezone)
            ]
            start = -int(-self._start // 1)
            self._series = TickSeries(self._cron, self._zone, start, crons, instants)
        return self._series

    def _names(self) -> WindowKeys:
        return WindowKeys(self._format, self._cron, self._zone)

    def tick_series(self) -> TickSeries:
        """Return the numbered ticks at which windows begin."""
        return self._ticks()

    def count_at(self, current_time: datetime | None = None) -> int:
        """Return how many partitions there are at an instant; the present if not given."""
        now = instant_of(current_context(current_time).temporal_context.effective_dt)
        known = self._count
        if known is not None and known[0] == now:
            return known[1]
        ticks = self._ticks()
        count = ticks.index_of_place(ticks.place_at_or_after(now + 1) - 1) + self.end_offset
        if self._end is not None:
            end = int(self._end // 1)
            count = min(count, ticks.index_of_place(ticks.place_at_or_after(end + 1) - 1))
        count = max(count, 0)
        self._count = (now, count)
        return count

    def existing_indexes(self, current_time: datetime | None = None) -> range:
        """Return the indexes of the partitions that exist."""
        return range(self.count_at(current_time))

    def window_at(self, index: int) -> TimeWindow:
        """Return the window of the partition with an index."""
        ticks = self._ticks()
        place = ticks.place_of_index(index)
        return self._window_at_place(place)

    def _window_at_place(self, place: int) -> TimeWindow:
        ticks = self._ticks()
        return TimeWindow(
            shown_at(ticks.instant_at_place(place), self.timezone),
            shown_at(ticks.instant_at_place(place + 1), self.timezone),
        )

    def index_of_start(self, start: datetime) -> int:
        """Return the index of the first partition whose window does not start before an instant."""
        return self._ticks().index_at_or_after(instant_of(start, up=True))

    def key_at(self, index: int) -> str:
        """Return the key of the partition with an index."""
        if 0 <= index < len(self._keys):
            return self._keys[index]
        return self._names().key_of(self._ticks().start_of(index))

    def keys_at(self, start: int, stop: int) -> Sequence[str]:
        """Return the keys of the partitions with the indexes from *start* to before *stop*."""
        if start >= 0 and stop <= len(self._keys):
            return self._keys[start:stop]
        return self._names().keys_of(self._ticks().starts(start, stop))

    def _place_of(self, partition_key: str) -> int:
        """
        Return the place of the tick that a key names, whether or not it is left out or exists now.

        Raises:
            ValueError: The key names no tick.
        """
        return self._names().place_of(partition_key, self._ticks())

    def _known_place_of(self, partition_key: str) -> int:
        try:
            return self._place_of(partition_key)
        except (ValueError, OverflowError) as error:
            raise UnknownPartitionError(
                f"Could not find a partition with key `{partition_key}`: it names no window of cron schedule "
                f"'{self.cron_schedule}' in the format '{self.fmt}'.",
                mend=f"write a key such as '{self._names().nearest_key(partition_key, self._ticks())}'.",
            ) from error

    def index_of(self, partition_key: str) -> int | None:
        """
        Return the index that a key has, or None if it names no partition.

        Partitions before the start and after the last have indexes too; see :meth:`existing_indexes`.
        """
        try:
            place = self._place_of(partition_key)
        except (ValueError, OverflowError):
            return None
        ticks = self._ticks()
        return None if ticks.is_left_out(place) else ticks.index_of_place(place)

    def indexes_of(self, partition_keys: Iterable[str]) -> tuple[IndexSet, tuple[str, ...]]:
        """
        Return the indexes of the keys of partitions that exist; well-formed others are passed over.

        Raises:
            UnknownPartitionError: A key names no window of this schedule.
        """
        count = self.count_at()
        if isinstance(partition_keys, PartitionKeys) and (
            partition_keys is self._keys or partition_keys is self._fewer_keys
        ):
            return IndexSet.of_range(0, min(len(partition_keys), count)), ()
        wanted = set(partition_keys)
        found = EMPTY
        if len(wanted) > 32 and len(wanted) * 16 > count:
            keys = self.get_partition_keys()
            found = IndexSet.of_flags(bytes(map(wanted.__contains__, keys)))
            if len(found) == len(wanted):
                return found, ()
            wanted.difference_update(keys)
        indexes = []
        ticks = self._ticks()
        for key in wanted:
            place = self._known_place_of(key)
            if not ticks.is_left_out(place):
                index = ticks.index_of_place(place)
                if 0 <= index < count:
                    indexes.append(index)
        return found | IndexSet.of(indexes), ()

    # Keys.

    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> Sequence[str]:
        """
        Return the keys of all partitions, oldest first.

        The list is kept and shared: it cannot be changed.

        Args:
            current_time: The instant that counts as the present (naive means UTC).
            dynamic_partitions_store: Not looked at.
        """
        count = self.count_at(current_time)
        keys = self._keys
        if len(keys) == count:
            return keys
        if len(keys) > count:
            if len(self._fewer_keys) != count:
                self._fewer_keys = PartitionKeys(keys[:count])
            return self._fewer_keys
        self._keys = keys = PartitionKeys([*keys, *self.keys_at(len(keys), count)])
        return keys

    def get_paginated_partition_keys(
        self, context: PartitionLoadingContext, limit: int, ascending: bool, cursor: str | None = None
    ) -> PaginatedResults[str]:
        """
        Return a page of the keys.

        Args:
            context: When keys are read.
            limit: At most so many keys.
            ascending: Whether to begin with the oldest.
            cursor: The cursor of the page before.
        """
        with partition_loading_context(new_ctx=context):
            count = self.count_at()
        start, stop = 0, count
        if cursor:
            # A cursor is the start of the last window of its page: it stays true as windows come.
            last = self._ticks().index_at_or_after(int(cursor))
            start, stop = (last + 1, count) if ascending else (0, min(last, count))
        if ascending:
            page = list(self.keys_at(start, min(start + limit, stop)))
            end = start + len(page) - 1
            more = start + len(page) < stop
        else:
            first = max(stop - limit, start)
            page = list(self.keys_at(first, stop))[::-1]
            end, more = first, first > start
        return PaginatedResults(page, str(self._ticks().start_of(end)) if page else (cursor or ""), more)

    def get_num_partitions(self) -> int:
        """Return how many partitions there are."""
        return self.count_at()

    def has_partition_key(self, partition_key: str) -> bool:
        """Tell whether the key exists."""
        index = self.index_of(partition_key)
        return index is not None and 0 <= index < self.count_at()

    def filter_valid_partition_keys(self, partition_keys: set[str]) -> AbstractSet[str]:
        """Return those of *partition_keys* that exist."""
        if len(partition_keys) > 32 and len(partition_keys) * 16 > self.count_at():
            return partition_keys.intersection(self.get_partition_keys())
        return {key for key in partition_keys if self.has_partition_key(key)}

    def get_first_partition_key(self) -> str | None:
        """Return the oldest key, or None if there is none."""
        return self.key_at(0) if self.count_at() else None

    def get_last_partition_key(self) -> str | None:
        """Return the newest key, or None if there is none."""
        count = self.count_at()
        return self.key_at(count - 1) if count else None

    def get_next_partition_key(self, partition_key: str) -> str | None:
        """Return the key after a key, or None if there is none (yet)."""
        place = self._known_place_of(partition_key)
        following = max(self._ticks().index_of_place(place + 1), 0)
        return self.key_at(following) if following < self.count_at() else None

    def get_partition_key(self, key: datetime | str) -> str:
        """
        Return the key for a time: the time in the format of the keys.

        Args:
            key: A time (a naive one is a time in the zone), or a key, which is given back.

        Raises:
            InvalidInvocationError: It is neither.
        """
        if isinstance(key, str):
            return key
        if isinstance(key, datetime):
            return self._format.write(int(self._instant(key) // 1), self._zone)
        raise InvalidInvocationError(
            f"A partition key was asked for {key!r} ({type(key).__name__}).", mend="pass a datetime."
        )

    def get_partition_key_for_timestamp(self, timestamp: float, end_closed: bool = False) -> str:
        """
        Return the key of the window that holds an instant, whether or not it exists.

        Args:
            timestamp: Seconds since the epoch.
            end_closed: Whether an instant between two windows belongs to the one that ends there.
        """
        ticks = self._ticks()
        after = (
            ticks.place_at_or_after(-int(-timestamp // 1))
            if end_closed
            else ticks.place_at_or_after(int(timestamp // 1) + 1)
        )
        return self.key_at(ticks.index_of_place(after) - 1)

    def less_than(self, partition_key1: str, partition_key2: str) -> bool:
        """Tell whether the first window starts before the second."""
        return self._known_place_of(partition_key1) < self._known_place_of(partition_key2)

    # Ranges.

    def range_indexes(self, partition_key_range: PartitionKeyRange) -> tuple[int, int]:
        """
        Return the indexes of a range of keys, half-open.

        Raises:
            UnknownPartitionError: An end of the range names no window.
            InvalidInvocationError: An end lies before the start or after the end of the definition.
        """
        ticks = self._ticks()
        first = self._known_place_of(partition_key_range.start)
        last = self._known_place_of(partition_key_range.end)
        for name, place in (("start", first), ("end", last)):
            if place < 0:
                raise InvalidInvocationError(
                    f"Partition key range {name} {getattr(partition_key_range, name)} is before the start "
                    f"of the partitions definition, {self.start}.",
                    mend=f"begin the range with '{self.key_at(0)}'.",
                )
            if self._end is not None and ticks.instant_at_place(place) >= self._end:
                raise InvalidInvocationError(
                    f"Partition key range {name} {getattr(partition_key_range, name)} is after the end "
                    f"of the partitions definition, {self.end}.",
                    mend="end the range before.",
                )
        return ticks.index_of_place(first), ticks.index_of_place(last + 1)

    def get_partition_keys_in_range(self, partition_key_range: PartitionKeyRange) -> Sequence[str]:
        """
        Return the keys from the start of the range to its end, both included.

        The end may lie in the future.

        Raises:
            UnknownPartitionError: An end of the range names no window.
            InvalidInvocationError: An end lies before the start or after the end of the definition.
        """
        return list(self.keys_at(*self.range_indexes(partition_key_range)))

    def get_partition_keys_between_indexes(self, start_idx: int, end_idx: int) -> list[str]:
        """Return the existing keys from one index to before another."""
        return list(self.keys_at(max(start_idx, 0), min(end_idx, self.count_at())))

    def _indexes_in(self, time_window: TimeWindow) -> tuple[int, int]:
        ticks = self._ticks()
        return (
            ticks.index_at_or_after(instant_of(time_window.start, up=True)),
            ticks.index_at_or_after(instant_of(time_window.end, up=True)),
        )

    def get_partition_keys_in_time_window(self, time_window: TimeWindow) -> list[str]:
        """Return the keys of the windows that start within a time window, whether or not they exist."""
        return list(self.keys_at(*self._indexes_in(time_window)))

    def get_num_partitions_in_window(self, time_window: TimeWindow) -> int:
        """Return how many windows start within a time window, whether or not they exist."""
        start, stop = self._indexes_in(time_window)
        return max(stop - start, 0)

    def has_any_partitions_in_window(self, time_window: TimeWindow) -> bool:
        """Tell whether any window starts within a time window."""
        return self.get_num_partitions_in_window(time_window) > 0

    def _indexes_of_time(self, time_window: TimeWindow) -> tuple[int, int]:
        """Return the indexes from the window that holds the start to the last that ends before the end."""
        ticks = self._ticks()
        first = ticks.place_at_or_after(instant_of(time_window.start) + 1) - 1
        last = ticks.place_at_or_after(instant_of(time_window.end) + 1) - 1
        return ticks.index_of_place(first), ticks.index_of_place(last)

    def get_partition_key_range_for_time_window(
        self, time_window: TimeWindow, respect_bounds: bool = True
    ) -> PartitionKeyRange:
        """
        Return the range of keys that covers a time window.

        It begins with the window that holds the start, and ends with the last that is over at the end.

        Args:
            time_window: The time to cover.
            respect_bounds: Without meaning here: keys need not exist.
        """
        start, stop = self._indexes_of_time(time_window)
        return PartitionKeyRange(self.key_at(start), self.key_at(stop - 1))

    def get_partition_subset_in_time_window(self, time_window: TimeWindow) -> TimeWindowPartitionsSubset:
        """Return the set of the windows that cover a time window; see the range for one."""
        return TimeWindowPartitionsSubset(self, IndexSet.of_range(*self._indexes_of_time(time_window)))

    # Windows.

    def time_window_for_partition_key(self, partition_key: str) -> TimeWindow:
        """
        Return the window that a key names, whether or not the partition exists.

        Raises:
            UnknownPartitionError: The key names no window of this schedule; the message names one.
        """
        return self._window_at_place(self._known_place_of(partition_key))

    def time_windows_for_partition_keys(
        self, partition_keys: frozenset[str] | Iterable[str], validate: bool = True
    ) -> Sequence[TimeWindow]:
        """
        Return the windows that keys name, in order.

        Args:
            partition_keys: The keys.
            validate: Pass over those that do not exist.
        """
        places = sorted({self._known_place_of(key) for key in partition_keys})
        if validate:
            count, ticks = self.count_at(), self._ticks()
            places = [
                place for place in places if not ticks.is_left_out(place) and 0 <= ticks.index_of_place(place) < count
            ]
        return [self._window_at_place(place) for place in places]

    def start_time_for_partition_key(self, partition_key: str) -> datetime:
        """Return the start of the window that a key names."""
        return self.time_window_for_partition_key(partition_key).start

    def end_time_for_partition_key(self, partition_key: str) -> datetime:
        """Return the end of the window that a key names."""
        return self.time_window_for_partition_key(partition_key).end

    def get_first_partition_window(self) -> TimeWindow | None:
        """Return the window of the oldest partition, or None if there is none."""
        return self.window_at(0) if self.count_at() else None

    def get_last_partition_window(self) -> TimeWindow | None:
        """Return the window of the newest partition, or None if there is none."""
        count = self.count_at()
        return self.window_at(count - 1) if count else None

    def get_last_partition_window_ignoring_exclusions(self) -> TimeWindow | None:
        """Return the newest window, left out or not, or None if there is none."""
        ticks = self._ticks()
        now = instant_of(current_context().temporal_context.effective_dt)
        last = ticks.place_at_or_after(now + 1) - 2 + self.end_offset
        if self._end is not None:
            last = min(last, ticks.place_at_or_after(int(self._end // 1) + 1) - 2)
        return self._window_at_place(last) if last >= 0 else None

    def get_next_partition_window(self, end_dt: datetime, respect_bounds: bool = True) -> TimeWindow | None:
        """
        Return the first window that does not start before an instant.

        Args:
            end_dt: The instant, as a rule the end of a window.
            respect_bounds: Return None if that partition does not exist (yet).
        """
        index = self._ticks().index_at_or_after(instant_of(end_dt, up=True))
        if respect_bounds and index >= self.count_at():
            return None
        return self.window_at(index)

    def get_prev_partition_window(self, start_dt: datetime, respect_bounds: bool = True) -> TimeWindow | None:
        """
        Return the last window that is over at an instant.

        Args:
            start_dt: The instant, as a rule the start of a window.
            respect_bounds: Return None if that window lies before the first.
        """
        ticks = self._ticks()
        index = ticks.index_of_place(ticks.place_at_or_after(instant_of(start_dt) + 1) - 1) - 1
        if respect_bounds and index < 0:
            return None
        return self.window_at(index)

    def is_window_start_excluded(self, window_start: datetime) -> bool:
        """Tell whether the window that starts at an instant is left out."""
        ticks = self._ticks()
        instant = instant_of(window_start, up=True)
        place = ticks.place_at_or_after(instant)
        return ticks.instant_at_place(place) == instant and ticks.is_left_out(place)

    # Sets.

    def subset_with_all_partitions(self) -> PartitionsSubset:
        """Return the set of all partitions."""
        return TimeWindowPartitionsSubset(self, IndexSet.of_range(0, self.count_at()))

    def _schedule_digest(self) -> str:
        return digest_of([self.cron_schedule, self.timezone, repr(self.exclusions or [])])[:16]

    def serialize_indexes(self, indexes: IndexSet) -> str:
        """Return a set of windows as text that stays true when the definition gets another start or end."""
        return write_windows(indexes, self._ticks(), self._schedule_digest())

    def deserialize_subset(self, serialized: str) -> PartitionsSubset:
        """
        Return the set that ``serialize`` of a set of this definition wrote.

        The definition may have another start or end by now, but not another schedule.

        Raises:
            StorageError: The text is damaged, or was written for another schedule.
        """
        return TimeWindowPartitionsSubset(self, read_windows(serialized, self._ticks(), self._schedule_digest()))

    def can_deserialize_subset(
        self,
        serialized: str,
        serialized_partitions_def_unique_id: str | None,
        serialized_partitions_def_class_name: str | None,
    ) -> bool:
        """Tell whether *serialized* was written by a set of this schedule; its start and end may differ."""
        return can_read_windows(serialized, self._ticks(), self._schedule_digest())

    # Values.

    def get_serializable_unique_identifier(self, dynamic_partitions_store: DynamicPartitionsStore | None = None) -> str:
        """Return a digest that two definitions share if they make the same windows and keys."""
        return digest_of([repr(each) for each in self._identity()])

    def _identity(self) -> tuple[Any, ...]:
        return (
            self._start,
            self._end,
            self.timezone,
            self.fmt,
            self.end_offset,
            self.cron_schedule,
            tuple(self.exclusions or ()),
        )

    def equal_except_for_start_or_end(self, other: TimeWindowPartitionsDefinition) -> bool:
        """Tell whether another definition differs in nothing but its start and end."""
        return self._identity()[2:] == other._identity()[2:]

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if isinstance(other, TimeWindowPartitionsDefinition):
            return self._identity() == other._identity()
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity())

    def __repr__(self) -> str:
        shown = (
            f"TimeWindowPartitionsDefinition(start={self._start}, end={self._end}, timezone={self.timezone!r}, "
            f"fmt={self.fmt!r}, end_offset={self.end_offset}, cron_schedule={self.cron_schedule!r}"
        )
        return f"{shown}, exclusions={self.exclusions})" if self.exclusions else f"{shown})"

    def __str__(self) -> str:
        kind = self.schedule_type
        start = self.start.strftime(self.fmt)
        shown = f"{self.cron_schedule if kind is None else kind.value.capitalize()}, starting {start} {self.timezone}."
        if self.end_offset:
            shown += f" End offsetted by {self.end_offset} partition{'' if self.end_offset == 1 else 's'}."
        return shown

    def __reduce__(self) -> tuple[Any, ...]:
        start, end = self.start_ts, self.end_ts
        return (
            _rebuilt,
            (
                type(self),
                start,
                self.fmt,
                end,
                None,
                self.timezone,
                self.end_offset,
                None,
                None,
                None,
                self.cron_schedule,
                self.exclusions,
            ),
        )


def _rebuilt(cls: type[TimeWindowPartitionsDefinition], *arguments: Any) -> TimeWindowPartitionsDefinition:
    """Return a copy of its own class, which need not take the same arguments."""
    made = cls.__new__(cls)
    TimeWindowPartitionsDefinition.__init__(made, *arguments)
    return made
