"""Mappings: what needs what, and what is told as missing."""

# ruff: noqa: DTZ001  # naive datetimes are taken: they are times on the wall of the zone

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from orrery.base.errors import InvalidDefinitionError
from orrery.model.partitions import (
    AllPartitionMapping,
    DailyPartitionsDefinition,
    DimensionPartitionMapping,
    HourlyPartitionsDefinition,
    IdentityPartitionMapping,
    LastPartitionMapping,
    MultiPartitionMapping,
    MultiPartitionsDefinition,
    MultiToSingleDimensionPartitionMapping,
    PartitionMapping,
    PartitionsDefinition,
    SpecificPartitionsPartitionMapping,
    StaticPartitionMapping,
    StaticPartitionsDefinition,
    SubsetPartitionMapping,
    TimeWindowPartitionMapping,
    UpstreamPartitionsResult,
    WeeklyPartitionsDefinition,
    default_partition_mapping,
    partition_loading_context,
)

NOW = datetime(2020, 1, 20, 12, 30, tzinfo=UTC)
DAYS = DailyPartitionsDefinition("2020-01-05")
LATER_DAYS = DailyPartitionsDefinition("2020-01-08")
ENDED_DAYS = DailyPartitionsDefinition("2020-01-05", end_date="2020-01-10")
HOURS = HourlyPartitionsDefinition("2020-01-05-00:00")
WEEKS = WeeklyPartitionsDefinition("2020-01-05")
ABC = StaticPartitionsDefinition(["a", "b", "c"])
NUMBERS = StaticPartitionsDefinition(["1", "2", "3", "4"])
TABLE = MultiPartitionsDefinition({"letter": ABC, "date": DAYS})


def up(
    mapping: PartitionMapping,
    downstream: PartitionsDefinition[Any],
    upstream: PartitionsDefinition[Any],
    keys: Sequence[str],
) -> tuple[list[str], list[str]]:
    """Return the keys that are needed, and those of them that do not exist."""
    with partition_loading_context(NOW):
        result = mapping.get_upstream_mapped_partitions_result_for_partitions(
            downstream.subset_with_partition_keys(keys), downstream, upstream
        )
        return sorted(result.partitions_subset), sorted(result.required_but_nonexistent_partition_keys)


def down(
    mapping: PartitionMapping,
    upstream: PartitionsDefinition[Any],
    downstream: PartitionsDefinition[Any],
    keys: Sequence[str],
) -> list[str]:
    """Return the keys that need any of these."""
    with partition_loading_context(NOW):
        return sorted(
            mapping.get_downstream_partitions_for_partitions(
                upstream.subset_with_partition_keys(keys), upstream, downstream
            )
        )


SAME = TimeWindowPartitionMapping()
DAY_BEFORE = TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)
WITH_DAY_BEFORE = TimeWindowPartitionMapping(start_offset=-1)
WITH_DAY_AFTER = TimeWindowPartitionMapping(end_offset=1)


@pytest.mark.parametrize(
    ("mapping", "downstream", "upstream", "keys", "needed", "missing"),
    [
        (SAME, DAYS, DAYS, ["2020-01-05"], ["05"], []),
        (SAME, DAYS, LATER_DAYS, ["2020-01-05", "2020-01-08"], ["08"], ["05"]),
        (SAME, DAYS, ENDED_DAYS, ["2020-01-09", "2020-01-12"], ["09"], ["12"]),
        (SAME, WEEKS, LATER_DAYS, ["2020-01-05"], ["08", "09", "10", "11"], ["05", "06", "07"]),
        (SAME, DAYS, WEEKS, ["2020-01-19", "2020-01-07"], ["05"], ["19"]),
        (WITH_DAY_BEFORE, DAYS, DAYS, ["2020-01-05", "2020-01-10"], ["05", "09", "10"], []),
        (DAY_BEFORE, DAYS, DAYS, ["2020-01-05"], [], []),
        (DAY_BEFORE, DAYS, ENDED_DAYS, ["2020-01-12"], [], ["11"]),
        (WITH_DAY_BEFORE, WEEKS, DAYS, ["2020-01-12"], [f"{day:02d}" for day in range(5, 19)], []),
        (WITH_DAY_AFTER, DAYS, DAYS, ["2020-01-19"], ["19"], []),
        (WITH_DAY_AFTER, DAYS, LATER_DAYS, ["2020-01-07"], ["08"], ["07"]),
        (TimeWindowPartitionMapping(1, 0), DAYS, DAYS, ["2020-01-07"], [], []),
    ],
)
def test_windows_need_those_that_they_share_time_with(
    mapping: PartitionMapping,
    downstream: PartitionsDefinition[Any],
    upstream: PartitionsDefinition[Any],
    keys: list[str],
    needed: list[str],
    missing: list[str],
) -> None:
    found = up(mapping, downstream, upstream, keys)
    assert found == ([f"2020-01-{day}" for day in needed], [f"2020-01-{day}" for day in missing])


