"""Steps are carried out elsewhere by a step launcher, from a reference that another process takes."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import orrery as o
from orrery.runtime.instance.value_key import find_key_at, place_of_key, value_key_of

_HERE = Path(__file__).resolve()
_CHILD = """
import pickle, sys
from orrery import external_instance_from_step_run_ref, run_step_from_ref

reference = pickle.load(sys.stdin.buffer)
entries = []
instance = external_instance_from_step_run_ref(reference, event_listener_fn=entries.append)
events = list(run_step_from_ref(reference, instance))
lines = [entry.user_message for entry in entries if entry.dagster_event is None]
pickle.dump((events, lines), sys.stdout.buffer)
"""
LINES: list[str] = []
HOOKS: list[str] = []
REFERENCES: list[bytes] = []


class InAnotherProcess(o.StepLauncher):
    """Sends a step to a fresh interpreter that knows this module by another path."""

    def launch_step(self, step_context: Any) -> Iterator[o.Event]:
        reference = pickle.dumps(o.step_context_to_step_run_ref(step_context, package_dir=str(_HERE.parent)))
        REFERENCES.append(reference)
        answer = subprocess.run(
            [sys.executable, "-c", _CHILD],
            input=reference,
            stdout=subprocess.PIPE,
            cwd=_HERE.parents[4],
            check=True,
        )
        events, lines = pickle.loads(answer.stdout)
        LINES.extend(lines)
        yield from events


class InTheseHands(o.StepLauncher):
    """Carries a step out in this process, from a pickled reference."""

    def launch_step(self, step_context: Any) -> Iterator[o.Event]:
        reference = pickle.loads(pickle.dumps(o.step_context_to_step_run_ref(step_context)))
        yield from o.run_step_from_ref(reference, o.external_instance_from_step_run_ref(reference))


class Wanting(o.StepLauncher):
    """Tells too little."""

    def launch_step(self, step_context: Any) -> Iterator[Any]:
        if step_context.step.key == "raises":
            raise KeyError("no cluster")
        if step_context.step.key == "odd":
            yield "a line"


def values_in(folder: Path) -> o.FilesystemIOManager:
    return o.FilesystemIOManager(base_dir=str(folder))


@o.op(required_resource_keys={"launcher"})
def where(context: o.OpExecutionContext) -> int:
    context.log.info("far away")
    return os.getpid()


@o.op
def here(there: int) -> tuple[int, int]:
    return there, os.getpid()


def far() -> o.JobDefinition:
    @o.job(resource_defs={"launcher": o.ResourceDefinition.hardcoded_resource(InAnotherProcess()), **_stores()})
    def far() -> None:
        here(where())

    return far


def _stores() -> dict[str, Any]:
    return {"io_manager": values_in(Path(os.environ["STEP_LAUNCHING_VALUES"]))}


@o.success_hook
def note(context: o.HookContext) -> None:
    HOOKS.append(context.step_key)


@o.op(required_resource_keys={"launcher"}, out=o.DynamicOut(int))
def many() -> Iterator[Any]:
    yield o.DynamicOutput(1, "a")
    yield o.DynamicOutput(2, "b")


@o.op(required_resource_keys={"launcher"}, retry_policy=o.RetryPolicy(max_retries=1))
def plus(context: o.OpExecutionContext, x: int) -> int:
    if context.retry_number == 0:
        raise ValueError("the first time")
    return x + 1


@o.op(required_resource_keys={"launcher"})
async def total(xs: list[int]) -> int:
    return sum(xs)


def mapped() -> o.JobDefinition:
    @o.job(
        resource_defs={"launcher": o.ResourceDefinition.hardcoded_resource(InTheseHands()), **_stores()}, hooks={note}
    )
    def mapped() -> None:
        total(many().map(plus).collect())

    return mapped


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[o.Instance]:
    monkeypatch.setenv("STEP_LAUNCHING_VALUES", str(tmp_path / "values"))
    with o.instance_for_test() as made:
        yield made


def test_a_step_is_carried_out_by_another_process_and_its_events_are_of_the_run(instance: o.Instance) -> None:
    LINES.clear()
    with o.execute_job(o.reconstructable(far), instance) as result:
        there, at_home = result.output_for_node("here")
        kinds = [event.event_type_value for event in result.all_events if event.step_key == "where"]
    assert at_home == os.getpid() != there
    assert kinds == ["STEP_START", "STEP_OUTPUT", "HANDLED_OUTPUT", "STEP_SUCCESS"]
    assert LINES == ["far away"]


def test_the_other_process_signs_with_the_key_of_the_instance_and_is_never_told_it(instance: o.Instance) -> None:
    """It looks where the reference says: the run loads what it stored, and refuses what is signed by nobody."""
    REFERENCES.clear()
    with o.execute_job(o.reconstructable(far), instance) as result:
        assert result.success
    key = value_key_of(instance)
    assert key is not None
    assert REFERENCES
    assert not any(key.secret in reference for reference in REFERENCES)
    assert all(key.name in reference for reference in REFERENCES)


def test_a_process_that_does_not_find_the_key_says_so(instance: o.Instance, tmp_path: Path) -> None:
    """It makes none of its own, which would sign with another."""
    elsewhere = tmp_path / "elsewhere"
    place = place_of_key(instance)
    assert place is not None
    here = o.Instance.ephemeral()
    find_key_at(here, msgspec.structs.replace(place, home=str(elsewhere)))
    with pytest.raises(
        o.StorageError, match=r"does not have the key(.|\n)*there is no \S+values.key here(.|\n)*ORRERY"
    ):
        value_key_of(here)
    assert not elsewhere.exists()
    with o.Instance.local_temp(str(elsewhere)) as other:
        value_key_of(other)
    with pytest.raises(o.StorageError, match="it has another"):
        value_key_of(here)


def test_mapped_steps_and_retries_are_launched_each_and_hooks_run_once_where_the_run_is(instance: o.Instance) -> None:
    HOOKS.clear()
    with o.execute_job(o.reconstructable(mapped), instance) as result:
        assert result.output_for_node("total") == 5
    attempts = [event.step_key for event in result.all_events if event.event_type_value == "STEP_RESTARTED"]
    assert attempts == ["plus[a]", "plus[b]"]
    assert sorted(HOOKS) == ["many", "plus[a]", "plus[b]", "total"]


def test_a_launcher_that_raises_or_tells_no_end_makes_the_step_fail() -> None:
    @o.op(required_resource_keys={"launcher"})
    def raises() -> None: ...

    @o.op(required_resource_keys={"launcher"})
    def silent() -> None: ...

    @o.op(required_resource_keys={"launcher"})
    def odd() -> None: ...

    @o.job(resource_defs={"launcher": o.ResourceDefinition.hardcoded_resource(Wanting())})
    def wanting() -> None:
        raises()
        silent()
        odd()

    result = wanting.execute_in_process(raise_on_error=False)
    failed = {event.step_key: event.step_failure_data.error for event in result.all_events if event.is_step_failure}
    assert "no cluster" in failed["raises"].message
    assert "without telling how step 'silent' ended" in failed["silent"].message
    assert "'a line' for step 'odd', which is no event" in failed["odd"].message


def test_a_job_that_cannot_be_made_again_is_refused_with_what_to_do() -> None:
    @o.job(resource_defs={"launcher": o.ResourceDefinition.hardcoded_resource(InTheseHands())})
    def inner() -> None:
        where()

    with pytest.raises(o.InvariantViolationError, match=r"nobody can make the job 'inner' again(.|\n)*reconstructable"):
        inner.execute_in_process()


def test_the_context_of_a_referred_step_is_made_again(instance: o.Instance) -> None:
    class Looking(o.StepLauncher):
        def launch_step(self, step_context: Any) -> Iterator[o.Event]:
            reference = o.step_context_to_step_run_ref(step_context)
            again = o.step_run_ref_to_step_context(reference, o.external_instance_from_step_run_ref(reference))
            found.append((again.step.key, again.run_id == step_context.run_id, again.previous_attempt_count))
            yield from o.run_step_from_ref(reference, o.external_instance_from_step_run_ref(reference))

    found: list[tuple[str, bool, int]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(InTheseHands, "launch_step", Looking.launch_step)
        with o.execute_job(o.reconstructable(mapped), instance):
            assert ("plus[a]", True, 1) in found


def test_a_file_outside_of_the_package_is_refused(tmp_path: Path) -> None:
    pointer = o.reconstructable(far)
    assert pointer.in_package(str(tmp_path)) == pointer  # a module is named already
    script = type(pointer)("__main__", "far", str(_HERE))
    assert script.in_package(str(_HERE.parent.parent)).module == "verbs.test_step_launching"
    with pytest.raises(o.InvariantViolationError, match="does not lie below"):
        script.in_package(str(tmp_path))
