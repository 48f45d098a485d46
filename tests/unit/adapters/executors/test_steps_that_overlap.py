"""What steps that overlap in one process tell is on record when they tell it, in order; nobody waits for ever."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orrery import (
    Executor,
    Instance,
    Out,
    Output,
    RunStatus,
    execute_job,
    executor,
    in_process_executor,
    job,
    op,
    success_hook,
)

WAIT_SECONDS = 60.0
THREADS = in_process_executor.configured({"threads": 4})
SOURCES = str(Path(__file__).parents[4] / "src")


def told(context: Any, step: str | None = None) -> list[str]:
    """Return what the log of the run has of a step, that which asks if none is named: kinds of events, and lines."""
    return [
        each.dagster_event.event_type_value if each.dagster_event is not None else each.user_message
        for each in context.instance.all_logs(context.run_id)
        if each.step_key == (step or context.op_handle.name)
    ]


@op
async def source() -> int:
    return 1


@op
async def awaits(context: Any, before: int) -> list[str]:
    context.log.info("begins")
    await asyncio.sleep(0)
    return told(context)


@op
def plain(context: Any, before: int) -> list[str]:
    context.log.info("begins")
    return told(context)


def asking(executor: Any) -> Any:
    @job(executor_def=executor)
    def asks() -> None:
        before = source()
        for number in range(4):
            awaits.alias(f"awaits_{number}")(before)
            plain.alias(f"plain_{number}")(before)

    return asks


@pytest.mark.parametrize("executor", [in_process_executor, THREADS], ids=["loop", "threads"])
@pytest.mark.parametrize("is_in_a_loop", [False, True], ids=["script", "notebook"])
def test_a_step_finds_its_start_and_its_inputs_before_its_lines(executor: Any, is_in_a_loop: bool) -> None:
    """At once, as its function begins."""

    async def within() -> Any:
        return asking(executor).execute_in_process(instance=instance)

    with Instance.ephemeral() as instance:
        result = asyncio.run(within()) if is_in_a_loop else asking(executor).execute_in_process(instance=instance)
        for number in range(4):
            for name in (f"awaits_{number}", f"plain_{number}"):
                found = result.output_for_node(name)
                assert found == ["STEP_START", "LOADED_INPUT", "STEP_INPUT", "begins"], name


def test_what_a_step_tells_is_on_record_while_all_others_await() -> None:
    """An output that comes before the function has ended, which another step looks for."""

    @op(out={"early": Out(), "late": Out()})
    async def tells() -> Any:
        yield Output(1, "early")
        await seen.wait()
        yield Output(2, "late")

    @op
    async def looks(context: Any) -> None:
        until = time.monotonic() + WAIT_SECONDS
        while "STEP_OUTPUT" not in told(context, "tells") and time.monotonic() < until:
            await asyncio.sleep(0.01)
        found.append(told(context, "tells"))
        seen.set()

    @job
    def watched() -> None:
        tells()
        looks()

    seen, found = asyncio.Event(), list[list[str]]()
    with Instance.ephemeral() as instance:
        assert watched.execute_in_process(instance=instance).success
    assert found == [["STEP_START", "STEP_OUTPUT", "HANDLED_OUTPUT"]]


def test_a_hook_sees_all_that_its_step_told() -> None:
    """Also what was told before a plain step held the loop."""
    seen: list[list[str]] = []

    @success_hook
    def notes(context: Any) -> None:
        seen.append(told(context, context.step_key))

    @job
    def hooked() -> None:
        before = source()
        awaits.with_hooks({notes})(before)
        plain(before)

    with Instance.ephemeral() as instance:
        hooked.execute_in_process(instance=instance)
    (found,) = seen
    assert found[0] == "STEP_START"
    assert found[-1] == "STEP_SUCCESS"


@pytest.mark.parametrize("executor", [in_process_executor, THREADS], ids=["loop", "threads"])
def test_a_run_that_is_given_up_waits_for_nobody_who_tells(executor: Any) -> None:
    """A step that will not be canceled, and tells more when nobody takes it any more."""

    @op
    async def clings(before: int) -> Any:
        started.append(1)
        try:
            await asyncio.sleep(WAIT_SECONDS)
        except asyncio.CancelledError:
            yield Output(1)

    @op
    async def fails(before: int) -> None:
        while not started:
            await asyncio.sleep(0.001)
        raise ValueError("meant")

    @job(executor_def=executor)
    def given_up() -> None:
        before = source()
        clings(before)
        fails(before)

    def give_up() -> None:
        with pytest.raises(ValueError, match="meant"):
            given_up.execute_in_process()
        ended.append(1)

    started, ended = list[int](), list[int]()
    waits = threading.Thread(target=give_up, daemon=True)  # one that waits for ever is left behind
    waits.start()
    waits.join(WAIT_SECONDS / 2)
    assert ended, "the run waits for a step that nobody listens to"


def test_an_asynchronous_step_in_which_the_process_is_killed_has_failed(tmp_path: Path) -> None:
    """Its start was on the disk before its function was called."""
    program = """
        import asyncio, os, signal, sys
        from orrery import Instance, job, op

        @op
        async def is_killed():
            await asyncio.sleep(0)
            os.kill(os.getpid(), signal.SIGKILL)

        @op
        async def goes_on():
            await asyncio.sleep(600)

        @job
        def nightly():
            goes_on()
            is_killed()

        with Instance.local_temp(sys.argv[1]) as instance:
            nightly.execute_in_process(instance=instance)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": SOURCES},
        capture_output=True,
        timeout=WAIT_SECONDS,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    with Instance.local_temp(str(tmp_path)) as instance:
        (run,) = instance.get_runs()
        assert run.status is RunStatus.FAILURE
        failed = {
            each.step_key
            for each in instance.all_logs(run.run_id)
            if each.dagster_event is not None and each.dagster_event.event_type_value == "STEP_FAILURE"
        }
    assert failed == {"is_killed", "goes_on"}


