"""Sets of partitions: stored forms, mixed kinds and sizes."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from orrery.base.errors import StorageError
from orrery.model.partitions import (
    DailyPartitionsDefinition,
    DefaultPartitionsSubset,
    HourlyPartitionsDefinition,
    MultiPartitionsDefinition,
    StaticPartitionsDefinition,
    TimeWindowPartitionsDefinition,
    partition_loading_context,
)

NOW = datetime(2024, 1, 1, tzinfo=UTC)
LETTERS = StaticPartitionsDefinition([f"k{number}" for number in range(500)])


def test_every_second_hour_of_ten_years_takes_few_bytes() -> None:
    hours = HourlyPartitionsDefinition("2014-01-01-00:00")
    with partition_loading_context(NOW):
        subset = hours.subset_with_partition_keys(hours.get_partition_keys()[::2])
        text = subset.serialize()
        assert len(subset) == 43_824
        assert len(text) < 1_000
        assert hours.deserialize_subset(text) == subset


def test_set_of_time_is_read_by_a_definition_with_another_start() -> None:
    for definition in (DailyPartitionsDefinition("2020-01-01"), DailyPartitionsDefinition("2019-06-01")):
        with partition_loading_context(NOW):
            text = (
                DailyPartitionsDefinition("2020-01-01")
                .subset_with_partition_keys(["2020-02-03", "2020-02-04"])
                .serialize()
            )
            assert definition.can_deserialize_subset(text, None, None)
            assert list(definition.deserialize_subset(text)) == ["2020-02-03", "2020-02-04"]


def test_many_windows_are_read_by_a_definition_with_another_start_but_not_another_schedule() -> None:
    days = DailyPartitionsDefinition("2020-01-01")
    with partition_loading_context(NOW):
        subset = days.subset_with_partition_keys(days.get_partition_keys()[::3])
        text = subset.serialize()
        assert json.loads(text)["version"] == 2
        assert list(DailyPartitionsDefinition("2019-01-01").deserialize_subset(text)) == list(subset)
        other = DailyPartitionsDefinition("2020-01-01", hour_offset=4)
        assert not other.can_deserialize_subset(text, None, None)
        with pytest.raises(StorageError, match="another schedule"):
            other.deserialize_subset(text)


def test_set_of_static_keys_is_read_after_keys_were_added_but_not_after_they_moved() -> None:
    subset = LETTERS.subset_with_partition_keys(LETTERS.get_partition_keys()[::2])
    text = subset.serialize()
    grown = StaticPartitionsDefinition([*LETTERS.get_partition_keys(), "new"])
    assert list(grown.deserialize_subset(text)) == list(subset)
    moved = StaticPartitionsDefinition(["new", *LETTERS.get_partition_keys()])
    assert not moved.can_deserialize_subset(text, None, None)
    with pytest.raises(StorageError, match="other keys"):
        moved.deserialize_subset(text)


@pytest.mark.parametrize("text", ["", "{}", "[1]", "nonsense", '{"version": 9, "subset": []}'])
def test_damaged_text_is_refused(text: str) -> None:
    for definition in (LETTERS, DailyPartitionsDefinition("2020-01-01"), MultiPartitionsDefinition({"a": LETTERS})):
        assert not definition.can_deserialize_subset(text, None, None)
        with pytest.raises(StorageError):
            definition.deserialize_subset(text)


def test_keys_that_do_not_exist_are_kept_beside_those_that_do() -> None:
    subset = LETTERS.subset_with_partition_keys(["k1", "gone"])
    assert isinstance(subset, DefaultPartitionsSubset)
    assert sorted(subset) == ["gone", "k1"]
    known = LETTERS.subset_with_partition_keys(["k1", "k2"])
    assert sorted(known | subset) == ["gone", "k1", "k2"]
    assert sorted(subset - known) == ["gone"]
    assert known & subset == LETTERS.subset_with_partition_keys(["k1"])


def test_ranges_are_runs_of_neighbours() -> None:
    subset = LETTERS.subset_with_partition_keys(["k1", "k2", "k5", "k6", "k7", "k9"])
    assert subset.get_partition_key_ranges(LETTERS) == [("k1", "k2"), ("k5", "k7"), ("k9", "k9")]
    assert subset.empty_subset().get_partition_key_ranges(LETTERS) == []


def test_ranges_of_several_dimensions_run_along_the_time() -> None:
    definition = MultiPartitionsDefinition({"d": DailyPartitionsDefinition("2020-01-01"), "k": LETTERS})
    with partition_loading_context(NOW):
        subset = definition.subset_with_partition_keys(
            [f"2020-01-0{day}|{key}" for day in (1, 2, 3, 5) for key in ("k1", "k7")]
        )
        assert sorted(subset.get_partition_key_ranges(definition)) == [
            ("2020-01-01|k1", "2020-01-03|k1"),
            ("2020-01-01|k7", "2020-01-03|k7"),
            ("2020-01-05|k1", "2020-01-05|k1"),
            ("2020-01-05|k7", "2020-01-05|k7"),
        ]


def test_full_table_is_one_product_however_it_came_about() -> None:
    definition = MultiPartitionsDefinition({"a": LETTERS, "b": StaticPartitionsDefinition(["x", "y"])})
    left = definition.subset_with_partition_keys([f"{key}|x" for key in LETTERS.get_partition_keys()])
    right = definition.subset_with_partition_keys([f"{key}|y" for key in LETTERS.get_partition_keys()])
    everything = definition.subset_with_all_partitions()
    assert left | right == everything
    assert len(list((left | right).boxes())) == 1  # type: ignore[attr-defined]  # a set of several dimensions
    assert (everything - left) == right
    assert (left & right).is_empty


def test_million_static_keys_are_looked_up_by_number() -> None:
    definition = StaticPartitionsDefinition([str(number) for number in range(1_000_000)])
    assert definition.has_partition_key("999999")
    subset = definition.subset_with_all_partitions() - definition.subset_with_partition_keys(["7"])
    assert len(subset) == 999_999
    assert "7" not in subset
    assert "8" in subset
    assert len(subset.serialize()) < 5_000


def test_set_of_time_tells_its_windows() -> None:
    weeks = TimeWindowPartitionsDefinition("2023-01-01", "%Y-%m-%d", cron_schedule="0 0 * * 0")
    with partition_loading_context(NOW):
        subset = weeks.subset_with_partition_keys(["2023-01-01", "2023-01-08", "2023-02-05"])
        spans = [(span.start.day, span.end.day) for span in subset.included_time_windows]  # type: ignore[attr-defined]  # of a set in time
        assert spans == [(1, 15), (5, 12)]
        assert subset.get_partition_keys_not_in_subset(weeks)[0] == "2023-01-15"  # type: ignore[index]  # a list here
