"""
Windows of time against a brute-force walk, minute by minute, over the whole tz database.

The walk knows nothing of offsets and changes: it looks at what the clocks show at each minute. Each
zone is tried around its changes; which ones and with which schedule is drawn, the same each time.
"""

# ruff: noqa: DTZ001  # naive datetimes are taken: they are times on the wall of the zone

from __future__ import annotations

import random
import zoneinfo
from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orrery.model.partitions import HourlyPartitionsDefinition, TimeWindowPartitionsDefinition
from orrery.model.partitions.cron import Cron, parse_cron
from orrery.model.partitions.grid import Grid
from orrery.model.partitions.zones import zone_of

CRONS = [
    "0 * * * *",
    "*/20 * * * *",
    "0 0 * * *",
    "30 0 * * *",
    "30 1 * * *",
    "30 2 * * *",
    "0 3 * * *",
    "15,45 1-3 * * *",
    "0 */4 * * *",
    "30 23 * * *",
    "0 0 * * 0",
    "30 2 * * 0",
    "0 5 1 * *",
    "0 0 13 * 5",
    "0 0 L * *",
    "*/30 0,12 * * 1-5",
]
EPOCH = datetime(1970, 1, 1)
ZONES = sorted(zoneinfo.available_timezones())
MINUTE = timedelta(minutes=1)


def seconds_on_wall(shown: datetime) -> int:
    """Return what clocks show as seconds since 1970-01-01 00:00 on the wall."""
    return (shown - EPOCH) // timedelta(seconds=1)


def walked(cron: Cron, info: zoneinfo.ZoneInfo, start: int, stop: int) -> list[int]:
    """Return the ticks between two instants by looking at the clocks each minute."""
    shown: dict[int, list[int]] = {}
    found: set[int] = set()
    minutes, hours = set(cron.minutes), set(cron.hours)
    before: datetime | None = None
    for instant in range(start, stop, 60):
        now = datetime.fromtimestamp(instant, info).replace(tzinfo=None)
        if now.minute in minutes and now.hour in hours and cron.matches(seconds_on_wall(now)):
            shown.setdefault(seconds_on_wall(now), []).append(instant)
        if before is not None and MINUTE < now - before <= timedelta(days=1) and not cron.every_hour:
            missed = range(seconds_on_wall(before) + 60, seconds_on_wall(now), 60)
            if any(map(cron.matches, missed)):
                found.add(instant)
        before = now
    for instants in shown.values():
        found.update(instants if cron.every_hour else instants[:1] if cron.begins_days else instants[-1:])
    return sorted(found)


def changes_since(name: str, year: int) -> list[int]:
    """Return the instants at which clocks change, found by looking at each day."""
    zone = zone_of(name)
    found = []
    instant = int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
    offset = zone.offset_at(instant)
    while instant < int(datetime(2040, 1, 1, tzinfo=UTC).timestamp()):
        instant += 86_400
        if zone.offset_at(instant) != offset:
            offset = zone.offset_at(instant)
            found.append(instant)
    return found


def test_ticks_of_every_zone_are_those_of_a_walk() -> None:
    draw = random.Random(20_261_120)
    compared = 0
    for name in ZONES:
        info = zoneinfo.ZoneInfo(name)
        start = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp()) + 86_400 * draw.randrange(365 * 50)
        known = [each.at for each in zone_of(name).changes(start - 86_400 * 730, start + 86_400 * 730)]
        middle = draw.choice(known) if known else start
        # Offsets before about 1900 have seconds; since then all are whole minutes.
        middle -= middle % 60
        cron = parse_cron(draw.choice(CRONS), where="a law")
        grid = Grid(cron, zone_of(name), middle)
        low, high = middle - 86_400, middle + 86_400
        # Far enough around to see both of two times that look alike; days are skipped only at the date line.
        largest = max((abs(each.after - each.before) for each in zone_of(name).changes(low, high)), default=0)
        margin = largest + 7_200 - largest % 60
        expected = [tick for tick in walked(cron, info, low - margin, high + margin) if low <= tick < high]
        first, last = grid.index_at_or_after(low), grid.index_at_or_after(high)
        assert grid.instants(first, last) == expected, (name, cron.text)
        # Also what lies between ticks, most of all where a time is shown for the first of two times.
        for instant in range(low, high, 1_740):
            assert grid.index_at_or_after(instant) - first == bisect_left(expected, instant), (name, cron.text)
        compared += bool(known)
    assert compared > 200, "most zones were tried at a change of their clocks"


def test_changes_are_found_wherever_a_daily_look_finds_them() -> None:
    draw = random.Random(7)
    for name in draw.sample(ZONES, 12):
        by_day = changes_since(name, 2020)
        found = [each.at for each in zone_of(name).changes(by_day[0] - 86_400, by_day[-1])] if by_day else []
        assert len(found) == len(by_day), name
        assert all(day - 86_400 < at <= day for at, day in zip(found, by_day, strict=True)), name


@pytest.mark.parametrize(
    ("name", "start", "end", "days"),
    [
        ("Africa/Freetown", "1939-08-01", "1939-10-01", ["1939-09-01", "1939-09-05"]),
        ("America/Noronha", "2000-10-01", "2000-11-01", ["2000-10-08", "2000-10-15"]),
        ("Africa/Cairo", "2010-08-01", "2010-10-15", ["2010-08-10", "2010-09-09", "2010-09-30"]),
        ("Africa/Casablanca", "2024-03-01", "2024-05-01", ["2024-03-10", "2024-04-14"]),
        ("Asia/Kolkata", "2000-01-01", "2024-01-01", []),
    ],
)
def test_offsets_that_hold_for_days_only_are_not_missed(name: str, start: str, end: str, days: list[str]) -> None:
    bounds = [int(datetime.fromisoformat(each).replace(tzinfo=UTC).timestamp()) for each in (start, end)]
    found = [datetime.fromtimestamp(each.at, UTC).date().isoformat() for each in zone_of(name).changes(*bounds)]
    assert found == days


