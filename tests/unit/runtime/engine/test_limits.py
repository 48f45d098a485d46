"""Time limits: what takes too long is stopped, says so, and takes nothing else with it."""

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orrery import (
    MAX_RUNTIME_SECONDS_TAG,
    ExecuteInProcessResult,
    In,
    Instance,
    Nothing,
    RetryPolicy,
    RunStatus,
    asset,
    graph,
    job,
    materialize,
    op,
    resource,
)
from orrery.base.errors import InvalidDefinitionError, TimeLimitExceededError
from orrery.runtime.engine.expiry import Expiry
from orrery.runtime.engine.limits import TimeLimits, limit_in

SHORT = {MAX_RUNTIME_SECONDS_TAG: "0.05"}
FOREVER = 30.0


@op
def quick() -> int:
    """End at once."""
    return 1


def run(definition: Any, **options: Any) -> ExecuteInProcessResult:
    """Run one op as a job, and see to it that nothing waited for the function's own end."""

    @graph(name="one")
    def one() -> None:
        definition()

    began = time.monotonic()
    result = one.to_job(**options).execute_in_process(raise_on_error=False)
    assert time.monotonic() - began < FOREVER / 2
    return result


def failure_of(result: ExecuteInProcessResult, step: str) -> Any:
    (found,) = [event for event in result.filter_events(lambda event: event.is_step_failure) if event.step_key == step]
    return found.step_failure_data.error


def ending(result: ExecuteInProcessResult) -> str:
    return str(result.all_events[-1].message)


def sleeping() -> None:
    time.sleep(FOREVER)


def busy() -> None:
    while True:
        pass


def swallowing_exceptions() -> None:
    while True:
        try:
            time.sleep(FOREVER)
        except Exception:
            continue


def waiting_for_another_thread() -> None:
    threading.Event().wait(FOREVER)


@pytest.mark.parametrize("function", [sleeping, busy, swallowing_exceptions, waiting_for_another_thread])
def test_a_plain_function_is_interrupted_at_its_limit(function: Callable[[], None]) -> None:
    result = run(op(name="slow", tags=SHORT)(function))
    error = failure_of(result, "slow")
    assert error.cls_name == "TimeLimitExceededError"
    assert "Step 'slow' was stopped at its limit of 0.05 s." in error.message
    assert any(function.__name__ in str(frame) for frame in error.user_frames), "it says where the function was"
    assert result.dagster_run.status is RunStatus.FAILURE


def test_a_coroutine_is_canceled_at_its_limit_and_may_put_its_things_away() -> None:
    put_away = []

    @op(tags=SHORT)
    async def slow() -> None:
        try:
            await asyncio.sleep(FOREVER)
        finally:
            put_away.append(True)

    assert "limit of 0.05 s" in failure_of(run(slow), "slow").message
    assert put_away == [True]


def test_a_coroutine_at_its_limit_leaves_the_others_alone() -> None:
    @op(tags=SHORT)
    async def slow() -> None:
        await asyncio.sleep(FOREVER)

    @op
    async def steady() -> int:
        await asyncio.sleep(0.1)
        return 5

    @job
    def both() -> None:
        slow()
        steady()

    result = both.execute_in_process(raise_on_error=False)
    assert "limit of 0.05 s" in failure_of(result, "slow").message
    assert result.output_for_node("steady") == 5


def test_an_asynchronous_generator_is_stopped_between_its_values() -> None:
    @op(tags=SHORT)
    async def slow() -> Any:
        await asyncio.sleep(FOREVER)
        yield 1

    assert "limit of 0.05 s" in failure_of(run(slow), "slow").message


def test_a_function_in_another_thread_is_interrupted_at_its_next_line() -> None:
    @op(tags=SHORT)
    def slow() -> None:
        while True:
            time.sleep(0.001)

    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(run(slow)))
    thread.start()
    thread.join()
    assert "limit of 0.05 s" in failure_of(results[0], "slow").message


def test_a_function_that_catches_everything_is_interrupted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orrery.runtime.engine.limits._AGAIN_SECONDS", 0.02)
    caught = []

    @op(tags=SHORT)
    def stubborn() -> None:
        while len(caught) < 3:
            try:
                time.sleep(FOREVER)
            except BaseException as error:
                caught.append(type(error).__name__)
        time.sleep(FOREVER)

    assert "limit of 0.05 s" in failure_of(run(stubborn), "stubborn").message
    assert caught == ["LimitReached"] * 3


