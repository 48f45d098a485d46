"""Sets of partitions obey the laws of sets: each operation against Python's own."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from orrery.model.partitions import (
    DailyPartitionsDefinition,
    DefaultPartitionsSubset,
    DynamicPartitionsDefinition,
    HourlyPartitionsDefinition,
    MultiPartitionsDefinition,
    PartitionsDefinition,
    StaticPartitionsDefinition,
    WeeklyPartitionsDefinition,
    partition_loading_context,
)
from orrery.model.partitions.index_set import IndexSet
from orrery.model.partitions.keys import join_dimension_keys, split_dimension_keys

NOW = datetime(2024, 2, 1, tzinfo=UTC)
STATIC = StaticPartitionsDefinition([f"k{number}" for number in range(12)])
ODD = StaticPartitionsDefinition(["a", "a|", "\\", "|", "x\\"])
DAYS = DailyPartitionsDefinition("2024-01-01", timezone="Europe/Berlin")
SOME_DAYS = DailyPartitionsDefinition("2024-01-01", exclusions=["0 0 * * 0,3"])
HOURS = HourlyPartitionsDefinition("2024-01-31-00:00")
WEEKS = WeeklyPartitionsDefinition("2023-12-01")
DYNAMIC = DynamicPartitionsDefinition(lambda _now: ["p", "q", "r"])
DEFINITIONS: list[PartitionsDefinition[Any]] = [
    STATIC,
    DAYS,
    SOME_DAYS,
    HOURS,
    DYNAMIC,
    MultiPartitionsDefinition({"a": STATIC, "b": WEEKS}),
    MultiPartitionsDefinition({"x": ODD, "y": ODD}),
    MultiPartitionsDefinition({"a": ODD, "b": WEEKS, "c": DYNAMIC}),
]


@st.composite
def two_sets(draw: st.DrawFn) -> tuple[PartitionsDefinition[Any], list[str], list[str]]:
    """Draw a definition and two selections of its keys."""
    definition = draw(st.sampled_from(DEFINITIONS))
    with partition_loading_context(NOW):
        keys = [str(key) for key in definition.get_partition_keys()]
    masks = draw(st.tuples(st.integers(0, 2 ** len(keys) - 1), st.integers(0, 2 ** len(keys) - 1)))
    one, other = ([key for place, key in enumerate(keys) if mask >> place & 1] for mask in masks)
    return definition, one, other


@given(two_sets())
@settings(max_examples=250)
def test_union_intersection_and_difference_are_those_of_sets(case: tuple[Any, list[str], list[str]]) -> None:
    definition, one, other = case
    with partition_loading_context(NOW):
        first, second = definition.subset_with_partition_keys(one), definition.subset_with_partition_keys(other)
        everything = definition.subset_with_all_partitions()
        keys = [str(key) for key in definition.get_partition_keys()]
        assert set(first | second) == set(one) | set(other)
        assert set(first & second) == set(one) & set(other)
        assert set(first - second) == set(one) - set(other)
        assert set(everything - first) == set(keys) - set(one)
        assert set(first.get_partition_keys_not_in_subset(definition)) == set(keys) - set(one)
        assert len(first) == len(one)
        assert [key in first for key in keys] == [key in set(one) for key in keys]
        assert first.is_empty == (not one)


@given(two_sets())
@settings(max_examples=250)
def test_equal_sets_are_equal_however_they_came_about(case: tuple[Any, list[str], list[str]]) -> None:
    definition, one, other = case
    with partition_loading_context(NOW):
        first, second = definition.subset_with_partition_keys(one), definition.subset_with_partition_keys(other)
        whole = definition.subset_with_partition_keys(one + other)
        assert first | second == whole == second | first
        assert hash(first | second) == hash(whole)
        assert (first - second) | (first & second) == first
        assert (first == second) == (set(one) == set(other))
        assert first.with_partition_keys(other) == whole
        assert DefaultPartitionsSubset(one) == first


@given(two_sets())
@settings(max_examples=250)
def test_sets_iterate_in_the_order_of_their_definition(case: tuple[Any, list[str], list[str]]) -> None:
    definition, one, other = case
    with partition_loading_context(NOW):
        keys = [str(key) for key in definition.get_partition_keys()]
        joined = definition.subset_with_partition_keys(one) | definition.subset_with_partition_keys(other)
        found = [str(key) for key in joined.get_partition_keys()]
        assert found == [key for key in keys if key in set(one) | set(other)]
        assert [str(key) for key in joined] == found


@given(two_sets())
@settings(max_examples=250)
def test_stored_set_is_read_back_the_same(case: tuple[Any, list[str], list[str]]) -> None:
    definition, one, _ = case
    with partition_loading_context(NOW):
        subset = definition.subset_with_partition_keys(one)
        text = subset.serialize()
        assert definition.can_deserialize_subset(text, None, None)
        again = definition.deserialize_subset(text)
        assert again == subset
        assert set(again) == set(one)
        assert again.serialize() == text, "the form is stable"


@given(two_sets())
@settings(max_examples=250)
def test_ranges_hold_what_the_set_holds(case: tuple[Any, list[str], list[str]]) -> None:
    definition, one, _ = case
    with partition_loading_context(NOW):
        ranges = definition.subset_with_partition_keys(one).get_partition_key_ranges(definition)
        held = [str(key) for each in ranges for key in definition.get_partition_keys_in_range(each)]
        assert sorted(held) == sorted(one)


numbers = st.frozensets(st.integers(-300, 300))


@given(numbers, numbers, st.integers(-300, 300), st.integers(-300, 300))
@settings(max_examples=400)
def test_bits_are_a_set_of_numbers(one: frozenset[int], other: frozenset[int], start: int, stop: int) -> None:
    first, second = IndexSet.of(one), IndexSet.of(other)
    assert list(first) == sorted(one)
    assert set(first | second) == one | other
    assert set(first & second) == one & other
    assert set(first - second) == one - other
    assert len(first) == len(one)
    assert first.isdisjoint(second) == one.isdisjoint(other)
    assert set(first.clipped(start, stop)) == {each for each in one if start <= each < stop}
    assert IndexSet.of_runs(first.runs()) == first
    assert IndexSet.of_bytes(first.base, first.to_bytes()) == first
    assert all((number in first) == (number in one) for number in range(-310, 310))
    runs = list(first.runs())
    assert all(before[1] < after[0] for before, after in pairwise(runs)), "runs do not touch"


parts = st.lists(st.text(st.sampled_from("ab|\\"), max_size=4), min_size=1, max_size=4)


@given(parts, parts)
@settings(max_examples=500)
def test_joined_keys_are_split_as_they_were_joined(one: list[str], other: list[str]) -> None:
    assert split_dimension_keys(join_dimension_keys(one)) == one
    assert (join_dimension_keys(one) == join_dimension_keys(other)) == (one == other)