def test_nothing_is_missing_where_it_may_be() -> None:
    allowing = TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)
    assert up(allowing, DAYS, LATER_DAYS, ["2020-01-05"]) == ([], [])


def test_day_needs_its_hours_and_hours_their_day() -> None:
    needed, missing = up(SAME, DAYS, HOURS, ["2020-01-06"])
    assert (len(needed), needed[0], needed[-1], missing) == (24, "2020-01-06-00:00", "2020-01-06-23:00", [])
    assert up(SAME, HOURS, DAYS, ["2020-01-06-05:00"]) == (["2020-01-06"], [])
    assert down(SAME, HOURS, DAYS, ["2020-01-06-05:00", "2020-01-20-03:00"]) == ["2020-01-06"]
    assert len(down(SAME, DAYS, HOURS, ["2020-01-19"])) == 24


def test_day_of_clock_change_needs_its_real_hours() -> None:
    days = DailyPartitionsDefinition("2024-01-01", timezone="America/New_York")
    hours = HourlyPartitionsDefinition("2024-01-01-00:00", timezone="America/New_York")
    with partition_loading_context(datetime(2025, 1, 1, tzinfo=UTC)):
        for day, number in (("2024-03-10", 23), ("2024-11-03", 25), ("2024-06-01", 24)):
            result = SAME.get_upstream_mapped_partitions_result_for_partitions(
                days.subset_with_partition_keys([day]), days, hours
            )
            assert len(result.partitions_subset) == number


def test_windows_of_different_zones_map_by_shared_time() -> None:
    new_york = DailyPartitionsDefinition("2020-01-05", timezone="America/New_York")
    assert up(SAME, new_york, DAYS, ["2020-01-07"]) == (["2020-01-07", "2020-01-08"], [])


def test_downstream_offsets_are_undone() -> None:
    assert down(DAY_BEFORE, DAYS, DAYS, ["2020-01-05", "2020-01-19"]) == ["2020-01-06"]
    assert down(WITH_DAY_BEFORE, DAYS, WEEKS, ["2020-01-06"]) == ["2020-01-05", "2020-01-12"]


def test_excluded_windows_are_neither_needed_nor_missing() -> None:
    some = DailyPartitionsDefinition("2020-01-05", exclusions=["0 0 * * 0", datetime(2020, 1, 7)])
    assert up(SAME, DAYS, some, ["2020-01-06", "2020-01-07", "2020-01-08"]) == (["2020-01-06", "2020-01-08"], [])
    assert up(WITH_DAY_BEFORE, some, DAYS, ["2020-01-08"])[0] == ["2020-01-06", "2020-01-07", "2020-01-08"]
    assert up(DAY_BEFORE, some, some, ["2020-01-08"]) == (["2020-01-06"], [])
    assert down(DAY_BEFORE, some, some, ["2020-01-06"]) == ["2020-01-08"]


def test_identity_tells_keys_that_the_other_side_does_not_have() -> None:
    mapping = IdentityPartitionMapping()
    assert up(mapping, DAYS, LATER_DAYS, ["2020-01-05", "2020-01-10"]) == (["2020-01-10"], ["2020-01-05"])
    assert up(mapping, StaticPartitionsDefinition(["a", "q"]), ABC, ["a", "q"]) == (["a"], ["q"])
    assert down(mapping, ABC, StaticPartitionsDefinition(["a", "q"]), ["a", "b"]) == ["a"]
    assert up(mapping, TABLE, TABLE, ["2020-01-06|a"]) == (["2020-01-06|a"], [])
    for upstream, downstream in ((ABC, DAYS), (DAYS, None), (TABLE, DAYS)):
        with pytest.raises(InvalidDefinitionError, match="must match"):
            mapping.validate_partition_mapping(upstream, downstream)