def test_each_attempt_has_the_whole_limit() -> None:
    attempts = []

    @op(tags=SHORT, retry_policy=RetryPolicy(max_retries=2))
    def slow() -> None:
        attempts.append(True)
        if len(attempts) < 3:
            time.sleep(FOREVER)

    assert run(slow).success
    assert len(attempts) == 3


def test_a_step_below_its_limit_is_left_alone() -> None:
    @op(tags={MAX_RUNTIME_SECONDS_TAG: "30"})
    def fine() -> int:
        return 7

    assert run(fine).output_for_node("fine") == 7


def test_the_time_of_one_step_is_not_charged_to_the_next() -> None:
    @op(ins={"after": In(Nothing)}, tags={MAX_RUNTIME_SECONDS_TAG: "0.2"})
    def second() -> None:
        time.sleep(0.01)

    @op(tags={MAX_RUNTIME_SECONDS_TAG: "5"})
    def first() -> None:
        time.sleep(0.25)

    @job
    def both() -> None:
        second(first())

    assert both.execute_in_process(raise_on_error=False).success


def test_an_asset_has_its_limit_in_op_tags() -> None:
    @asset(op_tags={"dagster/max_runtime": "0.05"})
    def slow() -> None:
        time.sleep(FOREVER)

    assert "limit of 0.05 s" in failure_of(materialize([slow], raise_on_error=False), "slow").message


def test_the_limit_is_raised_where_failures_are_raised() -> None:
    @asset(op_tags=SHORT)
    def slow() -> None:
        time.sleep(FOREVER)

    with pytest.raises(TimeLimitExceededError) as caught:
        materialize([slow])
    assert (caught.value.scope, caught.value.seconds) == ("step", 0.05)


@pytest.mark.parametrize("is_async", [False, True])
def test_a_run_is_stopped_at_its_limit(is_async: bool) -> None:
    began = []

    @op
    def plain() -> None:
        began.append("plain")
        time.sleep(FOREVER)

    @op
    async def coroutine() -> None:
        began.append("coroutine")
        await asyncio.sleep(FOREVER)

    slow = coroutine if is_async else plain

    @op(ins={"after": In(Nothing)})
    def later() -> None:
        began.append("later")

    @job(tags=SHORT)
    def nightly() -> None:
        later(slow())

    result = nightly.execute_in_process(raise_on_error=False)
    assert result.dagster_run.status is RunStatus.FAILURE
    assert "The run was stopped at its limit of 0.05 s." in ending(result)
    assert "the run reached its limit" in failure_of(result, slow.name).message
    assert began == [slow.name]


def test_a_run_at_its_limit_starts_no_further_step() -> None:
    began = []

    @op
    def slow() -> None:
        began.append(True)
        time.sleep(FOREVER)

    @job(tags=SHORT)
    def nightly() -> None:
        slow.alias("one")()
        slow.alias("two")()

    result = nightly.execute_in_process(raise_on_error=False)
    assert len(began) == 1
    assert "limit of 0.05 s" in ending(result)


def test_a_step_is_not_tried_again_in_a_run_at_its_limit() -> None:
    attempts = []

    @op(retry_policy=RetryPolicy(max_retries=5))
    def slow() -> None:
        attempts.append(True)
        time.sleep(FOREVER)

    run(slow, tags=SHORT)
    assert len(attempts) == 1


def test_the_wait_for_a_retry_ends_with_the_run() -> None:
    @op(retry_policy=RetryPolicy(max_retries=1, delay=FOREVER))
    def failing() -> None:
        raise ValueError("once more")

    result = run(failing, tags=SHORT)
    assert "The run was stopped at its limit of 0.05 s." in ending(result)


def test_a_resource_that_hangs_is_stopped_and_those_before_it_are_closed() -> None:
    closed = []

    @resource
    def first(_context: Any) -> Iterator[int]:
        yield 1
        closed.append("first")

    @resource(required_resource_keys={"first"})
    def hanging(_context: Any) -> None:
        time.sleep(FOREVER)

    @op(required_resource_keys={"first", "hanging"})
    def uses() -> None: ...

    result = run(uses, resource_defs={"first": first, "hanging": hanging}, tags=SHORT)
    assert "The run was stopped at its limit of 0.05 s." in ending(result)
    assert closed == ["first"]


