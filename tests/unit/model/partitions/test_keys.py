"""Keys: what they may hold, and how those of several dimensions are joined."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from orrery.base.errors import InvalidDefinitionError, InvalidInvocationError, InvariantViolationError
from orrery.model import partitions
from orrery.model.partitions import (
    DynamicPartitionsDefinition,
    MultiPartitionKey,
    MultiPartitionsDefinition,
    PartitionKeyRange,
    StaticPartitionsDefinition,
    partition_loading_context,
)
from orrery.model.partitions.definition import unknown_partition

ODD = ["..", "a'b", 'a"b', "x' OR '1'='1", "😀", "a|b", "|", "\\", "a\\|b", "/", "x" * 300, " ", "a,b", "[x]", "CON"]


class Store:
    """Keep dynamic keys in a dictionary."""

    def __init__(self, **keys: list[str]) -> None:
        self.keys = keys

    def get_dynamic_partitions(self, partitions_def_name: str) -> list[str]:
        return self.keys.get(partitions_def_name, [])

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        return partition_key in self.get_dynamic_partitions(partitions_def_name)


@pytest.mark.parametrize("key", ODD)
def test_odd_text_is_a_key_like_any_other(key: str) -> None:
    definition = StaticPartitionsDefinition([key, "other"])
    assert definition.has_partition_key(key)
    subset = definition.subset_with_partition_keys([key])
    assert list(definition.deserialize_subset(subset.serialize()).get_partition_keys()) == [key]


@pytest.mark.parametrize("key", ["", "a...b", "a\nb", "\0", "\t", "\ud800", 1, None])
def test_keys_that_cannot_be_stored_are_refused_by_name(key: str) -> None:
    with pytest.raises(InvalidDefinitionError) as raised:
        StaticPartitionsDefinition(["fine", key])
    assert repr(key) in str(raised.value) or "empty" in str(raised.value)
    with pytest.raises(InvalidDefinitionError, match="'fruits'"):
        DynamicPartitionsDefinition(name="fruits").build_add_request([key])


def test_duplicates_are_refused_by_name() -> None:
    with pytest.raises(InvalidDefinitionError, match=r"\['a', 'c'\]"):
        StaticPartitionsDefinition(["a", "b", "a", "c", "c", "a"])


def test_one_text_is_not_taken_for_a_sequence_of_keys() -> None:
    with pytest.raises(InvalidDefinitionError, match="write \\['abc'\\]"):
        StaticPartitionsDefinition("abc")


def test_static_ranges_and_order_are_as_written() -> None:
    sizes = StaticPartitionsDefinition(["s", "m", "l", "xl"])
    assert sizes.get_partition_keys_in_range(PartitionKeyRange("m", "xl")) == ["m", "l", "xl"]
    assert sizes.get_partition_keys_in_range(PartitionKeyRange("l", "s")) == []
    with pytest.raises(InvalidInvocationError, match="'xxl'"):
        sizes.get_partition_keys_in_range(PartitionKeyRange("m", "xxl"))
    assert (sizes.get_first_partition_key(), sizes.get_last_partition_key()) == ("s", "xl")
    assert sizes != StaticPartitionsDefinition(["m", "s", "l", "xl"])
    assert pickle.loads(pickle.dumps(sizes)) == sizes


def test_ordinary_multi_key_is_its_parts_with_bars_between() -> None:
    key = MultiPartitionKey({"z": "a", "d": "2024-01-01"})
    assert key == "2024-01-01|a"
    assert hash(key) == hash("2024-01-01|a")
    assert key.keys_by_dimension == {"d": "2024-01-01", "z": "a"}
    again = pickle.loads(pickle.dumps(key))
    assert (again, again.keys_by_dimension, type(again)) == (key, key.keys_by_dimension, MultiPartitionKey)


def test_parts_with_bars_do_not_meet_in_one_key() -> None:
    parts = ["a", "a|", "|a", "a|b", "b", "\\", "a\\", "\\|", "|", "||"]
    keys = {str(MultiPartitionKey({"x": x, "y": y})) for x in parts for y in parts}
    assert len(keys) == len(parts) ** 2
    definition = MultiPartitionsDefinition({name: StaticPartitionsDefinition(parts) for name in "xy"})
    assert {str(key) for key in definition.get_partition_keys()} == keys
    for key in definition.get_partition_keys():
        read = definition.get_partition_key_from_str(str(key))
        assert read.keys_by_dimension == key.keys_by_dimension
        assert definition.has_partition_key(str(key))


def test_dynamic_keys_come_from_the_store_that_is_given_or_around() -> None:
    fruits = DynamicPartitionsDefinition(name="fruits")
    store = Store(fruits=["apple", "fig"])
    assert fruits.get_partition_keys(dynamic_partitions_store=store) == ["apple", "fig"]
    with partition_loading_context(dynamic_partitions_store=store):
        assert fruits.has_partition_key("fig")
        assert not fruits.has_partition_key("")
        assert fruits.get_partition_keys_in_range(PartitionKeyRange("apple", "fig")) == ["apple", "fig"]
        assert len(fruits.subset_with_all_partitions()) == 2
        store.keys["fruits"].append("pear")
        assert fruits.get_last_partition_key() == "pear"
    with pytest.raises(InvariantViolationError, match="'fruits'"):
        fruits.get_partition_keys()


def test_dynamic_partitions_have_a_name_or_a_function() -> None:
    with pytest.raises(InvalidDefinitionError):
        DynamicPartitionsDefinition()
    with pytest.raises(InvalidDefinitionError):
        DynamicPartitionsDefinition(lambda _now: ["a"], name="x")
    assert DynamicPartitionsDefinition(lambda _now: ["a", "b"]).get_partition_keys() == ["a", "b"]


def test_stub_of_the_room_names_what_the_room_loads() -> None:
    room = Path(partitions.__file__)
    stub = room.with_suffix(".pyi").read_text()
    named = {line.rpartition(" as ")[2].rstrip(",") for line in stub.splitlines() if " as " in line}
    assert named == set(partitions.__all__) == set(dir(partitions))
    assert all(getattr(partitions, name) is not None for name in partitions.__all__)
    with pytest.raises(AttributeError, match="Dayly"):
        _ = partitions.Dayly  # type: ignore[attr-defined]  # what is refused


@pytest.mark.parametrize(
    ("known", "mend"),
    [
        (["north", "south"], "use one of 'north', 'south'."),
        (["north", "2024-01-01"], "use one of 'north', '2024-01-01'."),
        ([], "ask the definition for its keys."),
        ([f"2024-{number}" for number in range(500)], "ask the definition for its keys."),
    ],
)
def test_an_unknown_key_is_answered_with_the_keys_if_there_are_few(known: list[str], mend: str) -> None:
    assert f"Try: {mend}" in str(unknown_partition("zzz", known))


def test_an_unknown_key_is_answered_with_the_nearest() -> None:
    assert "write 'north', the nearest" in str(unknown_partition("nroth", ["north", "south"]))
