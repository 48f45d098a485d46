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