class GivesUp(Executor):
    """Executes steps until one has started, whose function is not to be called."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._inner = in_process_executor.executor_creation_fn(Config(config))

    @property
    def retries(self) -> Any:
        return self._inner.retries

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[Any]:
        events = self._inner.execute(plan_context, execution_plan)
        for event in events:
            yield event
            if event.event_type_value == "STEP_START":
                events.close()
                raise ValueError("given up")


class Config:
    """The config of an executor, as its function is given it."""

    def __init__(self, executor_config: dict[str, Any]) -> None:
        self.executor_config = executor_config


@pytest.mark.parametrize("threads", [0, 2])
@pytest.mark.parametrize("kind", ["async", "plain"])
def test_a_function_is_not_called_whose_start_nobody_took(kind: str, threads: int) -> None:
    """The run ends there, and soon."""

    @executor(name="gives_up")
    def gives_up(init_context: Any) -> Executor:
        return GivesUp({"threads": threads, "retries": {"enabled": {}}})

    @op
    async def asynchronous() -> None:
        called.append(1)

    @op
    def ordinary() -> None:
        called.append(1)

    @job(executor_def=gives_up)
    def never() -> None:
        (asynchronous if kind == "async" else ordinary)()

    called: list[int] = []
    with Instance.ephemeral() as instance, pytest.raises(ValueError, match="given up"):
        execute_job(never, instance, raise_on_error=True)
    assert called == []


def test_a_step_that_stops_the_loop_stops_nothing_else() -> None:
    """As libraries do that think the loop is theirs: beside threads, the run waited for ever."""
    program = """
        import asyncio
        from orrery import in_process_executor, job, op

        @op
        async def stops() -> int:
            asyncio.get_running_loop().stop()
            await asyncio.sleep(0.01)
            return 1

        @op
        async def after(before: int) -> int:
            await asyncio.sleep(0.01)
            return before + 1

        @op
        def beside() -> None: ...

        @job(executor_def=in_process_executor.configured({"threads": 2}))
        def both():
            after(stops())
            beside()

        print(both.execute_in_process().output_for_node("after"))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env={**os.environ, "PYTHONPATH": SOURCES},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout.split() == ["2"]
