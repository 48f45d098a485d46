"""Assets and observations that give no value, and runs of assets that have no partition in common."""

from __future__ import annotations

from typing import Any

import pytest

from orrery import (
    DailyPartitionsDefinition,
    DataVersion,
    MaterializeResult,
    StaticPartitionsDefinition,
    asset,
    instance_for_test,
    materialize,
    observable_source_asset,
    observe,
)
from orrery.base.errors import InvalidDefinitionError, ValueNotFoundError


@asset
def customers() -> MaterializeResult[None]:
    return MaterializeResult(metadata={"rows": 1})


@asset
def revenue(customers: Any) -> int:
    return 1


def test_whoever_takes_an_asset_without_a_value_is_told_what_to_change() -> None:
    """To materialize it again, which helps where a value is missing, would never help here."""
    with instance_for_test() as instance:
        with pytest.raises(ValueNotFoundError, match=r"asset 'customers' was made, and gave no value to keep"):
            materialize([customers, revenue], instance=instance)
        with pytest.raises(ValueNotFoundError, match=r"name it in deps="):
            materialize([customers, revenue], selection=["revenue"], instance=instance)


def test_a_value_that_was_never_made_has_to_be_made() -> None:
    with (
        instance_for_test() as instance,
        pytest.raises(ValueNotFoundError, match="materialize asset 'customers' first"),
    ):
        materialize([customers, revenue], selection=["revenue"], instance=instance)


@pytest.mark.parametrize("told", [None, 5, "7", {"x": DataVersion("1")}])
def test_an_observation_that_tells_no_version_fails(told: Any) -> None:
    @observable_source_asset
    def source() -> Any:
        return told

    result = observe([source], raise_on_error=False)
    assert not result.success
    (failure,) = result.get_failed_step_keys()
    assert failure == "source"
    error = result.failure_data_for_node("source").error
    assert "which tells no version" in (error.cause or error).message


def test_assets_of_two_partitions_definitions_are_not_made_in_one_run() -> None:
    """They would be made without a partition, and their values kept as if they had none."""

    @asset(partitions_def=DailyPartitionsDefinition("2024-01-01"))
    def daily() -> int:
        return 1

    @asset(partitions_def=StaticPartitionsDefinition(["a", "b"]))
    def by_letter() -> int:
        return 1

    with pytest.raises(InvalidDefinitionError, match="must have the same partitions definitions"):
        materialize([daily, by_letter])
    with pytest.raises(InvalidDefinitionError, match="must have the same partitions definitions"):
        materialize([daily, by_letter], partition_key="a")
    assert materialize([daily, by_letter], selection=["by_letter"], partition_key="a").success