def test_a_teardown_is_not_interrupted() -> None:
    closed = []

    @resource
    def slow_to_close(_context: Any) -> Iterator[int]:
        yield 1
        time.sleep(0.15)
        closed.append(True)

    @op(required_resource_keys={"it"})
    def sleeps() -> None:
        time.sleep(FOREVER)

    run(sleeps, resource_defs={"it": slow_to_close}, tags=SHORT)
    assert closed == [True]


def test_records_are_whole_after_a_limit() -> None:
    """The timer goes off while an instance writes what the function logs; what is written is written whole."""

    @op(tags={MAX_RUNTIME_SECONDS_TAG: "0.1"})
    def chatty(context: Any) -> None:
        number = 0
        while True:
            context.log.info(f"line {number}")
            number += 1

    @job
    def talks() -> None:
        chatty()

    with Instance.local_temp() as instance:
        result = talks.execute_in_process(instance=instance, raise_on_error=False)
        lines = [entry.user_message for entry in instance.all_logs(result.run_id) if entry.dagster_event is None]
        assert lines == [f"line {number}" for number in range(len(lines))]
        assert len(lines) > 10
        assert instance.get_run_by_id(result.run_id).status is RunStatus.FAILURE  # type: ignore[union-attr]


def test_a_run_inside_a_step_keeps_to_its_own_limit_and_gives_the_timer_back() -> None:
    @op(tags=SHORT)
    def inner() -> None:
        time.sleep(FOREVER)

    @op(tags={MAX_RUNTIME_SECONDS_TAG: "0.3"})
    def outer() -> None:
        assert "limit of 0.05 s" in failure_of(run(inner), "inner").message
        time.sleep(FOREVER)

    assert "Step 'outer' was stopped at its limit of 0.3 s." in failure_of(run(outer), "outer").message


def test_the_timer_of_the_process_is_left_as_it_was() -> None:
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(True))
    try:
        assert "limit of 0.05 s" in failure_of(run(op(name="slow", tags=SHORT)(busy)), "slow").message
        assert signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL
        assert not rung
    finally:
        signal.signal(signal.SIGALRM, before)
    run(op(name="slow", tags=SHORT)(busy))
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.parametrize("given", ["abc", "0", "-1", "inf", "nan", ""])
def test_a_limit_is_a_positive_number_of_seconds(given: str) -> None:
    with pytest.raises(InvalidDefinitionError, match="is no number of seconds"):
        limit_in({MAX_RUNTIME_SECONDS_TAG: given}, "step 'a'")


def test_a_wrong_limit_fails_the_run_and_names_the_step() -> None:
    assert "of step 'quick' is 'abc'" in ending(run(quick.tag({MAX_RUNTIME_SECONDS_TAG: "abc"})))


def test_no_tag_no_limit() -> None:
    assert limit_in({}, "the run") is None


def test_what_is_due_follows_the_clock() -> None:
    now = [0.0]
    limits = TimeLimits(10.0, clock=lambda: now[0])
    limits._step_key, limits._step_seconds, limits._step_deadline = "a", 2.0, 2.0
    assert limits.due() is None
    now[0] = 2.0
    assert limits.due() == Expiry("step", 2.0, "a")
    limits.end_step()
    assert (limits.due(), limits.left(), limits.left(3.0)) == (None, 8.0, 3.0)
    now[0] = 10.0
    assert limits.due() == Expiry("run", 10.0, None)
    with pytest.raises(TimeLimitExceededError, match="The run was stopped at its limit of 10 s"):
        limits.check_run()


PROFILED = """
import cProfile, sys, threading, time
from orrery import MAX_RUNTIME_SECONDS_TAG, job, op

@op(tags={MAX_RUNTIME_SECONDS_TAG: sys.argv[1]})
def waits():
    time.sleep(0.1)  # what is thrown meanwhile arrives after it

@job
def one():
    waits()

ended = []
runs = threading.Thread(target=lambda: ended.append(one.execute_in_process(raise_on_error=False).success))
runs.start()
runs.join()
cProfile.runctx("sorted(map(str, range(10)), key=lambda each: each)", {}, {})
print(ended)
"""


@pytest.mark.parametrize(("seconds", "ended"), [("60", "[True]"), ("0.05", "[False]")])
def test_a_program_can_be_profiled_after_a_step_with_a_limit(seconds: str, ended: str) -> None:
    """Reached or not, nothing is left behind in the interpreter that a profiler of Python 3.11 would look for without end."""
    command = [sys.executable, "-c", PROFILED, seconds]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert found.stdout.splitlines()[-1] == ended
