"""Jobs are executed with values that stay stored, and repeated in whole or in part."""

from __future__ import annotations

import pickle
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

import orrery as o
from orrery.model.records.upkeep import Cutoff

BROKEN: set[str] = set()
CALLED: list[str] = []


def step(name: str, value: int) -> int:
    CALLED.append(name)
    if name in BROKEN:
        raise ValueError(name)
    return value


@o.op
def one() -> int:
    return step("one", 1)


@o.op
def two(x: int) -> int:
    return step("two", x + 1)


@o.op
def three(x: int) -> int:
    return step("three", x + 1)


@o.op
def other() -> int:
    return step("other", 9)


@o.job
def chain() -> None:
    three(two(one()))
    other()


@o.op(out=o.DynamicOut(int))
def numbers() -> Iterator[Any]:
    for each in ("a", "b", "c"):
        yield o.DynamicOutput(len(CALLED) * 0 + ord(each), each)


@o.op
def twice(x: int) -> int:
    return step(f"twice {x}", 2 * x)


@o.op
def total(xs: list[int]) -> int:
    return step("total", sum(xs))


@o.job
def fan() -> None:
    total(numbers().map(twice).collect())


@o.job
def chained_fan() -> None:
    total(numbers().map(twice).map(twice).collect())


@o.op(config_schema={"n": int})
def configured_op(context: Any) -> int:
    return int(context.op_config["n"])


@o.job
def configured_job() -> None:
    configured_op()


def make_job(name: str) -> Any:
    @o.job(name=name)
    def made() -> None:
        one()

    return made


@pytest.fixture
def instance() -> Iterator[Any]:
    BROKEN.clear()
    CALLED.clear()
    with o.instance_for_test() as made:
        yield made


def executed(run: Any) -> set[str]:
    return {event.step_key for event in run.all_events if event.event_type_value == "STEP_START"}


def test_values_are_loaded_from_where_they_were_stored(instance: Any) -> None:
    result = o.execute_job(o.reconstructable(chain), instance)
    assert result.success
    with pytest.raises(o.InvariantViolationError, match="opened as a context manager"):
        result.output_for_node("three")
    with result:
        assert result.output_for_node("three") == 3
        with pytest.raises(o.InvariantViolationError, match="no op named zz"):
            result.output_for_node("zz")


def test_values_of_dynamic_outputs_are_loaded_by_mapping_key(instance: Any) -> None:
    with o.execute_job(o.reconstructable(fan), instance) as result:
        assert result.output_for_node("twice") == {"a": 194, "b": 196, "c": 198}
        assert result.output_for_node("numbers")["a"] == 97


def test_from_failure_only_what_is_missing_runs(instance: Any) -> None:
    BROKEN.add("two")
    failed = o.execute_job(o.reconstructable(chain), instance, tags={"k": "v"})
    assert not failed.success and failed.get_failed_step_keys() == {"two"}
    BROKEN.clear()
    again = o.execute_job(
        o.reconstructable(chain),
        instance,
        reexecution_options=o.ReexecutionOptions.from_failure(failed.run_id, instance),
    )
    assert again.success and executed(again) == {"two", "three"}
    run = again.dagster_run
    assert (run.parent_run_id, run.root_run_id) == (failed.run_id, failed.run_id)
    with again:
        assert again.output_for_node("three") == 3


def test_from_failure_is_refused_where_the_events_of_the_steps_were_pruned(instance: Any) -> None:
    """Nobody knows what succeeded: to execute all of it again is for the user to say."""
    BROKEN.add("two")
    failed = o.execute_job(o.reconstructable(chain), instance)
    BROKEN.clear()
    assert instance.upkeep.prune({"steps": Cutoff(before=time.time() + 1)}).deleted["steps"] > 0
    options = o.ReexecutionOptions.from_failure(failed.run_id, instance)
    with pytest.raises(o.InvariantViolationError, match=r"their events were pruned\.\s+Try: execute all steps again"):
        o.execute_job(o.reconstructable(chain), instance, reexecution_options=options)


def test_selected_steps_run_again_with_values_of_the_runs_before(instance: Any) -> None:
    BROKEN.add("two")
    failed = o.execute_job(o.reconstructable(chain), instance)
    BROKEN.clear()
    second = o.execute_job(
        o.reconstructable(chain),
        instance,
        reexecution_options=o.ReexecutionOptions.from_failure(failed.run_id, instance),
    )
    third = o.execute_job(
        o.reconstructable(chain),
        instance,
        reexecution_options=o.ReexecutionOptions(second.run_id, step_selection=["two+"]),
    )
    assert third.success and executed(third) == {"two", "three"}
    assert third.dagster_run.root_run_id == failed.run_id


@pytest.mark.parametrize(
    ("selection", "runs"),
    [
        (["twice[b]*"], {"twice[b]", "total"}),
        (["twice[b]+", "twice[a]"], {"twice[a]", "twice[b]", "total"}),
        (["twice[?]"], {"twice[a]", "twice[b]", "twice[c]"}),
        (["twice[?]*"], {"twice[a]", "twice[b]", "twice[c]", "total"}),
        (["+twice[b]"], {"numbers", "twice[a]", "twice[b]", "twice[c]"}),  # the dynamic output is made anew
    ],
)
def test_mapped_steps_are_selected_with_what_follows(instance: Any, selection: list[str], runs: set[str]) -> None:
    first = o.execute_job(o.reconstructable(fan), instance)
    options = o.ReexecutionOptions(first.run_id, step_selection=selection)
    with o.execute_job(o.reconstructable(fan), instance, reexecution_options=options) as again:
        assert again.success and executed(again) == runs
        if "total" in runs:
            assert again.output_for_node("total") == 194 + 196 + 198