def test_subset_mapping_lets_either_side_have_fewer() -> None:
    mapping = SubsetPartitionMapping()
    few = StaticPartitionsDefinition(["b"])
    assert up(mapping, ABC, few, ["a", "b"]) == (["b"], [])
    assert down(mapping, ABC, few, ["a", "b"]) == ["b"]
    assert up(SubsetPartitionMapping(allow_nonexistent_upstream_partitions=False), ABC, few, ["a", "b"]) == (
        ["b"],
        ["a"],
    )


def test_all_last_and_specific_partitions() -> None:
    assert up(AllPartitionMapping(), NUMBERS, ABC, ["1"]) == (["a", "b", "c"], [])
    assert down(AllPartitionMapping(), ABC, NUMBERS, ["a"]) == ["1", "2", "3", "4"]
    assert down(AllPartitionMapping(), ABC, NUMBERS, []) == []
    assert up(LastPartitionMapping(), NUMBERS, DAYS, ["1"]) == (["2020-01-19"], [])
    assert down(LastPartitionMapping(), ABC, NUMBERS, ["b"]) == []
    assert down(LastPartitionMapping(), ABC, NUMBERS, ["c"]) == ["1", "2", "3", "4"]
    specific = SpecificPartitionsPartitionMapping(["a", "z"])
    assert up(specific, NUMBERS, ABC, ["1"]) == (["a"], ["z"])
    assert down(specific, ABC, NUMBERS, ["b"]) == []
    with partition_loading_context(NOW):
        for mapping in (AllPartitionMapping(), LastPartitionMapping(), specific):
            result = mapping.get_upstream_mapped_partitions_result_for_partitions(None, None, ABC)
            assert not result.partitions_subset.is_empty


def test_static_table_maps_both_ways() -> None:
    mapping = StaticPartitionMapping({"a": "1", "b": ["2", "3"]})
    assert up(mapping, NUMBERS, ABC, ["1", "3", "4"]) == (["a", "b"], [])
    assert down(mapping, ABC, NUMBERS, ["b", "c"]) == ["2", "3"]
    with pytest.raises(InvalidDefinitionError, match="'zz'"):
        StaticPartitionMapping({"zz": "1"}).validate_partition_mapping(ABC, NUMBERS)
    with pytest.raises(InvalidDefinitionError, match="Downstream"):
        mapping.validate_partition_mapping(ABC, DAYS)


def test_one_dimension_of_several_maps_to_a_single_one() -> None:
    mapping = MultiToSingleDimensionPartitionMapping()
    assert up(mapping, DAYS, TABLE, ["2020-01-06"]) == ([f"2020-01-06|{key}" for key in "abc"], [])
    assert down(mapping, TABLE, DAYS, ["2020-01-06|a", "2020-01-07|b"]) == ["2020-01-06", "2020-01-07"]
    assert up(mapping, TABLE, DAYS, ["2020-01-06|a"]) == (["2020-01-06"], [])
    assert len(up(mapping, WEEKS, TABLE, ["2020-01-12"])[0]) == 21
    assert len(up(MultiToSingleDimensionPartitionMapping("letter"), ABC, TABLE, ["a"])[0]) == 15
    twins = MultiPartitionsDefinition({"x": ABC, "y": ABC})
    for multi, single, says in (
        (twins, ABC, "More than one"),
        (TABLE, NUMBERS, "No dimension"),
        (TABLE, TABLE, "exactly one"),
    ):
        with pytest.raises(InvalidDefinitionError, match=says):
            mapping.validate_partition_mapping(multi, single)
    with pytest.raises(InvalidDefinitionError, match="write 'letter'"):
        MultiToSingleDimensionPartitionMapping("leter").validate_partition_mapping(TABLE, ABC)


def test_dimensions_map_each_by_its_own_mapping() -> None:
    weeks = MultiPartitionsDefinition({"number": NUMBERS, "week": WEEKS})
    mapping = MultiPartitionMapping(
        {
            "letter": DimensionPartitionMapping("number", StaticPartitionMapping({"a": "1", "b": ["2", "3"]})),
            "date": DimensionPartitionMapping("week", TimeWindowPartitionMapping()),
        }
    )
    assert up(mapping, weeks, TABLE, ["1|2020-01-12"])[0] == [f"2020-01-{day}|a" for day in range(12, 19)]
    assert down(mapping, TABLE, weeks, ["2020-01-13|b"]) == ["2|2020-01-12", "3|2020-01-12"]
    by_day = MultiPartitionMapping({"date": DimensionPartitionMapping("date", IdentityPartitionMapping())})
    assert up(by_day, TABLE, TABLE, ["2020-01-06|a"])[0] == [f"2020-01-06|{key}" for key in "abc"]
    with pytest.raises(InvalidDefinitionError, match="upstream dimension 'q'"):
        MultiPartitionMapping({"q": DimensionPartitionMapping("week", SAME)}).validate_partition_mapping(TABLE, weeks)


