"""A plan of plain and partitioned assets together: the former as a run would make them, the latter as they stand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial

import pytest

import orrery as og
from orrery.api.verbs.plan import MaterializationPlan
from orrery.api.verbs.plan_partitions import out_of_date_above, plan_with_partitions
from orrery.base.errors import InvalidInvocationError
from orrery.base.keys import AssetKey
from orrery.definitions.graphs.job import JobDefinition
from orrery.runtime.engine.policies import Reuse
from orrery.runtime.instance import Instance

LETTERS = og.StaticPartitionsDefinition(["a", "b", "c"])
DAYS = og.DailyPartitionsDefinition("2024-01-07", end_date="2024-01-21")


def project(factor: int = 2) -> og.Definitions:
    """Return a project that is cut by letters, by days, by weeks, and not at all."""

    @og.asset
    def table() -> int:
        return 3

    @og.asset(partitions_def=LETTERS)
    def part(context: og.AssetExecutionContext, table: int) -> int:
        return ord(context.partition_key) * factor

    @og.asset
    def total(part: dict[str, int]) -> int:
        return sum(part.values())

    @og.asset
    def other() -> int:
        return 1

    @og.asset(partitions_def=DAYS)
    def daily(context: og.AssetExecutionContext) -> int:
        return len(context.partition_key) * factor

    @og.asset(partitions_def=og.WeeklyPartitionsDefinition("2024-01-07", end_date="2024-01-21"))
    def weekly(daily: dict[str, int]) -> int:
        return sum(daily.values())

    return og.Definitions(assets=[table, part, total, other, daily, weekly])


@pytest.fixture
def instance() -> Iterator[Instance]:
    with Instance.ephemeral() as made:
        yield made


def job_in(defs: og.Definitions) -> Callable[[Collection[AssetKey]], JobDefinition]:
    """Return what makes the job of some assets."""
    whole = defs.get_repository_def().get_implicit_global_asset_job_def()
    return lambda keys: whole.get_subset(asset_selection=set(keys))


def planned(defs: og.Definitions, instance: Instance, reuse: Reuse | None = None) -> MaterializationPlan:
    """Return the plan of the whole project."""
    repository = defs.get_repository_def()
    keys = repository.asset_graph.materializable_asset_keys
    wanted = reuse or Reuse(policy=og.CachePolicy(), is_default=True)
    return plan_with_partitions(repository, keys, job_in(defs), instance, wanted)


def actions(plan: MaterializationPlan) -> dict[str, str]:
    """Return what is to be done with each plain asset."""
    return {step.assets[0]: step.decision.action if step.decision.is_certain else "maybe" for step in plan.steps}


def states(plan: MaterializationPlan) -> dict[str, set[str]]:
    """Return how the partitions of each partitioned asset stand."""
    return {each.asset: set(each.states.values()) for each in plan.partitions}


def test_nothing_is_made_yet(instance: Instance) -> None:
    plan = planned(project(), instance)
    assert actions(plan) == dict.fromkeys(["table", "other", "total"], "run")
    assert states(plan) == {key: {"missing"} for key in ["part", "daily", "weekly"]}
    assert not plan.is_current


def test_all_is_made(instance: Instance) -> None:
    og.backfill(project(), instance=instance)
    plan = planned(project(), instance)
    assert set(actions(plan).values()) == {"skip"}
    assert states(plan) == {key: {"current"} for key in ["part", "daily", "weekly"]}
    assert plan.is_current


def test_some_partitions_are_made(instance: Instance) -> None:
    """Those that are missing make what takes them all uncertain."""
    defs = project()
    og.backfill(defs, instance=instance)
    og.backfill(defs, "part", partitions="b", which="all", instance=instance)
    instance.wipe_asset_partitions(AssetKey("part"), ["c"])
    plan = planned(defs, instance)
    (part,) = [each for each in plan.partitions if each.asset == "part"]
    assert part.states == {"a": "current", "b": "current", "c": "missing"}
    assert actions(plan)["total"] == "maybe"
    assert actions(plan)["other"] == "skip"


def test_other_code_puts_partitions_out_of_date_and_what_follows_in_doubt(instance: Instance) -> None:
    og.backfill(project(), instance=instance)
    plan = planned(project(factor=3), instance)
    assert states(plan) == {key: {"out of date"} for key in ["part", "daily", "weekly"]}
    assert actions(plan) == {"table": "skip", "other": "skip", "total": "maybe"}
    (total,) = [step for step in plan.steps if step.assets == ("total",)]
    assert "part" in total.decision.told


def test_a_plan_with_partitions_is_saved_and_read(instance: Instance) -> None:
    plan = planned(project(), instance)
    assert MaterializationPlan.from_json(plan.to_json()).partitions == plan.partitions


def test_a_forced_asset_with_partitions_is_refused(instance: Instance) -> None:
    """No run of all of them is planned."""
    with pytest.raises(InvalidInvocationError, match="Asset 'part' is forced, and has partitions") as caught:
        planned(project(), instance, Reuse(policy=og.CachePolicy(), forced=frozenset([AssetKey("part")])))
    assert "backfill --all" in str(caught.value)


def test_a_partition_waits_for_those_above_that_are_cut_otherwise(instance: Instance) -> None:
    """A week needs its own days alone."""
    defs = project()
    repository = defs.get_repository_def()
    og.backfill(defs, instance=instance)
    instance.wipe_asset_partitions(AssetKey("daily"), ["2024-01-09"])
    found = [
        out_of_date_above(repository, AssetKey("weekly"), week, [AssetKey("daily")], instance)
        for week in ("2024-01-07", "2024-01-14")
    ]
    assert found == [[AssetKey("daily")], []]


def test_a_partition_is_asked_about_above_which_another_kind_of_partitions_ends_in_one_value(
    instance: Instance,
) -> None:
    """All of these are needed, as the asset between takes all."""

    @og.asset(partitions_def=og.StaticPartitionsDefinition(["x", "y"]))
    def first() -> int:
        return 1

    @og.asset
    def between(first: dict[str, int]) -> int:
        return sum(first.values())

    @og.asset(partitions_def=og.StaticPartitionsDefinition(["a", "b"]))
    def last(between: int) -> int:
        return between

    defs = og.Definitions(assets=[first, between, last])
    og.backfill(defs, instance=instance)
    above = [AssetKey("first"), AssetKey("between")]
    ask = partial(out_of_date_above, defs.get_repository_def(), AssetKey("last"), "a", above, instance)
    assert ask() == []
    instance.wipe_asset_partitions(AssetKey("first"), ["y"])
    assert ask() == [AssetKey("first")]
