"""``backfill(job=...)``: a job of ops is run once for each of its partitions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import orrery as og
from orrery.api.verbs.backfill_driver import RunNews
from orrery.base.errors import (
    InvalidConfigError,
    InvalidInvocationError,
    InvariantViolationError,
    UnknownPartitionError,
)
from orrery.model.records.backfill import BackfillStatus
from orrery.runtime.instance import Instance

BAD: set[str] = set()
"""Regions whose data do not load."""

UNWRITTEN: set[str] = set()
"""Regions of which no config can be made."""

LOADED: list[str] = []


class Where(og.Config):
    region: str


@og.op
def load(context: og.OpExecutionContext, config: Where) -> str:
    if config.region in BAD:
        raise ValueError(f"no data of {config.region}")
    LOADED.append(config.region)
    context.log_event(og.AssetMaterialization("nightly", partition="not of the job"))
    return config.region


@og.op
def store(region: str) -> None:
    assert region


@og.static_partitioned_config(["asia", "eu", "us"])
def by_region(region: str) -> dict[str, Any]:
    if region in UNWRITTEN:
        raise LookupError(f"nobody wrote config of {region}")
    return {"ops": {"load": {"config": {"region": region}}}}


@og.job(config=by_region, tags={"team": "x"})
def nightly() -> None:
    store(load())


@og.job(
    partitions_def=og.MultiPartitionsDefinition(
        {
            "day": og.DailyPartitionsDefinition("2013-01-01", end_date="2013-01-03"),
            "who": og.StaticPartitionsDefinition(["a", "b"]),
        }
    )
)
def grid() -> None:
    store.alias("keep")(load.configured({"region": "eu"}, name="fixed")())


@og.job
def whole() -> None:
    load()


@og.asset(partitions_def=og.StaticPartitionsDefinition(["a", "b"]))
def letters(context: og.AssetExecutionContext) -> str:
    return context.partition_key


DEFS = og.Definitions(assets=[letters], jobs=[nightly, grid, whole, og.define_asset_job("spell", [letters])])


@pytest.fixture(params=["in memory", "on disk"])
def instance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Instance]:
    for each in (BAD, UNWRITTEN, LOADED):
        each.clear()
    made = Instance.ephemeral() if request.param == "in memory" else Instance.local_temp(str(tmp_path))
    with made:
        yield made


def test_a_job_runs_once_for_each_partition_with_its_config(instance: Instance) -> None:
    result = og.backfill(DEFS, job="nightly", instance=instance, tags={"why": "moved"})
    assert result.success
    assert result.counts == (3, 0, 0, 0, 0)
    assert result.made("nightly") == LOADED == ["asia", "eu", "us"]
    runs = instance.get_runs(og.RunsFilter.for_backfill(result.backfill_id))
    assert {run.job_name for run in runs} == {"nightly"}
    assert {run.tags["orrery/partition"] for run in runs} == {"asia", "eu", "us"}
    assert {(run.tags["team"], run.tags["why"]) for run in runs} == {("x", "moved")}
    assert og.plan_backfill(DEFS, job=nightly, instance=instance).size == 0


def test_a_failed_partition_leaves_the_others_and_is_retried_alone(instance: Instance) -> None:
    BAD.add("eu")
    news: list[RunNews] = []
    first = og.backfill(DEFS, job="nightly", instance=instance, tell=news.append)
    assert first.backfill.status is BackfillStatus.FAILURE
    assert (first.made("nightly"), first.failed("nightly")) == (["asia", "us"], ["eu"])
    assert [each.error for each in news] == [None, "ValueError: no data of eu", None]
    BAD.clear()
    second = og.retry_backfill(first.backfill_id, DEFS, instance=instance)
    assert second.success
    assert LOADED == ["asia", "us", "eu"]


def test_a_partition_without_config_fails_alone(instance: Instance) -> None:
    """What its function raises is told; no run of it is recorded."""
    UNWRITTEN.add("asia")
    news: list[RunNews] = []
    result = og.backfill(DEFS, job="nightly", instance=instance, tell=news.append)
    assert (result.made("nightly"), result.failed("nightly")) == (["eu", "us"], ["asia"])
    assert news[0].error == "nobody wrote config of asia"
    assert len(instance.get_runs()) == 2
    UNWRITTEN.clear()
    assert og.retry_backfill(result.backfill_id, DEFS, instance=instance).success


def test_missing_and_failed_follow_from_the_runs_of_the_job(instance: Instance) -> None:
    """A run of a part of the job counts for nothing, a later success ends a failure."""
    BAD.update(["eu", "us"])
    for region in ("asia", "eu", "us"):
        nightly.execute_in_process(partition_key=region, instance=instance, raise_on_error=False)
    BAD.clear()
    nightly.execute_in_process(partition_key="us", instance=instance)
    nightly.execute_in_process(partition_key="eu", instance=instance, op_selection=["load"])

    def planned(**given: Any) -> list[str]:
        targets = og.plan_backfill(DEFS, job="nightly", instance=instance, **given).targets
        return [key for subset in targets.values() for key in subset]

    assert planned() == planned(which="failed") == ["eu"]
    assert planned(which="all") == ["asia", "eu", "us"]
    assert planned(which="all", partitions="asia...eu") == ["asia", "eu"]


def test_several_dimensions_and_several_at_once(instance: Instance) -> None:
    result = og.backfill(DEFS, job="grid", partitions="who=b", instance=instance, max_concurrent=2)
    assert result.success
    assert result.made("grid") == ["2013-01-01|b", "2013-01-02|b"]
    assert {run.tags["orrery/partition/who"] for run in instance.get_runs()} == {"b"}


def test_a_job_of_assets_is_run_whole_for_each_partition(instance: Instance) -> None:
    result = og.backfill(DEFS, job="spell", instance=instance)
    assert result.made("spell") == ["a", "b"]
    assert instance.get_materialized_partitions(og.AssetKey("letters")) == {"a", "b"}


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        ({"job": "nightl"}, InvariantViolationError, "write 'nightly', the nearest"),
        ({"job": "whole"}, InvalidInvocationError, "Job 'whole' has no partitions"),
        ({"job": "nightly", "which": "stale"}, InvalidInvocationError, "known of assets only"),
        ({"job": "nightly", "discover": True}, InvalidInvocationError, "not both: a job was given, and discover"),
        ({"job": "nightly", "selection": "letters"}, InvalidInvocationError, "and a selection of assets"),
        ({"job": "nightly", "partitions": "mars"}, UnknownPartitionError, "`mars`"),
        ({"job": "nightly", "run_config": {"ops": {"lod": {}}}}, InvalidConfigError, '"lod"'),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(
    instance: Instance, given: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        og.backfill(DEFS, instance=instance, **given)
    assert not instance.get_runs()
    assert not instance.backfills.get_backfills()


def test_a_partition_that_is_gone_by_now_fails_alone(instance: Instance) -> None:
    """Of a job as of an asset: dynamic keys may be deleted between a failure and its retry."""
    cities = og.DynamicPartitionsDefinition(name="cities")
    broken = ["oslo", "rome"]

    @og.op
    def visit(context: og.OpExecutionContext) -> None:
        assert context.partition_key not in broken

    @og.job(partitions_def=cities)
    def tour() -> None:
        visit()

    @og.asset(partitions_def=cities)
    def guide(context: og.AssetExecutionContext) -> None:
        assert context.partition_key not in broken

    defs = og.Definitions(assets=[guide], jobs=[tour])
    instance.add_dynamic_partitions("cities", ["lima", "oslo", "rome"])
    failed = {
        name: og.backfill(defs, instance=instance, **what)
        for name, what in {"tour": {"job": "tour"}, "guide": {}}.items()
    }
    instance.delete_dynamic_partition("cities", "oslo")
    broken.clear()
    for name, result in failed.items():
        news: list[RunNews] = []
        again = og.retry_backfill(result.backfill_id, defs, instance=instance, tell=news.append)
        assert again.made(name) == ["lima", "rome"]
        assert again.failed(name) == ["oslo"]
        assert [each.error for each in news] == ["Could not find a partition with key `oslo`.", None]
