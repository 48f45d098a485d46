"""
Ticks where clocks change: the table of cases, each checked by hand.

A time that never comes is the first instant after the gap; one that comes twice is the later, or the
earlier where a day begins; hourly schedules follow real time; no two ticks share an instant; a day
that does not exist has no tick.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orrery.model.partitions.cron import parse_cron
from orrery.model.partitions.grid import Grid
from orrery.model.partitions.zones import zone_of


def ticks(cron: str, zone: str, start: str, end: str) -> list[str]:
    """Return the ticks between two local times, in UTC."""
    known = zone_of(zone)
    bounds = [int(datetime.fromisoformat(each).replace(tzinfo=known.info).timestamp()) for each in (start, end)]
    grid = Grid(parse_cron(cron, where="a test"), known, bounds[0])
    first, last = (grid.index_at_or_after(bound) for bound in bounds)
    found = grid.instants(first, last)
    assert found == [grid.instant_at(index) for index in range(first, last)]
    return [f"{datetime.fromtimestamp(each, UTC):%d %H:%M}" for each in found]


TABLE = [
    # New York, forward at 2:00 on 10 March 2024.
    ("30 2 * * *", "America/New_York", "2024-03-09", "2024-03-12", ["09 07:30", "10 07:00", "11 06:30"]),
    ("0 2 * * *", "America/New_York", "2024-03-09", "2024-03-12", ["09 07:00", "10 07:00", "11 06:00"]),
    ("0 3 * * *", "America/New_York", "2024-03-09", "2024-03-12", ["09 08:00", "10 07:00", "11 07:00"]),
    ("0 2,3 * * *", "America/New_York", "2024-03-10", "2024-03-11", ["10 07:00"]),
    ("* 2 * * *", "America/New_York", "2024-03-10", "2024-03-11", ["10 07:00"]),
    ("0 * * * *", "America/New_York", "2024-03-10T00:00", "2024-03-10T04:00", ["10 05:00", "10 06:00", "10 07:00"]),
    ("30 2 * * 0", "America/New_York", "2024-03-03", "2024-03-25", ["03 07:30", "10 07:00", "17 06:30", "24 06:30"]),
    ("0 9 * * 1-5", "America/New_York", "2024-03-08", "2024-03-12", ["08 14:00", "11 13:00"]),
    (
        "0 */2 * * *",
        "America/New_York",
        "2024-03-10",
        "2024-03-10T07:00",
        ["10 05:00", "10 07:00", "10 08:00", "10 10:00"],
    ),
    (
        "30 0-3 * * *",
        "America/New_York",
        "2024-03-10",
        "2024-03-10T05:00",
        ["10 05:30", "10 06:30", "10 07:00", "10 07:30"],
    ),
    # New York, back at 2:00 on 3 November 2024.
    ("30 1 * * *", "America/New_York", "2024-11-02", "2024-11-05", ["02 05:30", "03 06:30", "04 06:30"]),
    ("0 1 * * *", "America/New_York", "2024-11-02", "2024-11-05", ["02 05:00", "03 06:00", "04 06:00"]),
    ("0 2 * * *", "America/New_York", "2024-11-02", "2024-11-05", ["02 06:00", "03 07:00", "04 07:00"]),
    (
        "0 * * * *",
        "America/New_York",
        "2024-11-03T00:00",
        "2024-11-03T03:00",
        ["03 04:00", "03 05:00", "03 06:00", "03 07:00"],
    ),
    (
        "*/30 * * * *",
        "America/New_York",
        "2024-11-03T00:30",
        "2024-11-03T02:00",
        ["03 04:30", "03 05:00", "03 05:30", "03 06:00", "03 06:30"],
    ),
    (
        "0,30 1,2 * * *",
        "America/New_York",
        "2024-11-03",
        "2024-11-04",
        ["03 06:00", "03 06:30", "03 07:00", "03 07:30"],
    ),
    # Europe.
    ("30 1 * * *", "Europe/London", "2024-03-30", "2024-04-02", ["30 01:30", "31 01:00", "01 00:30"]),
    ("30 2 * * *", "Europe/Berlin", "2024-10-26", "2024-10-29", ["26 00:30", "27 01:30", "28 01:30"]),
    # A day without midnight.
    ("0 0 * * *", "America/Sao_Paulo", "2018-11-03", "2018-11-06", ["03 03:00", "04 03:00", "05 02:00"]),
    ("0 0 * * *", "Asia/Beirut", "2022-03-26", "2022-03-29", ["25 22:00", "26 22:00", "27 21:00"]),
    # The hour before midnight twice; midnight itself twice.
    ("30 23 * * *", "Africa/Cairo", "2023-10-25", "2023-10-28", ["25 20:30", "26 21:30", "27 21:30"]),
    ("0 0 * * *", "Africa/Cairo", "2023-10-25", "2023-10-29", ["24 21:00", "25 21:00", "26 22:00", "27 22:00"]),
    ("0 0 * * *", "America/Havana", "2024-11-02", "2024-11-05", ["02 04:00", "03 04:00", "04 05:00"]),
    ("0 0 * * 0", "Atlantic/Azores", "2024-10-20", "2024-11-04", ["20 00:00", "27 00:00", "03 01:00"]),
    # Half an hour.
    ("0 2 * * *", "Australia/Lord_Howe", "2024-10-05", "2024-10-08", ["04 15:30", "05 15:30", "06 15:00"]),
    ("15 2 * * *", "Australia/Lord_Howe", "2024-10-06", "2024-10-07", ["05 15:30"]),
    ("45 1 * * *", "Australia/Lord_Howe", "2024-04-06", "2024-04-09", ["05 14:45", "06 15:15", "07 15:15"]),
    (
        "0 * * * *",
        "Australia/Lord_Howe",
        "2024-04-07T00:00",
        "2024-04-07T04:00",
        ["06 13:00", "06 14:00", "06 15:30", "06 16:30"],
    ),
    # A day that does not exist.
    ("0 0 * * *", "Pacific/Apia", "2011-12-28", "2012-01-02", ["28 10:00", "29 10:00", "30 10:00", "31 10:00"]),
    ("30 12 * * *", "Pacific/Apia", "2011-12-29", "2012-01-01", ["29 22:30", "30 22:30"]),
    (
        "0 * * * *",
        "Pacific/Apia",
        "2011-12-29T22:00",
        "2011-12-31T02:00",
        ["30 08:00", "30 09:00", "30 10:00", "30 11:00"],
    ),
    # After Ramadan; another standard time; offsets with minutes.
    ("30 2 * * *", "Africa/Casablanca", "2024-04-13", "2024-04-16", ["13 02:30", "14 02:00", "15 01:30"]),
    ("0 3 * * *", "Africa/Casablanca", "2024-04-13", "2024-04-16", ["13 03:00", "14 02:00", "15 02:00"]),
    ("30 2 * * *", "America/Caracas", "2016-04-30", "2016-05-03", ["30 07:00", "01 07:00", "02 06:30"]),
    (
        "0 * * * *",
        "America/Caracas",
        "2016-05-01T00:00",
        "2016-05-01T05:00",
        ["01 04:30", "01 05:30", "01 06:30", "01 07:00", "01 08:00"],
    ),
    ("0 * * * *", "Asia/Kathmandu", "2024-01-01", "2024-01-01T03:00", ["31 18:15", "31 19:15", "31 20:15"]),
]


@pytest.mark.parametrize(("cron", "zone", "start", "end", "expected"), TABLE)
def test_ticks_are_right_where_clocks_change(cron: str, zone: str, start: str, end: str, expected: list[str]) -> None:
    assert ticks(cron, zone, start, end) == expected
