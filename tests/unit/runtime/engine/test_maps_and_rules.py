"""Dynamic outputs, rules on edges, retries and skips, as a user sees them when a job has run."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.counting import assert_linear

from orrery.api.verbs.materialize import materialize
from orrery.definitions.assets.asset_spec import AssetSpec
from orrery.definitions.decorators.asset import asset
from orrery.definitions.decorators.asset_check import multi_asset_check
from orrery.definitions.decorators.graph import job
from orrery.definitions.decorators.multi_asset import multi_asset
from orrery.definitions.decorators.op import op
from orrery.definitions.parts.inputs_outputs import DynamicOut, Out
from orrery.definitions.parts.policies import RetryPolicy
from orrery.model.assets.check_spec import AssetCheckSpec
from orrery.model.events.checks import AssetCheckResult, AssetCheckSeverity
from orrery.model.events.user import DynamicOutput, MaterializeResult


def kinds(result: Any, *wanted: str) -> list[tuple[str, str]]:
    """Return kind and step of the events of some kinds, in order."""
    return [(each.event_type_value, each.step_key) for each in result.all_events if each.event_type_value in wanted]


def reasons(result: Any) -> dict[str, str]:
    """Return the reason of each skip, out of its event."""
    return {
        each.step_key: each.event_specific_data.reason
        for each in result.all_events
        if each.event_type_value == "STEP_SKIPPED"
    }


@op(out=DynamicOut())
def letters():  # type: ignore[no-untyped-def]
    for each in "abc":
        yield DynamicOutput(each, each)


@op
def gather(xs):  # type: ignore[no-untyped-def]
    return xs


def test_mapped_steps_cost_the_same_however_many_they_are() -> None:
    """Mapped, stored, loaded and collected, with all their events."""

    def of(size: int) -> Callable[[], None]:
        @op(out=DynamicOut())
        def numbers():  # type: ignore[no-untyped-def]
            for number in range(size):
                yield DynamicOutput(number, str(number))

        @op
        def double(x):  # type: ignore[no-untyped-def]
            return 2 * x

        @op
        def total(xs):  # type: ignore[no-untyped-def]
            return sum(xs)

        @job
        def wide() -> None:
            total(numbers().map(double).collect())

        def work() -> None:
            assert wide.execute_in_process().output_for_node("total") == size * (size - 1)

        return work

    assert_linear(of, 500, per_item=1_000)


def test_a_chain_of_ten_thousand_assets_runs() -> None:
    """Each is told as materialized, in order; nothing recurses."""
    chain: list[Any] = [asset(name="a0")(lambda: 1)]
    chain += [asset(name=f"a{number}", deps=[f"a{number - 1}"])(lambda: 1) for number in range(1, 10_000)]
    result = materialize(chain)
    made = [key for kind, key in kinds(result, "ASSET_MATERIALIZATION")]
    assert made == [f"a{number}" for number in range(10_000)]


def test_a_mapped_step_is_retried_alone() -> None:
    """The other steps of the map run once, and the collection is whole and in order."""
    calls: list[str] = []

    @op(retry_policy=RetryPolicy(max_retries=2))
    def flaky(x):  # type: ignore[no-untyped-def]
        calls.append(x)
        if x == "b" and calls.count("b") < 3:
            raise ValueError("not yet")
        return x.upper()

    @job
    def small() -> None:
        gather(letters().map(flaky).collect())

    result = small.execute_in_process()
    assert sorted(calls) == ["a", "b", "b", "b", "c"]
    assert (
        kinds(result, "STEP_UP_FOR_RETRY", "STEP_RESTARTED")
        == [
            ("STEP_UP_FOR_RETRY", "flaky[b]"),
            ("STEP_RESTARTED", "flaky[b]"),
        ]
        * 2
    )
    assert result.output_for_node("gather") == ["A", "B", "C"]


def test_a_dynamic_step_that_is_retried_is_mapped_once() -> None:
    """The items of the failed attempt are not mapped."""
    attempts: list[int] = []

    @op(out=DynamicOut(), retry_policy=RetryPolicy())
    def flaky():  # type: ignore[no-untyped-def]
        attempts.append(1)
        yield DynamicOutput(1, "only")
        if len(attempts) == 1:
            yield DynamicOutput(2, "lost")
            raise ValueError("not yet")

    @job
    def small() -> None:
        gather(flaky().map(gather.alias("each")).collect())

    result = small.execute_in_process()
    assert result.output_for_node("gather") == [1]
    assert kinds(result, "STEP_SUCCESS") == [
        ("STEP_SUCCESS", "flaky"),
        ("STEP_SUCCESS", "each[only]"),
        ("STEP_SUCCESS", "gather"),
    ]


def test_two_dynamic_outputs_give_every_pair() -> None:
    """A map over both, collected one after the other, is a table."""

    @op(out=DynamicOut())
    def digits():  # type: ignore[no-untyped-def]
        for each in "12":
            yield DynamicOutput(each, each)

    @op
    def pair(x, y):  # type: ignore[no-untyped-def]
        return x + y

    @job
    def table() -> None:
        found = digits()
        rows = letters().map(lambda x: gather.alias("row")(found.map(lambda y: pair(x, y)).collect()))
        gather.alias("rows")(rows.collect())

    assert table.execute_in_process().output_for_node("rows") == [["a1", "a2"], ["b1", "b2"], ["c1", "c2"]]


def test_a_map_inside_a_map_collects_lists_of_lists() -> None:
    """Each outer item has its own inner items; one without any gives an empty list."""

    @op(out=DynamicOut())
    def copies(x):  # type: ignore[no-untyped-def]
        for number in range("abc".index(x)):
            yield DynamicOutput(x * (number + 1), str(number))

    @job
    def nested() -> None:
        lists = letters().map(lambda x: gather.alias("inner")(copies(x).map(gather.alias("same")).collect()))
        gather.alias("outer")(lists.collect())

    assert nested.execute_in_process().output_for_node("outer") == [[], ["b"], ["c", "cc"]]


@pytest.mark.parametrize("rule", ["all_done", "any_succeeded"])
def test_a_report_runs_in_spite_of_a_failure(rule: str) -> None:
    """It gets None, or its default, for what nobody gave; the run has failed all the same."""
    seen: list[Any] = []

    @op
    def bad() -> int:
        raise ValueError("no")

    @op
    def good() -> int:
        return 3

    @op(tags={"orrery/run_when": rule})
    def report(wrong, right, several, fallback=5, typed: int | None = None):  # type: ignore[no-untyped-def]
        seen.append((wrong, right, several, fallback, typed))

    @job
    def small() -> None:
        lost, kept = bad(), good()
        report(lost, kept, [lost, kept], lost, lost)

    result = small.execute_in_process(raise_on_error=False)
    assert seen == [(None, 3, [3], 5, None)]
    assert not result.success


def test_a_typed_input_under_all_done_must_allow_none() -> None:
    """The type check names the input: a value that nobody gave is no int."""

    @op
    def bad() -> int:
        raise ValueError("no")

    @op(tags={"orrery/run_when": "all_done"})
    def report(count: int) -> int:
        return count

    @job
    def small() -> None:
        report(bad())

    result = small.execute_in_process(raise_on_error=False)
    (error,) = [
        each.event_specific_data.error.message
        for each in result.all_events
        if each.event_type_value == "STEP_FAILURE" and each.step_key == "report"
    ]
    assert 'step input "count"' in error


def test_an_asset_may_run_when_all_is_done() -> None:
    """The rule stands in op_tags; what it loads of a failed parent is None."""
    seen: list[Any] = []

    @asset
    def bad() -> int:
        raise ValueError("no")

    @asset
    def good() -> int:
        return 2

    @asset(op_tags={"orrery/run_when": "all_done"})
    def summary(bad, good):  # type: ignore[no-untyped-def]
        seen.append((bad, good))

    @asset
    def below(bad):  # type: ignore[no-untyped-def]
        seen.append(bad)

    result = materialize([bad, good, summary, below], raise_on_error=False)
    assert seen == [(None, 2)]
    assert reasons(result) == {"below": "upstream 'bad' failed"}


@pytest.mark.parametrize("severity", [AssetCheckSeverity.ERROR, AssetCheckSeverity.WARN])
def test_a_failed_blocking_check_skips_the_dependants_of_its_asset_with_its_name(severity: AssetCheckSeverity) -> None:
    """Those of the other asset run; a warning blocks nobody."""

    @asset
    def left() -> int:
        return 1

    @asset
    def right() -> int:
        return 1

    @asset
    def below_left(left):  # type: ignore[no-untyped-def]
        return 1

    @asset
    def below_right(right):  # type: ignore[no-untyped-def]
        return 1

    @multi_asset_check(specs=[AssetCheckSpec(name="full", asset=each, blocking=True) for each in ("left", "right")])
    def checks():  # type: ignore[no-untyped-def]
        yield AssetCheckResult(asset_key="left", check_name="full", passed=False, severity=severity)
        yield AssetCheckResult(asset_key="right", check_name="full", passed=True)

    result = materialize([left, right, below_left, below_right, checks], raise_on_error=False)
    made = {key for _kind, key in kinds(result, "ASSET_MATERIALIZATION")}
    if severity is AssetCheckSeverity.ERROR:
        assert made == {"left", "right", "below_right"}
        assert reasons(result) == {"below_left": "blocking check 'full' of asset 'left' failed"}
    else:
        assert made == {"left", "right", "below_left", "below_right"}


def test_a_check_in_a_multi_asset_blocks_the_dependants_of_its_asset_alone() -> None:
    """The other asset of the function was stored, and its dependant loads it."""

    @multi_asset(
        specs=[AssetSpec("left"), AssetSpec("right")],
        check_specs=[AssetCheckSpec("full", asset="left", blocking=True)],
    )
    def both():  # type: ignore[no-untyped-def]
        yield MaterializeResult(asset_key="left")
        yield MaterializeResult(asset_key="right")
        yield AssetCheckResult(asset_key="left", check_name="full", passed=False)

    @asset(deps=["left"])
    def below_left() -> int:
        return 1

    @asset(deps=["right"])
    def below_right() -> int:
        return 1

    result = materialize([both, below_left, below_right], raise_on_error=False)
    assert not result.success
    assert reasons(result) == {"below_left": "blocking check 'full' of asset 'left' failed"}
    assert ("STEP_SUCCESS", "below_right") in kinds(result, "STEP_SUCCESS")


def test_high_priority_overtakes_what_was_ready_before() -> None:
    """In one process the next step is chosen after each."""
    order: list[str] = []

    def step(name: str, inputs: int, priority: int) -> Any:
        @op(name=name, tags={"orrery/priority": str(priority)})
        def first() -> int:
            order.append(name)
            return 1

        @op(name=name, tags={"orrery/priority": str(priority)})
        def other(x):  # type: ignore[no-untyped-def]
            order.append(name)
            return x

        return other if inputs else first

    @job
    def small() -> None:
        start = step("a", 0, 0)()
        step("b", 0, 0)()
        step("urgent", 1, 9)(start)

    small.execute_in_process()
    assert order == ["a", "urgent", "b"]


def test_every_skip_bears_its_reason_in_the_event() -> None:
    """A branch that is not taken, what is below it, and what is below a failure."""

    @op(out={"left": Out(is_required=False), "right": Out(is_required=False)})
    def choose():  # type: ignore[no-untyped-def]
        return
        yield

    @op
    def bad(x) -> int:  # type: ignore[no-untyped-def]
        raise ValueError("no")

    @job
    def small() -> None:
        gather.alias("below")(gather.alias("taken")(choose().left))
        gather.alias("last")(gather.alias("after_bad")(bad(letters().collect())))

    assert reasons(small.execute_in_process(raise_on_error=False)) == {
        "taken": "upstream 'choose' did not give output 'left', which input 'xs' takes",
        "below": "upstream 'taken', which input 'xs' takes, was skipped",
        "after_bad": "upstream 'bad' failed",
        "last": "upstream 'after_bad' was not executed, because 'bad' failed",
    }
