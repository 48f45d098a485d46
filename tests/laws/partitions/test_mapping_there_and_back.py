"""Mappings there and back: what a partition needs is what it is needed by."""

# ruff: noqa: DTZ001  # naive datetimes are taken: they are times on the wall of the zone

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from orrery.model.partitions import (
    AllPartitionMapping,
    DimensionPartitionMapping,
    IdentityPartitionMapping,
    MultiPartitionMapping,
    MultiPartitionsDefinition,
    MultiToSingleDimensionPartitionMapping,
    PartitionMapping,
    StaticPartitionMapping,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    TimeWindowPartitionsDefinition,
    partition_loading_context,
)

NOW = datetime(2024, 4, 10, 6, tzinfo=UTC)
ZONES = ["UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
CRONS = ["0 0 * * *", "0 * * * *", "30 2 * * *", "0 0 * * 1", "0 5 1 * *", "0 */6 * * *", "0 0 * * 1-5", "*/30 4 * * *"]


@st.composite
def windows(draw: st.DrawFn) -> TimeWindowPartitionsDefinition:
    """Draw windows of a few weeks around a change of clocks."""
    start = datetime(2024, 4, 10) - timedelta(days=draw(st.integers(1, 40)))
    return TimeWindowPartitionsDefinition(
        start,
        "%Y-%m-%d-%H:%M",
        cron_schedule=draw(st.sampled_from(CRONS)),
        timezone=draw(st.sampled_from(ZONES)),
        end_offset=draw(st.integers(-1, 2)),
        exclusions=draw(st.sampled_from([None, None, ["0 0 * * 2"], ["0 * * * 3"]])),
    )


@st.composite
def time_mappings(draw: st.DrawFn) -> TimeWindowPartitionMapping:
    """Draw offsets."""
    start = draw(st.integers(-3, 2))
    return TimeWindowPartitionMapping(start, draw(st.integers(start - 1, 3)))


def needs(mapping: PartitionMapping, down: Any, up: Any, keys: list[str]) -> tuple[set[str], set[str]]:
    """Return what is needed, and what of it does not exist."""
    result = mapping.get_upstream_mapped_partitions_result_for_partitions(
        down.subset_with_partition_keys(keys), down, up
    )
    return set(map(str, result.partitions_subset)), set(map(str, result.required_but_nonexistent_subset))


def needed_by(mapping: PartitionMapping, up: Any, down: Any, keys: list[str]) -> set[str]:
    """Return what needs any of these."""
    return set(
        map(str, mapping.get_downstream_partitions_for_partitions(up.subset_with_partition_keys(keys), up, down))
    )


def check(mapping: PartitionMapping, up: Any, down: Any, picks: list[int]) -> None:
    """Check the laws for a few partitions of both sides."""
    with partition_loading_context(NOW):
        up_keys, down_keys = list(map(str, up.get_partition_keys())), list(map(str, down.get_partition_keys()))
        chosen_down = sorted({down_keys[pick % len(down_keys)] for pick in picks}) if down_keys else []
        chosen_up = sorted({up_keys[pick % len(up_keys)] for pick in picks}) if up_keys else []
        needed, missing = needs(mapping, down, up, chosen_down)
        # A set needs what its members need, each by itself.
        by_one = [needs(mapping, down, up, [key]) for key in chosen_down]
        assert needed == set().union(*(each[0] for each in by_one))
        assert missing == set().union(*(each[1] for each in by_one))
        assert needed <= set(up_keys)
        assert not missing & set(up_keys)
        # Who needs a partition is found from that partition, and nobody else is.
        for key in chosen_up:
            found = needed_by(mapping, up, down, [key])
            assert found <= set(down_keys)
            for other in chosen_down:
                assert (other in found) == (key in needs(mapping, down, up, [other])[0]), (key, other)
        assert needed_by(mapping, up, down, chosen_up) == set().union(
            *(needed_by(mapping, up, down, [key]) for key in chosen_up)
        )


picks = st.lists(st.integers(0, 10_000), max_size=5)


@given(windows(), windows(), time_mappings(), picks)
@settings(max_examples=250)
def test_windows_there_and_back(up: Any, down: Any, mapping: PartitionMapping, chosen: list[int]) -> None:
    check(mapping, up, down, chosen)


@given(windows(), windows(), picks)
@settings(max_examples=150)
def test_needed_windows_are_those_that_share_time(up: Any, down: Any, chosen: list[int]) -> None:
    """Compare with each pair of windows."""
    with partition_loading_context(NOW):
        keys = list(down.get_partition_keys())
        for key in {keys[pick % len(keys)] for pick in chosen} if keys else ():
            here = down.time_window_for_partition_key(key)
            expected = set()
            for other in up.get_partition_keys():
                there = up.time_window_for_partition_key(other)
                if there.start < here.end and here.start < there.end:
                    expected.add(other)
            assert needs(TimeWindowPartitionMapping(), down, up, [key])[0] == expected


LETTERS = StaticPartitionsDefinition(list("abcd"))
NUMBERS = StaticPartitionsDefinition(list("123"))
DAY = TimeWindowPartitionsDefinition("2024-04-01", "%Y-%m-%d", cron_schedule="0 0 * * *")
EVEN = TimeWindowPartitionsDefinition("2024-03-30", "%Y-%m-%d", cron_schedule="0 0 * * 0,2,4,6")


@given(st.dictionaries(st.sampled_from("abcd"), st.lists(st.sampled_from("123"), min_size=1), max_size=4), picks)
def test_static_tables_there_and_back(table: dict[str, list[str]], chosen: list[int]) -> None:
    check(StaticPartitionMapping(table), LETTERS, NUMBERS, chosen)


dimension_mappings = st.fixed_dictionaries(
    {},
    optional={
        "a": st.sampled_from(
            [
                DimensionPartitionMapping("a", IdentityPartitionMapping()),
                DimensionPartitionMapping("a", AllPartitionMapping()),
                DimensionPartitionMapping("n", StaticPartitionMapping({"a": "1", "b": ["1", "2"]})),
            ]
        ),
        "d": st.sampled_from(
            [
                DimensionPartitionMapping("e", TimeWindowPartitionMapping()),
                DimensionPartitionMapping("e", TimeWindowPartitionMapping(start_offset=-1)),
                DimensionPartitionMapping("e", AllPartitionMapping()),
            ]
        ),
        "b": st.sampled_from([DimensionPartitionMapping("a", IdentityPartitionMapping())]),
    },
)


@given(dimension_mappings, picks)
@settings(max_examples=80)
def test_three_dimensions_there_and_back(table: dict[str, DimensionPartitionMapping], chosen: list[int]) -> None:
    """Also where two upstream dimensions depend on one downstream dimension."""
    up = MultiPartitionsDefinition({"a": LETTERS, "b": LETTERS, "d": DAY})
    down = MultiPartitionsDefinition({"a": LETTERS, "n": NUMBERS, "e": EVEN})
    check(MultiPartitionMapping(table), up, down, chosen)


@given(st.sampled_from([DAY, EVEN, LETTERS]), st.booleans(), picks)
@settings(max_examples=60)
def test_one_of_several_dimensions_there_and_back(single: Any, turned: bool, chosen: list[int]) -> None:
    several = MultiPartitionsDefinition({"a": LETTERS, "d": DAY, "n": NUMBERS})
    mapping = MultiToSingleDimensionPartitionMapping()
    up, down = (single, several) if turned else (several, single)
    check(mapping, up, down, chosen)