@pytest.mark.parametrize("name", ["twice[z]", "twice[z]*", "total[a]", "twice[a][b]", "none[a]*"])
def test_a_mapped_step_that_is_not_there_is_refused(instance: Any, name: str) -> None:
    first = o.execute_job(o.reconstructable(fan), instance)
    options = o.ReexecutionOptions(first.run_id, step_selection=[name])
    with pytest.raises(o.ExecutionStepNotFoundError, match=re.escape(f"unknown step: {name.strip('*')}")):
        o.execute_job(o.reconstructable(fan), instance, reexecution_options=options)


def test_a_mapped_step_that_never_came_to_run_can_be_selected(instance: Any) -> None:
    BROKEN.add("twice 98")
    failed = o.execute_job(o.reconstructable(chained_fan), instance)
    BROKEN.clear()
    options = o.ReexecutionOptions(failed.run_id, step_selection=["twice[b]*"])
    with o.execute_job(o.reconstructable(chained_fan), instance, reexecution_options=options) as again:
        assert again.success and executed(again) == {"twice[b]", "twice_2[b]", "total"}
        assert again.output_for_node("total") == 2 * (194 + 196 + 198)


def test_a_mapped_step_that_failed_runs_again_alone(instance: Any) -> None:
    BROKEN.add("twice 98")
    failed = o.execute_job(o.reconstructable(fan), instance)
    assert failed.get_failed_step_keys() == {"twice[b]"}
    BROKEN.clear()
    again = o.execute_job(
        o.reconstructable(fan),
        instance,
        reexecution_options=o.ReexecutionOptions.from_failure(failed.run_id, instance),
    )
    assert again.success and executed(again) == {"twice[b]", "total"}
    with again:
        assert again.output_for_node("total") == 194 + 196 + 198


def test_without_selection_everything_runs_again(instance: Any) -> None:
    first = o.execute_job(o.reconstructable(chain), instance)
    again = o.execute_job(o.reconstructable(chain), instance, reexecution_options=o.ReexecutionOptions(first.run_id))
    assert executed(again) == {"one", "two", "three", "other"}


def test_wrong_repetitions_are_refused(instance: Any) -> None:
    first = o.execute_job(o.reconstructable(chain), instance)
    for options, error in (
        (o.ReexecutionOptions("nope"), o.RunNotFoundError),
        (o.ReexecutionOptions(first.run_id, ["tow"]), o.ExecutionStepNotFoundError),
        (o.ReexecutionOptions.from_failure(first.run_id, instance), o.InvariantViolationError),
    ):
        with pytest.raises(error):
            o.execute_job(o.reconstructable(chain), instance, reexecution_options=options)


def test_selected_ops_run(instance: Any) -> None:
    result = o.execute_job(o.reconstructable(chain), instance, op_selection=["*two"])
    assert executed(result) == {"one", "two"}


def test_config_of_the_repeated_run_holds_again(instance: Any) -> None:
    config = {"ops": {"configured_op": {"config": {"n": 3}}}}
    first = o.execute_job(o.reconstructable(configured_job), instance, run_config=config)
    again = o.execute_job(
        o.reconstructable(configured_job), instance, reexecution_options=o.ReexecutionOptions(first.run_id)
    )
    with again:
        assert again.output_for_node("configured_op") == 3
    with pytest.raises(o.InvalidConfigError):
        o.execute_job(o.reconstructable(configured_job), instance)


def test_the_first_failure_is_raised_if_asked_for(instance: Any) -> None:
    BROKEN.add("one")
    with pytest.raises(ValueError, match="one"):
        o.execute_job(o.reconstructable(chain), instance, raise_on_error=True)


def test_a_pointer_to_a_job_finds_it_again_after_a_journey() -> None:
    pointer = pickle.loads(pickle.dumps(o.reconstructable(chain)))
    assert pointer.get_definition() is chain
    made = o.build_reconstructable_job(__name__, "make_job", ("named",))
    assert pickle.loads(pickle.dumps(made)).get_definition().name == "named"


def test_what_cannot_be_found_again_is_refused() -> None:
    def inner() -> Any:
        return chain

    for target, told in (
        (lambda: chain, "lambda"),
        (inner, "not defined at module scope"),
        (5, "got <class 'int'>"),
        (make_job("away"), "not found at the top of any module"),
    ):
        with pytest.raises(o.InvariantViolationError, match=told):
            o.reconstructable(target)


def test_run_config_is_checked_without_a_run() -> None:
    given = {"ops": {"configured_op": {"config": {"n": 3}}}}
    assert o.validate_run_config(configured_job, given)["ops"]["configured_op"]["config"] == {"n": 3}
    with pytest.raises(o.InvalidConfigError, match="root:ops:configured_op:config:n"):
        o.validate_run_config(configured_job, {"ops": {"configured_op": {"config": {"n": "x"}}}})
