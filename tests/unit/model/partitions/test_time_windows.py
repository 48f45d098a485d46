"""Partitions in time: their keys, windows and bounds."""

# ruff: noqa: DTZ001  # naive datetimes are taken: they are times on the wall of the zone

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, timedelta

import pytest

from orrery.base.errors import InvalidDefinitionError, InvalidInvocationError, UnknownPartitionError
from orrery.model.partitions import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    PartitionKeyRange,
    ScheduleType,
    TimeWindow,
    TimeWindowPartitionsDefinition,
    WeeklyPartitionsDefinition,
    partition_loading_context,
)


def at(*parts: int) -> datetime:
    """Return an instant in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]  # year, month, day, ...


NOW = at(2020, 1, 10, 12, 30)
DAYS = DailyPartitionsDefinition("2020-01-05")


def test_last_partition_is_the_last_that_is_over() -> None:
    keys = ["2020-01-05", "2020-01-06", "2020-01-07", "2020-01-08", "2020-01-09"]
    assert DAYS.get_partition_keys(NOW) == keys
    assert DAYS.get_partition_keys(NOW.replace(tzinfo=None)) == keys
    assert DAYS.get_partition_keys(at(2020, 1, 10)) == keys
    assert DAYS.get_partition_keys(at(2020, 1, 10) - timedelta(microseconds=1)) == keys[:-1]
    assert DAYS.get_partition_keys(at(2020, 1, 1)) == []


@pytest.mark.parametrize(
    ("end_offset", "last"),
    [(-5, None), (-4, "2020-01-05"), (-1, "2020-01-08"), (0, "2020-01-09"), (1, "2020-01-10"), (3, "2020-01-12")],
)
def test_end_offset_moves_the_last_partition(end_offset: int, last: str | None) -> None:
    definition = DailyPartitionsDefinition("2020-01-05", end_offset=end_offset)
    with partition_loading_context(NOW):
        assert definition.get_last_partition_key() == last


@pytest.mark.parametrize("end_offset", [-2, 0, 3])
def test_no_window_reaches_beyond_the_end(end_offset: int) -> None:
    until = DailyPartitionsDefinition("2020-01-05", end_date="2020-01-08", end_offset=end_offset)
    assert until.get_partition_keys(at(2020, 2, 1)) == ["2020-01-05", "2020-01-06", "2020-01-07"]
    amid = DailyPartitionsDefinition("2020-01-05", end_date=datetime(2020, 1, 7, 5), end_offset=end_offset)
    assert amid.get_partition_keys(at(2020, 2, 1)) == ["2020-01-05", "2020-01-06"]


def test_first_partition_starts_at_the_first_tick_from_the_start_on() -> None:
    assert DailyPartitionsDefinition(datetime(2020, 1, 5, 7, 3)).get_partition_keys(NOW)[0] == "2020-01-06"
    assert WeeklyPartitionsDefinition("2022-03-12").get_partition_keys(at(2022, 3, 30)) == ["2022-03-13", "2022-03-20"]
    assert MonthlyPartitionsDefinition("2020-01-05").get_partition_keys(at(2020, 3, 20)) == ["2020-02-01"]
    odd = WeeklyPartitionsDefinition("2022-03-12", minute_offset=15, hour_offset=3, day_offset=6)
    assert odd.time_window_for_partition_key("2022-03-12") == (at(2022, 3, 12, 3, 15), at(2022, 3, 19, 3, 15))


def test_exclusions_leave_out_what_starts_at_their_ticks() -> None:
    days = DailyPartitionsDefinition("2020-01-05", exclusions=["0 0 * * 0", datetime(2020, 1, 7)])
    assert days.get_partition_keys(at(2020, 1, 14)) == [
        *("2020-01-06", "2020-01-08", "2020-01-09", "2020-01-10", "2020-01-11", "2020-01-13"),
    ]
    with partition_loading_context(at(2020, 1, 14)):
        assert days.get_num_partitions() == 6
        assert not days.has_partition_key("2020-01-07")
        assert days.get_next_partition_key("2020-01-06") == "2020-01-08"
        assert days.get_prev_partition_window(at(2020, 1, 8)) == (at(2020, 1, 6), at(2020, 1, 7))
        assert days.is_window_start_excluded(at(2020, 1, 7))
        assert not days.is_window_start_excluded(at(2020, 1, 8))
        assert days.time_window_for_partition_key("2020-01-06").end == at(2020, 1, 7)
        later = DailyPartitionsDefinition("2020-01-05", exclusions=[datetime(2020, 1, 14)], end_offset=1)
        assert later.get_last_partition_key() == "2020-01-15"


def test_exclusions_that_leave_nothing_are_told_when_a_window_is_asked_for() -> None:
    nothing = DailyPartitionsDefinition("2020-01-05", exclusions=["0 0 * * *"])
    assert nothing.get_partition_keys(NOW) == []
    with pytest.raises(InvalidDefinitionError, match="leave no partition"):
        nothing.get_next_partition_window(NOW, respect_bounds=False)


def test_second_of_two_hours_that_look_alike_bears_its_offset() -> None:
    hours = HourlyPartitionsDefinition("2024-11-03-00:00", timezone="America/New_York")
    keys = hours.get_partition_keys(at(2024, 11, 3, 8))
    assert keys == ["2024-11-03-00:00", "2024-11-03-01:00", "2024-11-03-01:00-0500", "2024-11-03-02:00"]
    starts = [hours.time_window_for_partition_key(key).start.astimezone(UTC).hour for key in keys]
    assert starts == [4, 5, 6, 7]
    assert hours.has_partition_key("2024-11-03-01:00-0500")
    assert not hours.has_partition_key("2024-11-03-01:00-0400"), "a partition has one key"


def test_format_with_an_offset_needs_no_addition() -> None:
    hours = TimeWindowPartitionsDefinition(
        datetime(2024, 11, 3), "%Y-%m-%d %H:%M%z", cron_schedule="0 * * * *", timezone="America/New_York"
    )
    assert hours.get_partition_keys(at(2024, 11, 3, 7))[1:] == ["2024-11-03 01:00-0400", "2024-11-03 01:00-0500"]
    assert hours.time_window_for_partition_key("2024-11-03 01:00-0500").start.astimezone(UTC) == at(2024, 11, 3, 6)


def test_key_names_the_day_whatever_the_hour_at_which_it_begins() -> None:
    days = DailyPartitionsDefinition("2020-01-05", hour_offset=16, minute_offset=15)
    assert days.time_window_for_partition_key("2020-01-06") == (at(2020, 1, 6, 16, 15), at(2020, 1, 7, 16, 15))


@pytest.mark.parametrize("key", ["2020-01-99", "x", "", "2020-1-6", "2020-01-06 ", "٢٠٢٠-01-06", "2020-01-06-05:00"])
def test_key_that_names_no_window_is_refused_with_one_that_does(key: str) -> None:
    assert not DAYS.has_partition_key(key)
    with pytest.raises(UnknownPartitionError, match="write a key such as '2020-01-0"):
        DAYS.time_window_for_partition_key(key)


def test_key_between_two_hours_is_none() -> None:
    hours = HourlyPartitionsDefinition("2020-01-05-00:00")
    assert not hours.has_partition_key("2020-01-05-00:30")
    with pytest.raises(UnknownPartitionError, match="'2020-01-05-01:00'"):
        hours.subset_with_partition_keys(["2020-01-05-00:30"])


def test_ranges_reach_into_the_future_but_not_beyond_the_bounds() -> None:
    assert DAYS.get_partition_keys_in_range(PartitionKeyRange("2030-01-01", "2030-01-02")) == [
        "2030-01-01",
        "2030-01-02",
    ]
    assert DAYS.get_partition_keys_in_range(PartitionKeyRange("2020-01-08", "2020-01-06")) == []
    with pytest.raises(InvalidInvocationError, match="before the start"):
        DAYS.get_partition_keys_in_range(PartitionKeyRange("2020-01-04", "2020-01-06"))
    with pytest.raises(InvalidInvocationError, match="after the end"):
        DailyPartitionsDefinition("2020-01-05", end_date="2020-01-08").get_partition_keys_in_range(
            PartitionKeyRange("2020-01-06", "2020-01-08")
        )


def test_windows_before_and_after_an_instant() -> None:
    with partition_loading_context(NOW):
        assert DAYS.get_next_partition_window(at(2020, 1, 6)) == (at(2020, 1, 6), at(2020, 1, 7))
        assert DAYS.get_next_partition_window(at(2020, 1, 6, 5)) == (at(2020, 1, 7), at(2020, 1, 8))
        assert DAYS.get_next_partition_window(at(2020, 1, 16)) is None
        assert DAYS.get_next_partition_window(at(2020, 1, 16), respect_bounds=False) is not None
        assert DAYS.get_prev_partition_window(at(2020, 1, 6, 5)) == (at(2020, 1, 5), at(2020, 1, 6))
        assert DAYS.get_prev_partition_window(at(2020, 1, 5)) is None
        assert DAYS.get_partition_key_for_timestamp(at(2020, 1, 7).timestamp()) == "2020-01-07"
        assert DAYS.get_partition_key_for_timestamp(at(2020, 1, 7).timestamp(), end_closed=True) == "2020-01-06"
        span = TimeWindow(at(2020, 1, 6, 1), at(2020, 1, 8, 1))
        assert DAYS.get_partition_keys_in_time_window(span) == ["2020-01-07", "2020-01-08"]
        assert DAYS.get_partition_key_range_for_time_window(span) == ("2020-01-06", "2020-01-07")


def test_pages_follow_each_other_both_ways() -> None:
    with partition_loading_context(NOW) as context:
        for ascending in (True, False):
            seen: list[str] = []
            cursor, more = None, True
            while more:
                page = DAYS.get_paginated_partition_keys(context, 2, ascending, cursor)
                seen += page.results
                cursor, more = page.cursor, page.has_more
            assert seen == list(DAYS.get_partition_keys())[:: 1 if ascending else -1]


def test_schedule_of_runs_follows_the_windows() -> None:
    assert DailyPartitionsDefinition("2020-01-05", minute_offset=15, hour_offset=3).get_cron_schedule() == "15 3 * * *"
    assert DAYS.get_cron_schedule(minute_of_hour=5, hour_of_day=6) == "5 6 * * *"
    assert WeeklyPartitionsDefinition("2020-01-05").get_cron_schedule(day_of_week=2) == "0 0 * * 2"
    assert MonthlyPartitionsDefinition("2020-01-05").get_cron_schedule(day_of_month=7) == "0 0 7 * *"
    for definition, argument in (
        (DAYS, "day_of_week"),
        (HourlyPartitionsDefinition("2020-01-05-00:00"), "hour_of_day"),
    ):
        with pytest.raises(Exception, match=argument):
            definition.get_cron_schedule(**{argument: 2})


def test_kind_and_offsets_are_read_from_the_schedule() -> None:
    weekly = WeeklyPartitionsDefinition("2020-01-01", day_offset=3, hour_offset=2)
    assert (weekly.schedule_type, weekly.day_offset, weekly.hour_offset, weekly.minute_offset) == (
        *(ScheduleType.WEEKLY, 3, 2, 0),
    )
    quarter = TimeWindowPartitionsDefinition("2020-01-01", "%Y-%m-%d", cron_schedule="0 0 1 */3 *")
    assert quarter.schedule_type is None
    assert ScheduleType.HOURLY < ScheduleType.DAILY < ScheduleType.WEEKLY < ScheduleType.MONTHLY


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: DailyPartitionsDefinition(None), "None"),
        (lambda: DailyPartitionsDefinition("garbage"), "'garbage'"),
        (lambda: DailyPartitionsDefinition("2020-01-05", end_date="soon"), "'soon'"),
        (lambda: DailyPartitionsDefinition("2020-01-05", timezone="Europe/Berln"), "'Europe/Berlin'"),
        (lambda: DailyPartitionsDefinition("2020-01-05", minute_offset=99), "minute 99"),
        (lambda: DailyPartitionsDefinition("2020-01-05", exclusions=["2020-01-07"]), "exclusions"),
        (lambda: DailyPartitionsDefinition("2020-01-05", exclusions=[7]), "7"),
        (lambda: DailyPartitionsDefinition("2020-01-05", exclusions="0 0 * * 0"), "not a sequence"),
        (lambda: DailyPartitionsDefinition("2020-01-05", end_offset="x"), "end_offset"),
        (lambda: DailyPartitionsDefinition("2020-01-05", color="x"), "'color'"),
        (lambda: TimeWindowPartitionsDefinition("2020-01-05", "%Y-%m-%d"), "neither"),
        (
            lambda: TimeWindowPartitionsDefinition(
                "2020-01-05", "%Y-%m-%d", schedule_type=ScheduleType.DAILY, cron_schedule="0 0 * * *"
            ),
            "also",
        ),
        (lambda: TimeWindowPartitionsDefinition("2020-01-05", "%Y-%m-%d", cron_schedule="0 * * * *"), "look alike"),
        (lambda: HourlyPartitionsDefinition("2020-01-05", fmt="%Y-%m-%d"), "look alike"),
        (lambda: DailyPartitionsDefinition("2020-01", fmt="%Y-%m"), "look alike"),
    ],
)
def test_wrong_arguments_are_refused_by_name(make: object, says: str) -> None:
    with pytest.raises(InvalidDefinitionError) as raised:
        make()  # type: ignore[operator]  # a function, as the table above shows
    assert says in str(raised.value)
    assert raised.value.mend


def test_keys_that_were_given_out_cannot_be_changed() -> None:
    keys = DAYS.get_partition_keys(NOW)
    assert keys == list(keys)
    with pytest.raises(TypeError, match="copy"):
        keys.append("x")  # type: ignore[attr-defined]  # a list by kind, and so it has the method
    assert DAYS.get_partition_keys(NOW) is keys, "the same list: asking again costs nothing"


def test_time_going_back_and_on_again_gives_the_right_keys() -> None:
    days = DailyPartitionsDefinition("2020-01-05")
    assert len(days.get_partition_keys(at(2020, 3, 1))) == 56
    assert len(days.get_partition_keys(at(2020, 1, 10))) == 5
    assert days.get_partition_keys(at(2020, 3, 2))[-1] == "2020-03-01"


def test_definitions_are_values() -> None:
    same = TimeWindowPartitionsDefinition("2020-01-05", "%Y-%m-%d", cron_schedule="0 0 * * *")
    assert same == DAYS
    assert hash(same) == hash(DAYS)
    assert DailyPartitionsDefinition(datetime(2020, 1, 5)) == DAYS
    assert DailyPartitionsDefinition("2020-01-05", timezone="Europe/Berlin") != DAYS
    assert DailyPartitionsDefinition("2020-01-06").equal_except_for_start_or_end(DAYS)
    assert pickle.loads(pickle.dumps(DAYS)) == DAYS
    assert DAYS.get_serializable_unique_identifier() == same.get_serializable_unique_identifier()
    assert str(DailyPartitionsDefinition("2020-01-05", end_offset=1)) == (
        "Daily, starting 2020-01-05 UTC. End offsetted by 1 partition."
    )


def test_a_copy_is_of_its_own_class_whatever_that_takes() -> None:
    class SchoolYear(DailyPartitionsDefinition):
        def __init__(self, year: int) -> None:
            super().__init__(f"{year}-09-01", end_date=f"{year + 1}-07-01")

    year = SchoolYear(2024)
    again = copy.copy(year)
    assert type(again) is SchoolYear
    assert again == year
    assert type(pickle.loads(pickle.dumps(DailyPartitionsDefinition("2020-01-05")))) is DailyPartitionsDefinition


def test_centuries_are_within_reach() -> None:
    days = DailyPartitionsDefinition("1000-01-01", timezone="Europe/Berlin")
    assert len(days.get_partition_keys(at(2024, 1, 1))) == 374_008
    assert days.time_window_for_partition_key("1582-10-15").start.day == 15
    assert days.get_partition_keys_in_range(PartitionKeyRange("9990-12-31", "9991-01-01")) == [
        "9990-12-31",
        "9991-01-01",
    ]
