"""What an input of partitions is: the value of one, or a dictionary by key where several, or one, are asked for as such."""

from __future__ import annotations

from typing import Any

import pytest

import orrery as og
from orrery.base.errors import TypeCheckDidNotPass
from orrery.runtime.instance import Instance

DAYS = og.DailyPartitionsDefinition("2013-01-31", end_date="2013-02-03")
MONTHS = og.MonthlyPartitionsDefinition("2013-01-01", end_date="2013-03-01")
EXISTING = og.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)


@og.asset(partitions_def=DAYS)
def daily(context: og.AssetExecutionContext) -> int:
    return int(context.partition_key[-2:])


def loaded(annotation: Any, month: str) -> Any:
    """Return what a month gets of its days."""

    def monthly(daily: Any) -> Any:
        return daily

    monthly.__annotations__ = {"daily": annotation}
    asset = og.asset(partitions_def=MONTHS, ins={"daily": og.AssetIn(partition_mapping=EXISTING)})(monthly)
    with Instance.ephemeral() as instance:
        defs = og.Definitions(assets=[daily, asset])
        news: list[str | None] = []
        result = og.backfill(defs, "daily", instance=instance, tell=lambda each: news.append(each.error))
        assert result.success, news
        return og.materialize(
            [daily, asset], selection="monthly", partition_key=month, instance=instance
        ).output_for_node("monthly")


def test_several_are_a_dictionary_by_key() -> None:
    assert loaded(Any, "2013-02-01") == {"2013-02-01": 1, "2013-02-02": 2}


@pytest.mark.parametrize("annotation", [dict[str, int], dict])
def test_one_is_a_dictionary_where_one_is_asked_for(annotation: Any) -> None:
    """A month of which one day exists is no other than its neighbours."""
    assert loaded(annotation, "2013-01-01") == {"2013-01-31": 31}
    assert loaded(annotation, "2013-02-01") == {"2013-02-01": 1, "2013-02-02": 2}


@pytest.mark.parametrize("annotation", [Any, int])
def test_one_is_its_value_otherwise(annotation: Any) -> None:
    assert loaded(annotation, "2013-01-01") == 31


@pytest.mark.parametrize("annotation", [str, dict[str, str]])
def test_what_is_neither_fails_its_type(annotation: Any) -> None:
    with pytest.raises(TypeCheckDidNotPass, match='input "daily"'):
        loaded(annotation, "2013-01-01")


def test_a_dimension_of_several_may_be_dynamic() -> None:
    """Its keys are those that the instance of the run keeps, wherever the input is asked about."""
    cities = og.DynamicPartitionsDefinition(name="cities")
    grid = og.MultiPartitionsDefinition({"city": cities, "half": og.StaticPartitionsDefinition(["am", "pm"])})
    by_city = og.MultiToSingleDimensionPartitionMapping("city")
    seen: list[Any] = []

    @og.asset(partitions_def=grid)
    def halves(context: og.AssetExecutionContext) -> str:
        return str(context.partition_key)

    @og.asset(partitions_def=cities, ins={"halves": og.AssetIn(partition_mapping=by_city)})
    def whole(context: og.AssetExecutionContext, halves: dict[str, str]) -> list[str]:
        seen.append(list(map(str, context.asset_partition_keys_for_input("halves"))))
        return sorted(halves.values())

    @og.asset
    def everything(whole: dict[str, list[str]], halves: dict[str, str]) -> int:
        return len(whole) + len(halves)

    defs = og.Definitions(assets=[halves, whole, everything])
    with Instance.ephemeral() as instance:
        instance.add_dynamic_partitions("cities", ["lima", "oslo"])
        result = og.backfill(defs, instance=instance)
        assert result.success
        assert seen == [["lima|am", "lima|pm"], ["oslo|am", "oslo|pm"]]
        assert defs.load_asset_value("everything", instance=instance) == 2 + 4
        assert defs.load_asset_value("whole", instance=instance, partition_key="oslo") == ["oslo|am", "oslo|pm"]
        assert defs.load_asset_value("halves", instance=instance, partition_key="oslo|am") == "oslo|am"
        assert og.plan_backfill(defs, which="stale", instance=instance).size == 0
