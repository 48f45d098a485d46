"""``which="stale"``: what is out of date by the records of the honest cache, and nothing that is good."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import orrery as og
from orrery.base.errors import InvalidConfigError
from orrery.runtime.instance import Instance

LETTERS = og.StaticPartitionsDefinition(["a", "b", "c"])


def value_of(letter: str) -> int:
    """Return what the world outside gives for a letter: no code, so that nobody sees it change."""
    return int(os.environ[f"VALUE_OF_{letter}"])


def project(factor: int = 2, cache: og.CachePolicy | None = None) -> og.Definitions:
    """Return a project in which ``part`` and ``double`` are cut by letter, and ``total`` takes all."""

    @og.asset(partitions_def=LETTERS)
    def part(context: og.AssetExecutionContext) -> int:
        return value_of(context.partition_key)

    @og.asset(partitions_def=LETTERS, cache=cache)
    def double(part: int) -> int:
        return part * factor

    @og.asset
    def total(double: dict[str, int]) -> int:
        return sum(double.values())

    return og.Definitions(assets=[part, double, total])


@pytest.fixture(params=["in memory", "on disk"])
def instance(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Instance]:
    for number, letter in enumerate("abc"):
        monkeypatch.setenv(f"VALUE_OF_{letter}", str(number))
    made = Instance.ephemeral() if request.param == "in memory" else Instance.local_temp(str(tmp_path))
    with made:
        yield made


def stale(defs: og.Definitions, instance: Instance, selection: str = "*", **given: Any) -> dict[str, list[str]]:
    plan = og.plan_backfill(defs, selection, which="stale", instance=instance, **given)
    return {key.to_user_string(): list(subset) for key, subset in plan.targets.items()}


def test_what_is_current_is_left_alone_and_what_is_missing_is_made(instance: Instance) -> None:
    og.backfill(project(), "part", partitions="a,b", instance=instance)
    assert stale(project(), instance, "part") == {"part": ["c"]}
    og.backfill(project(), instance=instance)
    assert stale(project(), instance) == {}


def test_changed_code_makes_all_of_its_asset_stale_and_what_needs_it(instance: Instance) -> None:
    """Without any code_version; what stands before it is good."""
    og.backfill(project(2), instance=instance)
    assert stale(project(3), instance) == {"double": ["a", "b", "c"], "total": [""]}


def test_a_policy_that_ignores_code_is_heard(instance: Instance) -> None:
    policy = og.CachePolicy(on_code="ignore")
    og.backfill(project(2, policy), instance=instance)
    assert stale(project(3, policy), instance) == {}


def test_a_partition_that_was_made_again_with_the_same_value_changes_nothing_below(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    og.backfill(project(), instance=instance)
    og.backfill(project(), "part", partitions="b", which="all", instance=instance)
    assert stale(project(), instance) == {}
    monkeypatch.setenv("VALUE_OF_b", "20")
    og.backfill(project(), "part", partitions="b", which="all", instance=instance)
    assert stale(project(), instance) == {"double": ["b"], "total": [""]}
    result = og.backfill(project(), which="stale", instance=instance)
    assert result.made("double") == ["b"]
    assert stale(project(), instance) == {}


def test_another_config_makes_what_it_is_of_stale(instance: Instance) -> None:
    @og.asset(partitions_def=LETTERS, config_schema={"add": og.Field(int, default_value=0)})
    def shifted(context: og.AssetExecutionContext) -> int:
        return value_of(context.partition_key) + int(context.op_config["add"])

    defs = og.Definitions(assets=[shifted])
    one = {"ops": {"shifted": {"config": {"add": 1}}}}
    og.backfill(defs, instance=instance, run_config=one)
    assert stale(defs, instance, run_config=one) == {}
    assert stale(defs, instance) == {"shifted": ["a", "b", "c"]}
    with pytest.raises(InvalidConfigError):
        stale(defs, instance, run_config={"ops": {"shifted": {"config": {"ad": 1}}}})


def test_of_what_nothing_is_recorded_the_version_of_the_code_counts(instance: Instance) -> None:
    """Materializations that were reported, and not made here, tell no more."""

    @og.asset(partitions_def=LETTERS, code_version="2")
    def reported() -> None: ...

    defs = og.Definitions(assets=[reported])
    for key, version in {"a": "1", "b": "2"}.items():
        event = og.AssetMaterialization("reported", partition=key, tags={"orrery/code_version": version})
        instance.report_runless_asset_event(event)
    assert stale(defs, instance) == {"reported": ["a", "c"]}


def test_partitions_made_by_one_run_are_left_alone(instance: Instance) -> None:
    @og.asset(partitions_def=LETTERS, backfill_policy=og.BackfillPolicy.single_run())
    def first(context: og.AssetExecutionContext) -> dict[str, int]:
        return {key: value_of(key) for key in context.partition_keys}

    @og.asset(partitions_def=LETTERS, backfill_policy=og.BackfillPolicy.single_run())
    def second(first: dict[str, int]) -> dict[str, int]:
        return first

    defs = og.Definitions(assets=[first, second])
    og.backfill(defs, instance=instance)
    assert stale(defs, instance) == {}
