"""Cron strings: what they match, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from orrery.base.errors import InvalidDefinitionError
from orrery.model.partitions.cron import parse_cron

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def days(text: str, start: datetime, number: int) -> list[str]:
    """Return the first days that match, as month-day."""
    cron = parse_cron(text, where="a test")
    first = cron.count_before(int(start.timestamp()))
    return [f"{EPOCH + timedelta(seconds=cron.at(first + place)):%m-%d}" for place in range(number)]


JANUARY = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 0 29 2 *", ["02-29", "02-29"]),
        ("0 0 31 * *", ["01-31", "03-31", "05-31", "07-31", "08-31", "10-31"]),
        ("0 0 L * *", ["01-31", "02-29", "03-31", "04-30"]),
        ("0 0 1,L * *", ["01-01", "01-31", "02-01", "02-29"]),
        ("0 0 * * 5#2", ["01-12", "02-09"]),
        ("0 0 * * L5", ["01-26", "02-23", "03-29"]),
        ("0 0 */10 * *", ["01-01", "01-11", "01-21", "01-31", "02-01"]),
        ("0 0 * * sun", ["01-07", "01-14"]),
        ("0 0 * * 7", ["01-07", "01-14"]),
        ("0 0 1 jan,jul *", ["01-01", "07-01", "01-01"]),
        ("0 0 * * 5-1", ["01-01", "01-05", "01-06", "01-07", "01-08", "01-12"]),
        ("0 0 ? * 1", ["01-01", "01-08"]),
        ("0 0 * * 1-5/2", ["01-01", "01-03", "01-05", "01-08"]),
        ("@monthly", ["01-01", "02-01"]),
        ("0 0 1-31 * 1", ["01-01", "01-02", "01-03"]),
        ("0 0 5 * */1", ["01-01", "01-02", "01-03"]),
    ],
)
def test_days_are_those_that_the_fields_name(text: str, expected: list[str]) -> None:
    assert days(text, JANUARY, len(expected)) == expected


def test_day_of_month_or_day_of_week_is_enough_where_both_are_named() -> None:
    assert days("0 0 13 * 5", datetime(2024, 9, 1, tzinfo=UTC), 5) == ["09-06", "09-13", "09-20", "09-27", "10-04"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "0 fields"),
        ("nope", "1 fields"),
        ("* * * * * *", "6 fields"),
        ("99 0 * * *", "minute 99"),
        ("0 24 * * *", "hour 24"),
        ("0 0 32 * *", "day 32"),
        ("0 0 30 2 *", "never comes"),
        ("0 0 31 4,6,9,11 *", "never comes"),
        ("0 0 1W * *", "'1w' is no day"),
        ("R 0 * * *", "'r' is no minute"),
        ("*/0 * * * *", "step '0'"),
        ("0 0 * * 5#6", "#6"),
        ("0 0 * foo *", "'foo' is no month"),
        ("1,,2 0 * * *", "'' is no minute"),
    ],
)
def test_impossible_strings_are_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidDefinitionError) as raised:
        parse_cron(text, where="the schedule of a test")
    assert reason in str(raised.value)
    assert "the schedule of a test" in str(raised.value)


def test_numbers_and_ticks_lead_to_each_other_far_before_and_after_the_epoch() -> None:
    for text in ("0 0 13 * 5", "*/7 3-5 * * 1", "0 12 29 2 *", "30 6 * * *"):
        cron = parse_cron(text, where="a test")
        for number in (-400, -77, -1, 0, 1, 42, 999):
            assert cron.count_before(cron.at(number)) == number
            assert cron.count_before(cron.at(number) + 1) == number + 1
