"""Partitions of several dimensions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orrery.base.errors import InvalidDefinitionError, InvalidInvocationError
from orrery.model.partitions import (
    DailyPartitionsDefinition,
    DynamicPartitionsDefinition,
    MultiPartitionKey,
    MultiPartitionsDefinition,
    PartitionKeyRange,
    StaticPartitionsDefinition,
    partition_loading_context,
)

COLORS = StaticPartitionsDefinition(["red", "blue"])
SIZES = StaticPartitionsDefinition(["s", "m", "l"])
DAYS = DailyPartitionsDefinition("2020-01-01", end_date="2020-01-04")
NOW = datetime(2020, 2, 1, tzinfo=UTC)


def test_dimensions_stand_in_the_order_of_their_names() -> None:
    definition = MultiPartitionsDefinition({"size": SIZES, "color": COLORS})
    assert definition.partition_dimension_names == ["color", "size"]
    assert definition.get_partition_keys() == ["red|s", "red|m", "red|l", "blue|s", "blue|m", "blue|l"]
    assert definition.get_num_partitions() == 6
    assert (definition.get_first_partition_key(), definition.get_last_partition_key()) == ("red|s", "blue|l")


def test_any_number_of_dimensions_is_combined() -> None:
    four = MultiPartitionsDefinition({"a": COLORS, "b": SIZES, "c": DAYS, "d": COLORS})
    keys = four.get_partition_keys(NOW)
    assert len(keys) == 2 * 3 * 3 * 2
    assert keys[1] == "red|s|2020-01-01|blue"
    assert four.get_tags_for_partition_key(keys[1]) == {
        "dagster/partition": "red|s|2020-01-01|blue",
        "dagster/partition/a": "red",
        "dagster/partition/b": "s",
        "dagster/partition/c": "2020-01-01",
        "dagster/partition/d": "blue",
    }
    one = MultiPartitionsDefinition({"a": COLORS})
    assert one.get_partition_keys() == ["red", "blue"]


def test_key_needs_one_part_for_each_dimension() -> None:
    definition = MultiPartitionsDefinition({"size": SIZES, "color": COLORS})
    assert definition.has_partition_key("red|m")
    assert definition.has_partition_key(MultiPartitionKey({"size": "m", "color": "red"}))
    assert not definition.has_partition_key("m|red")
    assert not definition.has_partition_key("red")
    assert not definition.is_valid_key_format("red|m|x")
    with pytest.raises(InvalidInvocationError, match="Expected 2 partition keys"):
        definition.get_partition_key_from_str("red")
    assert definition.filter_valid_partition_keys({"red|m", "red|xl", "no"}) == {"red|m"}


def test_range_is_the_product_of_the_ranges() -> None:
    definition = MultiPartitionsDefinition({"size": SIZES, "color": COLORS})
    found = definition.get_partition_keys_in_range(PartitionKeyRange("red|m", "blue|l"))
    assert found == ["red|m", "red|l", "blue|m", "blue|l"]


def test_time_dimension_gives_the_window() -> None:
    definition = MultiPartitionsDefinition({"date": DAYS, "color": COLORS})
    assert definition.primary_dimension.name == "date"
    assert definition.secondary_dimension.name == "color"
    assert definition.time_window_for_partition_key("red|2020-01-02") == DAYS.time_window_for_partition_key(
        "2020-01-02"
    )
    with pytest.raises(InvalidInvocationError, match="Expected exactly one"):
        _ = MultiPartitionsDefinition({"a": COLORS}).time_window_dimension


def test_keys_with_a_value_come_part_by_part() -> None:
    definition = MultiPartitionsDefinition({"size": SIZES, "color": COLORS})
    assert definition.get_multipartition_keys_with_dimension_value("size", "m") == ["red|m", "blue|m"]
    assert definition.get_multipartition_keys_with_dimension_values("size", ["l", "s"]) == [
        *("red|l", "blue|l", "red|s", "blue|s"),
    ]
    with pytest.raises(InvalidInvocationError, match="write 'size'"):
        definition.get_multipartition_keys_with_dimension_value("sizes", "m")


def test_pages_are_made_without_the_rest() -> None:
    many = StaticPartitionsDefinition([str(number) for number in range(10_000)])
    huge = MultiPartitionsDefinition({"a": many, "b": many, "c": many})
    with partition_loading_context(NOW) as context:
        first = huge.get_paginated_partition_keys(context, 2, ascending=True)
        assert (first.results, first.has_more) == (["0|0|0", "0|0|1"], True)
        following = huge.get_paginated_partition_keys(context, 2, ascending=True, cursor=first.cursor)
        assert following.results == ["0|0|2", "0|0|3"]
        last = huge.get_paginated_partition_keys(context, 1, ascending=False)
        assert last.results == ["9999|9999|9999"]
    assert huge.get_num_partitions() == 10**12
    assert len(huge.subset_with_all_partitions()) == 10**12, "a product counts without being made"
    assert "17|4|9999" in huge.subset_with_all_partitions()


def test_what_cannot_be_combined_is_refused() -> None:
    with pytest.raises(InvalidDefinitionError, match="at least one"):
        MultiPartitionsDefinition({})
    with pytest.raises(InvalidDefinitionError, match="'b'"):
        MultiPartitionsDefinition({"a": COLORS, "b": MultiPartitionsDefinition({"c": SIZES})})
    with pytest.raises(InvalidDefinitionError, match="'b'"):
        MultiPartitionsDefinition({"a": COLORS, "b": ["x"]})


def test_dynamic_dimension_grows_with_its_store() -> None:
    class Store:
        keys = ["x"]

        def get_dynamic_partitions(self, partitions_def_name: str) -> list[str]:
            return self.keys

        def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
            return partition_key in self.keys

    store = Store()
    definition = MultiPartitionsDefinition({"color": COLORS, "who": DynamicPartitionsDefinition(name="who")})
    assert definition.get_partition_keys(dynamic_partitions_store=store) == ["red|x", "blue|x"]
    store.keys.append("y")
    with partition_loading_context(dynamic_partitions_store=store):
        assert definition.get_partition_keys() == ["red|x", "red|y", "blue|x", "blue|y"]
        subset = definition.subset_with_partition_keys(["red|y", "blue|y"])
        assert len(subset) == 2
        assert definition.deserialize_subset(subset.serialize()) == subset


def test_equal_dimensions_make_equal_definitions() -> None:
    one = MultiPartitionsDefinition({"size": SIZES, "color": COLORS})
    other = MultiPartitionsDefinition({"color": COLORS, "size": StaticPartitionsDefinition(["s", "m", "l"])})
    assert one == other
    assert hash(one) == hash(other)
    assert one.get_serializable_unique_identifier() == other.get_serializable_unique_identifier()
    assert one != MultiPartitionsDefinition({"size": SIZES, "colour": COLORS})
