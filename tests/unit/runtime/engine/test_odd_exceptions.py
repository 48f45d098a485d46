"""Whatever a function raises ends its step as failed, with its type, and nothing else with it."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orrery import (
    Backoff,
    ExecuteInProcessResult,
    Failure,
    HookContext,
    In,
    Instance,
    IOManager,
    Jitter,
    Nothing,
    OrreryType,
    Out,
    Output,
    RetryPolicy,
    RetryRequested,
    RunStatus,
    failure_hook,
    graph,
    io_manager,
    job,
    op,
    resource,
    success_hook,
)

MAX_TEXT = 70_000


class BrokenText(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class Unpicklable(Exception):
    def __init__(self, first: int, second: int) -> None:
        super().__init__(first)
        self.handle = lambda: second

    def __reduce__(self) -> Any:
        raise TypeError("cannot be pickled")


class Underived(BaseException):
    """No Exception at all."""


def broken_text() -> None:
    raise BrokenText


def huge_message() -> None:
    raise ValueError("x" * 5_000_000)


def cyclic_cause() -> None:
    first, second = ValueError("first"), KeyError("second")
    first.__cause__, second.__cause__ = second, first
    raise first


def own_context() -> None:
    error = ValueError("mine")
    error.__context__ = error
    raise error


def long_chain() -> None:
    error: Exception | None = None
    for number in range(5_000):
        following = ValueError(str(number))
        following.__cause__ = error
        error = following
    assert error is not None
    raise error


def unpicklable() -> None:
    raise Unpicklable(1, 2)


def system_exit() -> None:
    sys.exit(3)


def keyboard_interrupt() -> None:
    raise KeyboardInterrupt("of the user's own")


def generator_exit() -> None:
    raise GeneratorExit("of the user's own")


def endless_recursion() -> None:
    endless_recursion()


def memory_error() -> None:
    raise MemoryError


def underived() -> None:
    raise Underived


def several_at_once() -> None:
    raise ExceptionGroup("many", [ValueError("a"), KeyError("b")])


def lone_surrogate() -> None:
    raise ValueError("\ud800")


FUNCTIONS: dict[Callable[[], None], str] = {
    broken_text: "BrokenText",
    huge_message: "ValueError",
    cyclic_cause: "ValueError",
    own_context: "ValueError",
    long_chain: "ValueError",
    unpicklable: "Unpicklable",
    system_exit: "SystemExit",
    keyboard_interrupt: "KeyboardInterrupt",
    generator_exit: "GeneratorExit",
    endless_recursion: "RecursionError",
    memory_error: "MemoryError",
    underived: "Underived",
    several_at_once: "ExceptionGroup",
    lone_surrogate: "ValueError",
}


def run_beside_another(bad: Any, instance: Instance | None = None, **options: Any) -> ExecuteInProcessResult:
    """Run *bad*, one step below it, and one beside it that must go on."""

    @op(ins={"start": In(Nothing)})
    def below() -> None: ...

    @op
    def beside() -> int:
        return 5

    @graph
    def three() -> None:
        below(bad())
        beside()

    result = three.to_job(**options).execute_in_process(raise_on_error=False, instance=instance)
    assert result.dagster_run.status is RunStatus.FAILURE
    assert result.output_for_node("beside") == 5
    assert [event.step_key for event in result.filter_events(lambda event: event.is_step_skipped)] in ([], ["below"])
    return result


def error_of(result: ExecuteInProcessResult) -> Any:
    (event,) = result.filter_events(lambda event: event.is_step_failure)
    return event.step_failure_data.error


@pytest.mark.parametrize("shape", ["plain", "generator", "async"])
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_the_step_fails_with_the_type(function: Callable[[], None], shape: str) -> None:
    def generator() -> Iterator[Any]:
        function()
        yield Output(None)

    async def coroutine() -> None:
        function()

    body = {"plain": function, "generator": generator, "async": coroutine}[shape]
    error = error_of(run_beside_another(op(name="bad")(body)))
    types = []
    while error is not None:
        types.append(error.cls_name)
        assert len(error.message) < MAX_TEXT
        error = error.cause
    assert FUNCTIONS[function] in types


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_the_record_is_kept_and_read_again(function: Callable[[], None]) -> None:
    """What an exception says goes through a database, whatever it is."""
    with Instance.local_temp() as instance:
        result = run_beside_another(op(name="bad")(function), instance)
        entries = instance.all_logs(result.run_id)
    kept = [each.dagster_event for each in entries if each.dagster_event and each.dagster_event.is_step_failure]
    assert [event.step_failure_data.error.cause.cls_name for event in kept] == [FUNCTIONS[function]]


def failing(error: BaseException) -> Any:
    raise error


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1), KeyboardInterrupt(), GeneratorExit()], ids=repr)
@pytest.mark.parametrize("place", ["loading", "storing", "checking", "resource"])
def test_the_user_s_code_around_the_function_fails_the_same(error: BaseException, place: str) -> None:
    class Manager(IOManager):
        def handle_output(self, context: Any, obj: Any) -> None:
            if place == "storing":
                failing(error)

        def load_input(self, context: Any) -> Any:
            return failing(error)

    refusing = OrreryType(lambda _context, _value: failing(error), name="Refusing")

    @op(out=Out(refusing if place == "checking" else int, io_manager_key="manager"))
    def first() -> int:
        return 1

    @op
    def second(value: int) -> None: ...

    @resource
    def opened(_context: Any) -> Any:
        return failing(error) if place == "resource" else 1

    @graph
    def both() -> None:
        second(first())

    @op(required_resource_keys={"opened"})
    def uses() -> None: ...

    @graph
    def one() -> None:
        uses()

    chosen = one if place == "resource" else both
    made = chosen.to_job(resource_defs={"manager": io_manager(lambda _: Manager()), "opened": opened})
    result = made.execute_in_process(raise_on_error=False)
    assert result.dagster_run.status is RunStatus.FAILURE
    failed = [event.step_key for event in result.filter_events(lambda event: event.is_step_failure)]
    assert failed == {"loading": ["second"], "resource": []}.get(place, ["first"])


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1), KeyboardInterrupt(), GeneratorExit()], ids=repr)
def test_a_hook_that_raises_is_recorded_and_changes_nothing(error: BaseException) -> None:
    told = []

    @success_hook(name="a_bad_hook")
    def bad(context: HookContext) -> None:
        failing(error)

    @success_hook(name="a_good_hook")
    def good(context: HookContext) -> None:
        told.append(context.op.name)

    @op
    def fine() -> int:
        return 1

    @job(hooks={bad, good})
    def hooked() -> None:
        fine()

    result = hooked.execute_in_process()
    assert result.success
    assert told == ["fine"]
    (event,) = result.filter_events(lambda event: event.event_type_value == "HOOK_ERRORED")
    assert event.event_specific_data.error.cause.cls_name == type(error).__name__


def test_a_failure_hook_that_raises_leaves_the_failure_as_it_was() -> None:
    @failure_hook
    def bad(context: HookContext) -> None:
        raise ValueError("of the hook")

    def function() -> None:
        raise KeyError("of the function")

    result = run_beside_another(op(name="bad")(function), hooks={bad})
    assert error_of(result).cause.cls_name == "KeyError"


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1), GeneratorExit()], ids=repr)
def test_a_teardown_that_raises_does_not_keep_the_others_open(error: BaseException) -> None:
    closed = []

    def closing(name: str) -> Any:
        @resource
        def made(_context: Any) -> Iterator[str]:
            yield name
            closed.append(name)
            if name == "b":
                failing(error)

        return made

    @op(required_resource_keys={"a", "b", "c"})
    def uses() -> None: ...

    @job(resource_defs={name: closing(name) for name in "abc"})
    def three() -> None:
        uses()

    result = three.execute_in_process()
    assert result.success
    assert closed == ["c", "b", "a"]
    told = [event for event in result.all_events if "Teardown of resources" in (event.message or "")]
    assert len(told) == 1
    assert told[0].event_specific_data.error.cls_name == type(error).__name__


def attempts_of(function: Any, **options: Any) -> tuple[int, ExecuteInProcessResult]:
    """Run *function* as an op; return how often it was called."""
    calls = []

    @op(name="counted", **options)
    def counted(context: Any) -> None:
        calls.append(context.retry_number)
        function(len(calls))

    @job
    def one() -> None:
        counted()

    result = one.execute_in_process(raise_on_error=False)
    assert calls == list(range(len(calls)))
    restarted = result.filter_events(lambda event: event.event_type_value == "STEP_RESTARTED")
    assert len(restarted) == len(calls) - 1
    return len(calls), result


def test_a_policy_tries_again_as_often_as_it_says() -> None:
    def always(_call: int) -> None:
        raise ValueError("again")

    count, result = attempts_of(always, retry_policy=RetryPolicy(max_retries=3))
    assert (count, result.success) == (4, False)


def test_a_policy_stops_at_success() -> None:
    def twice(call: int) -> None:
        if call < 3:
            raise ValueError("again")

    count, result = attempts_of(twice, retry_policy=RetryPolicy(max_retries=5))
    assert (count, result.success) == (3, True)


def test_a_failure_may_forbid_retries() -> None:
    def forbidding(_call: int) -> None:
        raise Failure("it is of no use", allow_retries=False)

    count, result = attempts_of(forbidding, retry_policy=RetryPolicy(max_retries=5))
    assert (count, result.success) == (1, False)


def test_a_failure_allows_retries_by_default() -> None:
    def failure(_call: int) -> None:
        raise Failure("perhaps later")

    assert attempts_of(failure, retry_policy=RetryPolicy(max_retries=2))[0] == 3


def test_a_requested_retry_counts_on_its_own() -> None:
    def asking(_call: int) -> None:
        raise RetryRequested(max_retries=2)

    count, result = attempts_of(asking, retry_policy=RetryPolicy(max_retries=7))
    assert (count, result.success) == (3, False)


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), Underived()], ids=repr)
def test_what_is_no_exception_is_tried_again_too(error: BaseException) -> None:
    def once(call: int) -> None:
        if call == 1:
            raise error

    count, result = attempts_of(once, retry_policy=RetryPolicy(max_retries=1))
    assert (count, result.success) == (2, True)


@pytest.mark.parametrize(
    ("backoff", "delays"),
    [(None, [2.0, 2.0, 2.0]), (Backoff.LINEAR, [2.0, 4.0, 6.0]), (Backoff.EXPONENTIAL, [2.0, 6.0, 14.0])],
)
def test_delays_grow_as_the_backoff_says(backoff: Backoff | None, delays: list[float]) -> None:
    policy = RetryPolicy(max_retries=3, delay=2.0, backoff=backoff)
    assert [policy.calculate_delay(attempt, 0.5) for attempt in (1, 2, 3)] == delays


@pytest.mark.parametrize("chance", [0.0, 0.25, 0.999])
def test_jitter_keeps_delays_within_its_bounds(chance: float) -> None:
    full = RetryPolicy(max_retries=1, delay=10.0, jitter=Jitter.FULL).calculate_delay(1, chance)
    around = RetryPolicy(max_retries=1, delay=10.0, jitter=Jitter.PLUS_MINUS).calculate_delay(1, chance)
    assert full == pytest.approx(10.0 * chance)
    assert 0.0 <= around <= 20.0


def test_an_error_about_a_function_that_it_did_not_raise_itself_says_where_the_function_is() -> None:
    @op(out={"left": Out(), "right": Out()})
    def both() -> Iterator[Output[int]]:
        yield Output(1, "left")
        yield Output(1, "left")

    @op
    def wrong() -> int:
        return "text"  # type: ignore[return-value]  # that is what is refused

    @job
    def all_of_it() -> None:
        both()
        wrong()

    result = all_of_it.execute_in_process(raise_on_error=False)
    frames = {
        event.step_key: event.step_failure_data.error.user_frames
        for event in result.all_events
        if event.is_step_failure and event.step_failure_data.error is not None
    }
    assert [(key, [frame.code for frame in told]) for key, told in sorted(frames.items(), key=str)] == [
        ("both", ["def both() -> Iterator[Output[int]]:"]),
        ("wrong", ["def wrong() -> int:"]),
    ]
