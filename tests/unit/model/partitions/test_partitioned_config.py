"""Config by partition, and policies of backfills."""

# ruff: noqa: DTZ001  # naive datetimes are taken: they are times on the wall of the zone

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from orrery.base.errors import InvalidDefinitionError, InvalidInvocationError, UnknownPartitionError
from orrery.model.partitions import BackfillPolicy, BackfillPolicyType, StaticPartitionsDefinition
from orrery.model.partitions.partitioned_config import (
    PartitionedConfig,
    daily_partitioned_config,
    dynamic_partitioned_config,
    hourly_partitioned_config,
    monthly_partitioned_config,
    static_partitioned_config,
    weekly_partitioned_config,
)


@daily_partitioned_config("2022-03-12", hour_offset=3, tags_for_partition_fn=lambda start, end: {"day": f"{start:%d}"})
def by_day(start: datetime, end: datetime) -> dict[str, Any]:
    return {"start": start.isoformat(), "end": end.isoformat()}


def test_function_of_a_window_gets_its_ends() -> None:
    assert by_day.get_run_config_for_partition_key("2022-03-13") == {
        "start": "2022-03-13T03:00:00+00:00",
        "end": "2022-03-14T03:00:00+00:00",
    }
    assert by_day.get_tags_for_partition_key("2022-03-13") == {"day": "13", "dagster/partition": "2022-03-13"}
    assert by_day(datetime(2020, 1, 1), datetime(2020, 1, 2))["end"] == "2020-01-02T00:00:00"
    with pytest.raises(UnknownPartitionError, match="soon"):
        by_day.get_run_config_for_partition_key("soon")


def test_each_length_of_window_has_its_decorator() -> None:
    made = {
        "0 * * * *": hourly_partitioned_config("2022-03-12-00:00"),
        "0 0 * * 1": weekly_partitioned_config("2022-03-12", day_offset=1),
        "0 0 2 * *": monthly_partitioned_config("2022-03-12", day_offset=2),
    }
    for cron, decorate in made.items():
        config = decorate(lambda start, end: {"hours": (end - start).total_seconds() / 3600})
        assert config.partitions_def.cron_schedule == cron  # type: ignore[attr-defined]  # windows of time


def test_function_of_a_key_gets_the_key() -> None:
    @static_partitioned_config(["eu", "us"], tags_for_partition_key_fn=lambda key: {"region": key})
    def by_region(key: str) -> dict[str, Any]:
        return {"region": key}

    assert by_region.get_partition_keys() == ["eu", "us"]
    assert by_region.get_run_config_for_partition_key("eu") == {"region": "eu"}
    assert by_region.get_tags_for_partition_key("eu") == {"region": "eu", "dagster/partition": "eu"}
    assert by_region("us") == {"region": "us"}
    moving = dynamic_partitioned_config(lambda _now: ["a", "b"])(lambda key: {"key": key})
    assert moving.get_partition_keys() == ["a", "b"]


def test_config_that_was_given_out_is_a_copy() -> None:
    kept = {"ops": {"a": {}}}
    config = PartitionedConfig(StaticPartitionsDefinition(["x"]), run_config_for_partition_key_fn=lambda _key: kept)
    config.get_run_config_for_partition_key("x")["ops"]["a"]["changed"] = True
    assert kept == {"ops": {"a": {}}}


def test_plain_config_is_the_same_for_all_partitions() -> None:
    keys = StaticPartitionsDefinition(["x"])
    assert PartitionedConfig.from_flexible_config({"a": 1}, keys).get_run_config_for_partition_key("x") == {"a": 1}
    assert PartitionedConfig.from_flexible_config(None, keys).get_run_config_for_partition_key("x") == {}
    with pytest.raises(InvalidDefinitionError, match="different PartitionsDefinition"):
        PartitionedConfig.from_flexible_config(by_day, keys)
    with pytest.raises(InvalidDefinitionError, match="5"):
        PartitionedConfig.from_flexible_config(5, keys)
    with pytest.raises(InvalidInvocationError, match="decorators"):
        PartitionedConfig.from_flexible_config({"a": 1}, keys)("x")


def test_exactly_one_function_gives_config() -> None:
    with pytest.raises(InvalidDefinitionError, match="exactly one"):
        PartitionedConfig(StaticPartitionsDefinition(["x"]))


def test_tags_are_text() -> None:
    config = static_partitioned_config(["x"], tags_for_partition_key_fn=lambda _key: {"n": 1})(lambda _key: {})  # type: ignore[dict-item]  # what is refused
    with pytest.raises(InvalidDefinitionError, match="'n': 1"):
        config.get_tags_for_partition_key("x")


def test_policy_says_how_many_runs_a_backfill_makes() -> None:
    assert BackfillPolicy.single_run().policy_type is BackfillPolicyType.SINGLE_RUN
    assert BackfillPolicy.multi_run(3).policy_type is BackfillPolicyType.MULTI_RUN
    assert BackfillPolicy() == BackfillPolicy.multi_run(1)
    assert str(BackfillPolicy.multi_run(3)) == "BackfillPolicy.multi_run(max_partitions_per_run=3)"
    with pytest.raises(InvalidDefinitionError, match="from 1 up"):
        BackfillPolicy.multi_run(0)