@given(
    zone=st.sampled_from(ZONES),
    cron=st.sampled_from(CRONS),
    instant=st.integers(min_value=-(10**9), max_value=4 * 10**9),
    anchor=st.integers(min_value=-(10**9), max_value=4 * 10**9),
)
@settings(max_examples=150)
def test_index_and_instant_lead_to_each_other(zone: str, cron: str, instant: int, anchor: int) -> None:
    """A tick has one number, numbers rise with time, and between neighbours lies nothing."""
    grid = Grid(parse_cron(cron, where="a law"), zone_of(zone), anchor)
    index = grid.index_at_or_after(instant)
    before, here, after = (grid.instant_at(index + step) for step in (-1, 0, 1))
    assert before < instant <= here < after
    assert [grid.index_at_or_after(each) for each in (before, here, after)] == [index - 1, index, index + 1]
    assert grid.index_at_or_after(here + 1) == index + 1
    assert grid.instants(index - 1, index + 2) == [before, here, after]


@given(
    zone=st.sampled_from(ZONES),
    start=st.datetimes(min_value=datetime(1972, 1, 1), max_value=datetime(2035, 1, 1)),
    hours=st.integers(min_value=1, max_value=24 * 40),
)
@settings(max_examples=120)
def test_hours_have_keys_of_their_own_that_lead_back(zone: str, start: datetime, hours: int) -> None:
    """However clocks change, each real hour has one key, no two share one, and windows meet without gaps."""
    definition = HourlyPartitionsDefinition(start, timezone=zone)
    now = definition.start + timedelta(hours=hours)
    keys = definition.get_partition_keys(now)
    assert len(set(keys)) == len(keys)
    windows = [definition.time_window_for_partition_key(key) for key in keys]
    for one, other in pairwise(windows):
        assert one.end.timestamp() == other.start.timestamp()
    if windows:
        assert windows[-1].end.timestamp() <= now.timestamp()
        assert windows[0].start.timestamp() >= definition.start.timestamp()


@given(
    zone=st.sampled_from(ZONES),
    cron=st.sampled_from(CRONS),
    start=st.datetimes(min_value=datetime(1972, 1, 1), max_value=datetime(2035, 1, 1)),
    days=st.integers(min_value=0, max_value=100),
    exclusions=st.lists(st.sampled_from(["0 0 * * 0", "0 * * * 6", "0 0 1 * *", "30 1 * * *"]), max_size=2),
    fmt=st.sampled_from(["%Y-%m-%d-%H:%M", "%d.%m.%Y %H:%M:%S", "%Y-%m-%dT%H:%M%z", "%H:%M %d %b %Y"]),
)
@settings(max_examples=200)
def test_keys_lead_to_their_indexes_and_back(
    zone: str, cron: str, start: datetime, days: int, exclusions: list[str], fmt: str
) -> None:
    definition = TimeWindowPartitionsDefinition(
        start, fmt, cron_schedule=cron, timezone=zone, exclusions=exclusions or None
    )
    keys = definition.get_partition_keys(definition.start + timedelta(days=days))
    assert [definition.index_of(key) for key in keys] == list(range(len(keys)))
    assert [definition.key_at(index) for index in range(len(keys))] == keys
    starts = [definition.window_at(index).start.timestamp() for index in range(len(keys))]
    assert starts == sorted(set(starts))
    assert all(not definition.is_window_start_excluded(definition.window_at(index).start) for index in range(len(keys)))


@pytest.mark.parametrize("name", ["Asia/Kolkata", "UTC", "Africa/Casablanca"])
def test_the_present_only_adds_keys(name: str) -> None:
    """Keys that were there stay, whatever the order in which the present is asked for."""
    draw = random.Random(3)
    definition = HourlyPartitionsDefinition(datetime(2024, 3, 1), timezone=name)
    moments = [datetime(2024, 3, 1, tzinfo=UTC) + timedelta(hours=draw.randrange(2_000)) for _ in range(20)]
    seen = {moment: list(definition.get_partition_keys(moment)) for moment in moments}
    longest = max(seen.values(), key=len)
    for moment, keys in seen.items():
        assert keys == longest[: len(keys)]
        assert keys == list(HourlyPartitionsDefinition(datetime(2024, 3, 1), timezone=name).get_partition_keys(moment))


@given(
    text=st.sampled_from([*CRONS, "30 2,14 29 2 *", "0 0 L * *", "0 9 * * 5#2", "15 8 1,15 * 1", "*/30 6 * 1,7 2-4"]),
    first=st.integers(min_value=-20_000, max_value=20_000),
    many=st.integers(min_value=0, max_value=400),
    less=st.integers(min_value=-50_000, max_value=50_000),
)
def test_many_ticks_are_those_that_are_asked_for_one_by_one(text: str, first: int, many: int, less: int) -> None:
    cron = parse_cron(text, where="a law")
    try:
        one_by_one = [cron.at(number) - less for number in range(first, first + many)]
    except OverflowError:
        with pytest.raises(OverflowError):
            cron.walls(first, first + many)
        return
    assert cron.walls(first, first + many, less) == one_by_one