def test_three_dimensions_map_and_tell_whole_keys_as_missing() -> None:
    late = MultiPartitionsDefinition({"date": LATER_DAYS, "letter": ABC, "number": NUMBERS})
    early = MultiPartitionsDefinition({"date": DAYS, "letter": ABC, "number": NUMBERS})
    mapping = MultiPartitionMapping(
        {
            name: DimensionPartitionMapping(name, IdentityPartitionMapping() if name != "date" else SAME)
            for name in ("date", "letter", "number")
        }
    )
    assert up(mapping, early, late, ["2020-01-07|a|1", "2020-01-09|b|2"]) == (["2020-01-09|b|2"], ["2020-01-07|a|1"])


def test_two_dimensions_from_one_meet_key_by_key() -> None:
    pair = MultiPartitionsDefinition({"one": ABC, "two": ABC})
    single = MultiPartitionsDefinition({"letter": ABC, "number": NUMBERS})
    same = IdentityPartitionMapping()
    mapping = MultiPartitionMapping(
        {"one": DimensionPartitionMapping("letter", same), "two": DimensionPartitionMapping("letter", same)}
    )
    assert up(mapping, single, pair, ["a|1", "b|1"])[0] == ["a|a", "b|b"]
    assert down(mapping, pair, single, ["a|b"]) == []
    assert down(mapping, pair, single, ["a|a"]) == ["a|1", "a|2", "a|3", "a|4"]


def test_default_mapping_suits_the_definitions() -> None:
    assert default_partition_mapping(HOURS, DAYS) == TimeWindowPartitionMapping()
    assert default_partition_mapping(ABC, ABC) == IdentityPartitionMapping()
    assert default_partition_mapping(NUMBERS, ABC) == AllPartitionMapping()
    assert default_partition_mapping(None, ABC) == AllPartitionMapping()
    assert default_partition_mapping(DAYS, TABLE) == MultiToSingleDimensionPartitionMapping()
    assert default_partition_mapping(NUMBERS, TABLE) == AllPartitionMapping()


def test_mapping_of_your_own_needs_two_methods() -> None:
    class Neighbour(PartitionMapping):
        """Map each key to the one before it in the alphabet."""

        def get_upstream_mapped_partitions_result_for_partitions(
            self,
            downstream_partitions_subset: Any,
            downstream_partitions_def: Any,
            upstream_partitions_def: Any,
            *_: Any,
            **__: Any,
        ) -> UpstreamPartitionsResult:
            keys = [chr(ord(key) - 1) for key in downstream_partitions_subset if key != "a"]
            subset = upstream_partitions_def.subset_with_partition_keys(keys)
            return UpstreamPartitionsResult(subset, upstream_partitions_def.empty_subset())

        def get_downstream_partitions_for_partitions(
            self,
            upstream_partitions_subset: Any,
            upstream_partitions_def: Any,
            downstream_partitions_def: Any,
            *_: Any,
            **__: Any,
        ) -> Any:
            keys = [chr(ord(key) + 1) for key in upstream_partitions_subset if key != "c"]
            return downstream_partitions_def.subset_with_partition_keys(keys)

    mapping = Neighbour()
    mapping.validate_partition_mapping(ABC, ABC)
    assert up(mapping, ABC, ABC, ["a", "b"]) == (["a"], [])
    assert down(mapping, ABC, ABC, ["a"]) == ["b"]
    assert Neighbour() == mapping
    assert "Neighbour" in mapping.description


def test_mappings_are_values() -> None:
    assert TimeWindowPartitionMapping(-1) == TimeWindowPartitionMapping(start_offset=-1)
    assert TimeWindowPartitionMapping(-1) != TimeWindowPartitionMapping()
    assert AllPartitionMapping() != LastPartitionMapping()
    assert len({StaticPartitionMapping({"a": "1"}), StaticPartitionMapping({"a": ["1"]})}) == 1
    assert repr(SpecificPartitionsPartitionMapping(["a"])) == "SpecificPartitionsPartitionMapping(partition_keys=['a'])"
    with pytest.raises(InvalidDefinitionError, match=r"1\.5"):
        TimeWindowPartitionMapping(start_offset=1.5)  # type: ignore[arg-type]  # what is refused
