"""Contexts for IO managers say what they were given, and refuse the rest by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import orrery as o

DAILY = o.DailyPartitionsDefinition("2024-01-01")
LETTERS = o.StaticPartitionsDefinition(["a", "b", "c"])


@pytest.mark.parametrize(
    "name", ["step_key", "name", "op_def", "asset_key", "dagster_type", "step_context", "asset_spec"]
)
def test_an_output_context_refuses_what_it_was_not_given(name: str) -> None:
    with pytest.raises(o.InvariantViolationError, match=f"{name}.*not provided when constructing the OutputContext"):
        getattr(o.build_output_context(), name)


@pytest.mark.parametrize("name", ["name", "op_def", "dagster_type", "step_context", "instance", "job_name"])
def test_an_input_context_refuses_what_it_was_not_given(name: str) -> None:
    with pytest.raises(o.InvariantViolationError, match=f"{name}.*not provided when constructing the InputContext"):
        getattr(o.build_input_context(), name)


def test_the_identifier_of_an_output_names_its_run_and_that_of_an_asset_does_not() -> None:
    context = o.build_output_context(step_key="s", name="n", run_id="r", asset_key=["k", "l"], mapping_key="m")
    assert context.get_identifier() == ["r", "s", "n", "m"]
    assert context.get_asset_identifier() == ["k", "l"]
    below = o.build_input_context(upstream_output=context, asset_key="k")
    assert below.get_identifier() == ["r", "s", "n", "m"]
    assert below.get_asset_identifier() == ["k"]


def test_the_identifier_of_a_partitioned_asset_ends_with_its_partition() -> None:
    context = o.build_output_context(asset_key="k", partition_key="a", asset_partitions_def=LETTERS)
    assert context.get_asset_identifier() == ["k", "a"]
    many = o.build_output_context(
        asset_key="k", asset_partitions_def=LETTERS, asset_partition_key_range=o.PartitionKeyRange("a", "b")
    )
    assert many.asset_partition_keys == ["a", "b"]
    with pytest.raises(o.InvariantViolationError, match="number of output partitions != 1"):
        many.get_asset_identifier()


@pytest.mark.parametrize("build", [o.build_input_context, o.build_output_context])
def test_partitions_in_a_context_are_a_window_of_time_where_the_definition_is(build: Any) -> None:
    keys = o.PartitionKeyRange("2024-01-02", "2024-01-03")
    window = build(
        asset_key="k", asset_partition_key_range=keys, asset_partitions_def=DAILY
    ).asset_partitions_time_window
    assert (window.start.day, window.end.day) == (2, 4)
    assert build(asset_key="k", partition_key="2024-01-02").has_asset_partitions


@pytest.mark.parametrize("build", [o.build_input_context, o.build_output_context])
def test_a_context_without_partitions_says_so(build: Any) -> None:
    context = build(asset_key="k")
    assert not context.has_partition_key and not context.has_asset_partitions
    for name in ("partition_key", "asset_partition_keys"):
        with pytest.raises(o.InvariantViolationError):
            getattr(context, name)


def test_metadata_is_added_once() -> None:
    context = o.build_output_context()
    context.add_output_metadata({"rows": 1})
    assert context.get_logged_metadata() == {"rows": o.MetadataValue.int(1)}
    with pytest.raises(o.InvalidMetadataError, match="rows"):
        context.add_output_metadata({"rows": 2})


def test_metadata_of_an_input_is_an_observation_of_its_asset() -> None:
    context = o.build_input_context(asset_key="k")
    context.add_input_metadata({"rows": 1}, "seen")
    (observation,) = context.get_observations()
    assert (observation.asset_key, observation.description) == (o.AssetKey("k"), "seen")


@pytest.mark.parametrize("build", [o.build_input_context, o.build_output_context])
def test_resources_of_a_context_are_closed_with_it(build: Any) -> None:
    seen: list[str] = []

    @o.resource
    def door(_init: Any) -> Iterator[int]:
        seen.append("open")
        yield 1
        seen.append("close")

    with pytest.raises(o.InvariantViolationError, match="context manager scope"):
        _ = build(resources={"door": door}).resources
    seen.clear()
    with build(resources={"door": door}) as context:
        assert context.resources.door == 1
    assert seen == ["open", "close"]
