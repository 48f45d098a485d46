"""A value that its own step refused after it was stored is not current: the next run with reuse makes it again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orrery import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    Instance,
    Output,
    StaticPartitionsDefinition,
    asset,
    explain,
    graph_asset,
    materialize,
    op,
    plan_materialization,
)
from orrery.api.verbs.plan import accept_materializations

FAILS = [True]
WARNS = [False]


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """Return an instance on disk; steps fail, as long as nobody mends what they read."""
    FAILS[:], WARNS[:] = [True], [False]
    with Instance.local_temp(str(tmp_path)) as made:
        yield made


def run(assets: list[Any], instance: Instance, **options: Any) -> tuple[bool, list[str]]:
    """Materialize with reuse; return whether the run succeeded, and the steps that ran."""
    result = materialize(
        assets, instance=instance, reuse=True, raise_on_error=False, on_event=lambda entry: None, **options
    )
    return result.success, [e.step_key or "" for e in result.all_events if e.event_type_value == "STEP_START"]


@asset(check_specs=[AssetCheckSpec("kept", asset="checked", blocking=True)])
def checked() -> Iterator[Any]:
    yield Output(1)
    severity = AssetCheckSeverity.WARN if WARNS[0] else AssetCheckSeverity.ERROR
    yield AssetCheckResult(passed=not FAILS[0], check_name="kept", severity=severity)


@asset
def raises() -> Iterator[Any]:
    yield Output(1)
    if FAILS[0]:
        raise ValueError("no")


@op
def one() -> int:
    return 1


@op
def tells(x: int) -> None:
    if FAILS[0]:
        raise ValueError("no")


@graph_asset
def graphed() -> int:
    value = one()
    tells(value)
    return value


@pytest.mark.parametrize("made", [checked, raises, graphed])
def test_what_its_step_refused_is_made_again(instance: Instance, made: Any) -> None:
    """By a blocking check, by an exception, by another op of its graph."""
    name = made.key.to_user_string()

    @asset(deps=[made])
    def after() -> int:
        return 1

    assets = [made, after]
    for _ in range(2):
        succeeded, ran = run(assets, instance)
        assert not succeeded
        assert name in {each.partition(".")[0] for each in ran}
    assert str(explain(made, assets, instance=instance).decision.reasons[0]).startswith("its step failed in run ")
    FAILS[0] = False
    succeeded, ran = run(assets, instance)
    assert succeeded
    assert name in {each.partition(".")[0] for each in ran}
    assert run(assets, instance) == (True, [])


def test_a_check_that_only_warns_refuses_nothing(instance: Instance) -> None:
    """Its step succeeded."""
    WARNS[0] = True
    assert run([checked], instance) == (True, ["checked"])
    assert run([checked], instance) == (True, [])


def test_other_steps_of_a_run_that_failed_are_current(instance: Instance) -> None:
    """Their values are as good as those of any run."""

    @asset
    def fine() -> int:
        return 1

    assert run([fine, raises], instance)[0] is False
    assert run([fine, raises], instance) == (False, ["raises"])


def test_each_partition_stands_for_itself(instance: Instance) -> None:
    """Only the one that was refused is made again."""

    @asset(partitions_def=StaticPartitionsDefinition(["a", "b"]))
    def parted(context: Any) -> Iterator[Any]:
        yield Output(1)
        if FAILS[0] and context.partition_key == "b":
            raise ValueError("no")

    for key in ("a", "b"):
        run([parted], instance, partition_key=key)
    assert run([parted], instance, partition_key="a") == (True, [])
    assert run([parted], instance, partition_key="b") == (False, ["parted"])


def test_it_is_not_accepted(instance: Instance) -> None:
    """Its step has to be content first."""
    run([raises], instance)
    plan = plan_materialization([raises], instance=instance)
    assert accept_materializations(instance, plan) == ()
    assert run([raises], instance) == (False, ["raises"])
