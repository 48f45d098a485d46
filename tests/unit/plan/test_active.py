"""A run as a state machine: what is launched when, what is skipped and why; no engine, no clock."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from tests.support.counting import assert_linear

from orrery.base.errors import InvariantViolationError
from orrery.definitions.assets.asset_job import build_asset_job
from orrery.definitions.assets.asset_spec import AssetSpec
from orrery.definitions.decorators.asset import asset
from orrery.definitions.decorators.asset_check import asset_check, multi_asset_check
from orrery.definitions.decorators.graph import job
from orrery.definitions.decorators.multi_asset import multi_asset
from orrery.definitions.decorators.op import op
from orrery.definitions.parts.inputs_outputs import DynamicOut, In, Out
from orrery.definitions.parts.types import Nothing
from orrery.model.assets.check_spec import AssetCheckSpec
from orrery.plan.active import ActiveExecution
from orrery.plan.commands import LaunchStep, SkipStep, Wait
from orrery.plan.compile import create_execution_plan
from orrery.plan.outcomes import StepState
from orrery.plan.sources import FromCollect, FromDefault, FromSeveral, FromStepOutput, StepOutputHandle


def named(name: str, inputs: int = 0, **options: Any) -> Any:
    """Return an op that takes so many things, in order only."""
    options.setdefault("ins", {f"after{number}": In(Nothing) for number in range(inputs)})

    @op(name=name, **options)
    def function() -> int:
        return 1

    return function


def valued(name: str, **options: Any) -> Any:
    """Return an op that takes one value."""

    @op(name=name, **options)
    def function(x):  # type: ignore[no-untyped-def]
        return x

    return function


def fan(name: str = "fan", inputs: int = 0, **options: Any) -> Any:
    """Return an op with a dynamic output."""
    return named(name, inputs, out=DynamicOut(**options))


def start(job_def: Any, known: Iterable[StepOutputHandle] = (), keys: list[str] | None = None) -> ActiveExecution:
    """Return the state of a run of the job, at its beginning."""
    return ActiveExecution(create_execution_plan(job_def, step_keys_to_execute=keys), known)


def launched(active: ActiveExecution, **options: Any) -> list[str]:
    """Return the keys of what is launched next; nothing else may be asked for."""
    commands = active.commands(**options)
    assert all(isinstance(each, LaunchStep) for each in commands), commands
    return [each.step.key for each in commands if isinstance(each, LaunchStep)]


def succeed(active: ActiveExecution, key: str, *mapping_keys: str, output: str = "result") -> None:
    """End a step well, with one output, or one per mapping key."""
    if mapping_keys:
        for each in mapping_keys:
            active.note_output(key, output, each)
    else:
        active.note_output(key, output, None)
    active.note_success(key)


def skips(active: ActiveExecution) -> dict[str, str]:
    """Carry on until something is to be launched or awaited; return the reasons of what was skipped."""
    found = {}
    while active.has_ready:
        for command in active.commands():
            assert isinstance(command, SkipStep), command
            found[command.step.key] = command.reason
    return found


# -- order ---------------------------------------------------------------------------------------


def test_steps_are_launched_in_the_order_they_became_ready() -> None:
    """A child of the first parent goes before those of the second, whatever their names."""

    @job
    def small() -> None:
        first, second = named("first")(), named("second")()
        named("z", 1)(first)
        named("a", 1)(second)

    active = start(small)
    assert launched(active) == ["first", "second"]
    succeed(active, "first")
    succeed(active, "second")
    assert launched(active) == ["z", "a"]


def test_what_a_step_outside_of_the_plan_did_not_give_is_missed() -> None:
    """Nobody knows what the other run gave: then nothing is there to load, though no step of this one failed."""

    @job
    def small() -> None:
        valued("last")(valued("middle")(named("first")()))

    active = start(small, keys=["middle", "last"])
    assert skips(active) == {
        "middle": "upstream 'first' did not give output 'result', which input 'x' takes",
        "last": "upstream 'middle', which input 'x' takes, was skipped",
    }
    assert launched(start(small, [StepOutputHandle("first", "result")], keys=["middle", "last"])) == ["middle"]


def test_a_step_waits_for_its_last_parent() -> None:
    """Nothing is launched twice, and a child not before all its parents ended."""

    @job
    def small() -> None:
        named("both", 2)(named("left")(), named("right")())

    active = start(small)
    assert launched(active) == ["left", "right"]
    assert launched(active) == []
    succeed(active, "left")
    assert launched(active) == []
    succeed(active, "right")
    assert launched(active) == ["both"]


@pytest.mark.parametrize("tag", ["orrery/priority", "dagster/priority"])
def test_higher_priority_goes_first(tag: str) -> None:
    """Among steps that are ready, the greatest number is launched first, then the order of the plan."""

    @job
    def small() -> None:
        named("a")()
        named("b", tags={tag: "-1"})()
        named("c", tags={tag: "2.5"})()
        named("d", tags={tag: "no number"})()

    assert launched(start(small)) == ["c", "a", "d", "b"]


def test_one_at_a_time_lets_what_becomes_ready_overtake() -> None:
    """With a limit, a child of high priority goes before a step that was ready earlier."""

    @job
    def small() -> None:
        first = named("a", tags={"orrery/priority": "1"})()
        named("b")()
        named("child", 1, tags={"orrery/priority": "5"})(first)

    active = start(small)
    assert active.has_priorities
    assert launched(active, limit=1) == ["a"]
    assert active.has_ready
    succeed(active, "a")
    assert launched(active, limit=1) == ["child"]
    assert launched(active, limit=1) == ["b"]


# -- retries -------------------------------------------------------------------------------------


def test_a_retry_is_not_launched_before_it_is_due() -> None:
    """Until the instant the answer is to wait for it; from then on the step, with the number of the attempt."""

    @job
    def small() -> None:
        named("flaky")()

    active = start(small)
    launched(active, now=100.0)
    active.note_retry("flaky", 130.0)
    assert active.commands(100.0) == [Wait(130.0)]
    assert active.next_retry() == 130.0
    assert active.commands(129.9) == [Wait(130.0)]
    (again,) = active.commands(130.0)
    assert isinstance(again, LaunchStep)
    assert (again.step.key, again.attempt) == ("flaky", 2)
    assert active.next_retry() is None


def test_nobody_waits_for_a_retry_while_a_step_is_under_way() -> None:
    """An event may come before the retry is due: the answer is to wait for events."""

    @job
    def small() -> None:
        named("flaky")()
        named("long")()

    active = start(small)
    launched(active)
    active.note_retry("flaky", 10.0)
    assert active.commands(0.0) == []
    succeed(active, "long")
    assert active.commands(0.0) == [Wait(10.0)]


def test_what_a_failed_attempt_gave_is_forgotten() -> None:
    """A dynamic output that was told by the first attempt is not mapped twice after the second."""

    @job
    def small() -> None:
        fan()().map(valued("each"))

    active = start(small)
    launched(active)
    active.note_output("fan", "result", "a")
    active.note_output("fan", "result", "b")
    active.note_retry("fan", 0.0)
    assert launched(active) == ["fan"]
    succeed(active, "fan", "a")
    assert launched(active) == ["each[a]"]


def test_an_end_is_told_once() -> None:
    """A second end, or the end of a step that was not launched, is a fault of the caller and says so."""

    @job
    def small() -> None:
        named("one")()

    active = start(small)
    with pytest.raises(InvariantViolationError, match="was not launched"):
        active.note_success("one")
    launched(active)
    succeed(active, "one")
    with pytest.raises(InvariantViolationError, match="it succeeded"):
        active.note_failure("one")


# -- skips and their reasons ---------------------------------------------------------------------


def test_below_a_failure_everything_is_skipped_and_names_it() -> None:
    """The child names its failed parent; whatever is further below names the parent and the failure."""

    @job
    def small() -> None:
        last = named("last", 1)(named("child", 1)(named("bad")()))
        named("end", 2)(last, named("other")())

    active = start(small)
    assert launched(active) == ["bad", "other"]
    active.note_failure("bad")
    assert skips(active) == {
        "child": "upstream 'bad' failed",
        "last": "upstream 'child' was not executed, because 'bad' failed",
    }
    succeed(active, "other")
    assert skips(active) == {"end": "upstream 'last' was not executed, because 'bad' failed"}
    assert active.is_complete
    assert active.states["end"] == StepState.ABANDONED
    assert active.failed_steps() == ["bad"]


def test_a_branch_that_is_not_taken_is_skipped() -> None:
    """A missing optional output is named with the input that takes it; below, that the parent was skipped."""

    @job
    def small() -> None:
        taken = named("choose", out={"left": Out(is_required=False), "right": Out(is_required=False)})()
        valued("below")(valued("on_left")(taken.left))
        valued("on_right")(taken.right)

    active = start(small)
    launched(active)
    succeed(active, "choose", output="right")
    commands = active.commands()
    assert [type(each) for each in commands] == [SkipStep, LaunchStep]
    assert active.skip_reasons["on_left"] == "upstream 'choose' did not give output 'left', which input 'x' takes"
    assert skips(active) == {"below": "upstream 'on_left', which input 'x' takes, was skipped"}
    assert active.states["below"] == StepState.SKIPPED


def test_a_list_is_left_without_what_was_not_given_and_skipped_if_nothing_was() -> None:
    """A fan-in runs with some of its values, and not with none."""
    maybe = named("maybe", out=Out(is_required=False))

    @job
    def some() -> None:
        valued("take")([maybe(), named("one")()])

    @job
    def none() -> None:
        valued("take")([maybe(), maybe()])

    active = start(some)
    launched(active)
    active.note_success("maybe")
    succeed(active, "one")
    assert launched(active) == ["take"]
    active = start(none)
    launched(active)
    active.note_success("maybe")
    active.note_success("maybe_2")
    assert skips(active) == {"take": "upstream 'maybe' did not give output 'result', which input 'x' takes"}


# -- rules on edges ------------------------------------------------------------------------------


def ruled(rule: str) -> ActiveExecution:
    """Return a run of a step under a rule below one failed, one skipped and one successful parent."""

    @op(tags={"orrery/run_when": rule})
    def below(bad, skipped, good, defaulted=7):  # type: ignore[no-untyped-def]
        return 1

    @job
    def small() -> None:
        bad = named("bad")()
        maybe = named("maybe", out=Out(is_required=False))()
        below(bad, valued("skipped")(maybe), named("good")(), bad)

    active = start(small)
    launched(active)
    active.note_output("bad", "result", None)
    active.note_failure("bad")
    active.note_success("maybe")
    succeed(active, "good")
    return active


@pytest.mark.parametrize("rule", ["all_done", "any_succeeded"])
def test_what_nobody_gave_is_the_default_or_none(rule: str) -> None:
    """Under these rules a step runs; inputs of failed and skipped parents get the default value, or None."""
    active = ruled(rule)
    commands = [*active.commands(), *active.commands()]
    (launch,) = [each for each in commands if isinstance(each, LaunchStep)]
    sources = {name: each.source for name, each in launch.step.inputs.items()}
    assert sources == {
        "bad": FromDefault(None),
        "skipped": FromDefault(None),
        "good": FromStepOutput("good", "result"),
        "defaulted": FromDefault(7),
    }


def test_all_succeeded_is_the_rule_that_holds() -> None:
    """Named or not, a failed parent keeps the step back."""
    active = ruled("all_succeeded")
    assert skips(active)["below"] == "upstream 'bad' failed"


def test_any_succeeded_waits_for_all_and_takes_a_parent_that_gave_nothing() -> None:
    """What a step gets does not hang on which of its parents was faster."""

    @job
    def small() -> None:
        maybe = named("maybe", out=Out(is_required=False))()
        named("below", 2, tags={"orrery/run_when": "any_succeeded"})(maybe, named("bad")())

    active = start(small)
    launched(active)
    active.note_success("maybe")
    assert active.commands() == []
    active.note_failure("bad")
    (launch,) = active.commands()
    assert isinstance(launch, LaunchStep)
    assert [each.source for each in launch.step.inputs.values()] == [FromDefault(None), FromDefault(None)]


def test_any_succeeded_tells_what_became_of_all() -> None:
    """Where none succeeded, the reason names each parent with its state; a skip of all is no failure."""

    @job
    def small() -> None:
        any_of = {"orrery/run_when": "any_succeeded"}
        bad, maybe = named("bad")(), named("maybe", out=Out(is_required=False))()
        skipped = valued("skipped")(maybe)
        named("mixed", 2, tags=any_of)(bad, skipped)
        valued("only", tags=any_of)(skipped)

    active = start(small)
    launched(active)
    active.note_failure("bad")
    active.note_success("maybe")
    reasons = skips(active)
    assert reasons["mixed"] == "none of its parents succeeded: 'bad' failed, 'skipped' was skipped"
    assert active.states["mixed"] == StepState.ABANDONED
    assert reasons["only"] == "none of its parents succeeded: 'skipped' was skipped"
    assert active.states["only"] == StepState.SKIPPED


def test_a_list_under_all_done_holds_what_was_given() -> None:
    """The failed member is left out."""

    @job
    def small() -> None:
        valued("take", tags={"orrery/run_when": "all_done"})([named("bad")(), named("good")()])

    active = start(small)
    launched(active)
    active.note_failure("bad")
    succeed(active, "good")
    (launch,) = active.commands()
    assert isinstance(launch, LaunchStep)
    assert launch.step.inputs["x"].source == FromSeveral((FromStepOutput("good", "result"),))


def test_below_a_step_that_ran_in_spite_of_a_failure_everything_runs() -> None:
    """The rule is of one step: what is below it asks it alone."""

    @job
    def small() -> None:
        named("last", 1)(named("report", 1, tags={"orrery/run_when": "all_done"})(named("bad")()))

    active = start(small)
    launched(active)
    active.note_failure("bad")
    assert launched(active) == ["report"]
    succeed(active, "report")
    assert launched(active) == ["last"]


# -- checks --------------------------------------------------------------------------------------


@asset
def left() -> int:
    return 1


@asset
def right() -> int:
    return 1


@asset
def below_left(left: int) -> int:
    return left


@asset
def below_right(right: int) -> int:
    return right


@multi_asset_check(
    specs=[AssetCheckSpec("full", asset="left", blocking=True), AssetCheckSpec("full", asset="right", blocking=True)]
)
def checks():  # type: ignore[no-untyped-def]
    yield


def checked(*, left_blocks: bool, evaluated: int = 2) -> ActiveExecution:
    """Return a run whose step of two blocking checks just failed."""
    active = start(build_asset_job("small", [left, right, below_left, below_right, checks]))
    assert launched(active) == ["left", "right"]
    succeed(active, "left")
    succeed(active, "right")
    assert launched(active) == ["checks"]
    active.note_check("checks", left.key, "full", blocks=left_blocks)
    if evaluated > 1:
        active.note_check("checks", right.key, "full", blocks=False)
    active.note_failure("checks")
    return active


def test_a_blocking_check_keeps_back_the_dependants_of_its_asset_alone() -> None:
    """What depends on the failed asset is skipped, and names the check; what depends on the other runs."""
    commands = checked(left_blocks=True).commands()
    assert [(type(each), each.step.key) for each in commands if not isinstance(each, Wait)] == [
        (SkipStep, "below_left"),
        (LaunchStep, "below_right"),
    ]
    assert isinstance(commands[0], SkipStep)
    assert commands[0].reason == "blocking check 'full' of asset 'left' failed"


def test_checks_that_raised_keep_back_all() -> None:
    """A step that ended before it evaluated all its checks failed otherwise: nobody knows what it would have said."""
    assert skips(checked(left_blocks=True, evaluated=1)) == {
        "below_left": "upstream 'checks' failed",
        "below_right": "upstream 'checks' failed",
    }


def test_a_check_inside_of_a_multi_asset_keeps_back_the_dependants_of_its_asset_alone() -> None:
    """The other asset of the step was stored, and may be loaded."""

    @multi_asset(
        specs=[AssetSpec("left"), AssetSpec("right")], check_specs=[AssetCheckSpec("full", asset="left", blocking=True)]
    )
    def both():  # type: ignore[no-untyped-def]
        yield

    active = start(build_asset_job("small", [both, below_left, below_right]))
    assert launched(active) == ["both"]
    active.note_output("both", "left", None)
    active.note_output("both", "right", None)
    active.note_check("both", left.key, "full", blocks=True)
    active.note_failure("both")
    assert [each.step.key for each in active.commands() if isinstance(each, LaunchStep)] == ["below_right"]
    assert active.skip_reasons == {"below_left": "blocking check 'full' of asset 'left' failed"}


def test_a_check_that_does_not_block_keeps_nobody_waiting() -> None:
    """The dependant of the asset is ready together with the check."""

    @asset_check(asset="left")
    def look():  # type: ignore[no-untyped-def]
        return True

    active = start(build_asset_job("small", [left, below_left, look]))
    launched(active)
    succeed(active, "left")
    assert sorted(launched(active)) == ["below_left", "left_look"]


# -- dynamic outputs -----------------------------------------------------------------------------


def test_a_dynamic_output_without_items_collects_an_empty_list() -> None:
    """Nothing is mapped, and what collects runs with nothing, whether it collects items or mapped steps."""

    @job
    def small() -> None:
        items = fan()()
        valued("mapped")(items.map(valued("each")).collect())
        valued("direct")(items.collect())

    active = start(small)
    launched(active)
    active.note_success("fan")
    commands = active.commands()
    assert {each.step.key: each.step.inputs["x"].source for each in commands if isinstance(each, LaunchStep)} == {
        "mapped": FromCollect("each", "result", ()),
        "direct": FromCollect("fan", "result", ()),
    }


def test_an_optional_dynamic_output_without_items_skips_what_collects() -> None:
    """An optional output that was not given is a branch that is not taken."""

    @job
    def small() -> None:
        valued("take")(fan(is_required=False)().map(valued("each")).collect())

    active = start(small)
    launched(active)
    active.note_success("fan")
    assert skips(active) == {"take": "upstream 'fan' did not give output 'result', which input 'x' takes"}


def test_mapped_steps_that_all_give_nothing_skip_what_collects() -> None:
    """One that gives nothing is left out; if all do, there is nothing to collect."""

    @job
    def small() -> None:
        valued("take")(fan()().map(valued("each", out=Out(is_required=False))).collect())

    active = start(small)
    launched(active)
    succeed(active, "fan", "a", "b")
    launched(active)
    active.note_success("each[a]")
    active.note_success("each[b]")
    assert skips(active) == {"take": "none of the 2 steps of 'each' gave what input 'x' collects"}


def test_a_map_over_a_failed_step_is_skipped_as_one() -> None:
    """Nobody knows its keys: one skip stands for all its steps, and names the failure."""

    @job
    def small() -> None:
        valued("take")(fan()().map(lambda x: valued("second")(valued("each")(x))).collect())

    active = start(small)
    launched(active)
    active.note_output("fan", "result", "a")
    active.note_failure("fan")
    assert not active.is_complete
    assert skips(active) == {
        "each[?]": "upstream 'fan', over whose outputs it is mapped, failed",
        "second[?]": "upstream 'fan', over whose outputs it is mapped, failed",
        "take": "upstream 'second[?]' was not executed, because 'fan' failed",
    }
    assert active.is_complete


def test_one_failed_member_keeps_the_collection_back_and_no_other_member() -> None:
    """The others go on, down their own chains."""

    @job
    def small() -> None:
        valued("take")(fan()().map(lambda x: valued("second")(valued("each")(x))).collect())

    active = start(small)
    launched(active)
    succeed(active, "fan", "a", "b")
    assert launched(active) == ["each[a]", "each[b]"]
    active.note_failure("each[a]")
    succeed(active, "each[b]")
    commands = active.commands()
    assert [(type(each), each.step.key) for each in commands if not isinstance(each, Wait)] == [
        (SkipStep, "second[a]"),
        (LaunchStep, "second[b]"),
    ]
    succeed(active, "second[b]")
    assert skips(active) == {"take": "upstream 'second[a]' was not executed, because 'each[a]' failed"}


def test_a_map_inside_a_map_is_collected_level_by_level() -> None:
    """The inner collection has one step per outer key; the outer one takes these."""

    @op(name="inner", out=DynamicOut())
    def inner(x):  # type: ignore[no-untyped-def]
        yield x

    @job
    def small() -> None:
        valued("take")(fan("outer")().map(lambda x: valued("gather")(inner(x).map(valued("each")).collect())).collect())

    active = start(small)
    launched(active)
    succeed(active, "outer", "a", "b")
    assert launched(active) == ["inner[a]", "inner[b]"]
    succeed(active, "inner[a]", "1", "2")
    succeed(active, "inner[b]")
    assert launched(active) == ["each[a][1]", "each[a][2]", "gather[b]"]
    succeed(active, "each[a][2]")
    succeed(active, "each[a][1]")
    (first,) = active.commands()
    assert isinstance(first, LaunchStep)
    assert first.step.key == "gather[a]"
    assert first.step.inputs["x"].source == FromCollect(
        "each", "result", (StepOutputHandle("each[a][1]"), StepOutputHandle("each[a][2]"))
    )
    succeed(active, "gather[b]")
    assert launched(active) == []
    succeed(active, "gather[a]")
    (last,) = active.commands()
    assert isinstance(last, LaunchStep)
    assert last.step.inputs["x"].source == FromCollect(
        "gather", "result", (StepOutputHandle("gather[a]"), StepOutputHandle("gather[b]"))
    )


def test_two_dynamic_outputs_make_their_product() -> None:
    """One step per pair; collecting takes away the second, in whatever order its collector knows them."""

    @op
    def pair(x, y):  # type: ignore[no-untyped-def]
        return x, y

    @job
    def small() -> None:
        first, second = fan("first")(), fan("second")()
        first.map(lambda x: second.map(lambda y: pair(x, y)))

    active = start(small)
    launched(active)
    succeed(active, "first", "a", "b")
    assert launched(active) == []
    succeed(active, "second", "1", "2")
    assert launched(active) == ["pair[a][1]", "pair[a][2]", "pair[b][1]", "pair[b][2]"]


def test_what_collects_below_other_keys_takes_the_pairs_of_its_own() -> None:
    """A step below (second, first) that collects a product of (first, third) goes by names, not by places."""

    @op
    def pair(x, y):  # type: ignore[no-untyped-def]
        return x, y

    @job
    def small() -> None:
        first, second, third = fan("first")(), fan("second")(), fan("third")()

        def under(s):  # type: ignore[no-untyped-def]
            def inner(f):  # type: ignore[no-untyped-def]
                return pair.alias("last")(s, third.map(lambda t: pair.alias("made")(f, t)).collect())

            return first.map(inner)

        second.map(under)

    active = start(small)
    launched(active)
    succeed(active, "first", "a")
    succeed(active, "second", "s")
    succeed(active, "third", "1", "2")
    assert launched(active) == ["made[a][1]", "made[a][2]"]
    succeed(active, "made[a][1]")
    succeed(active, "made[a][2]")
    (last,) = active.commands()
    assert isinstance(last, LaunchStep)
    assert last.step.key == "last[s][a]"
    assert last.step.inputs["y"].source == FromCollect(
        "made", "result", (StepOutputHandle("made[a][1]"), StepOutputHandle("made[a][2]"))
    )


def test_a_mapped_step_is_retried_alone() -> None:
    """The others are not launched again, and the collection waits."""

    @job
    def small() -> None:
        valued("take")(fan()().map(valued("each")).collect())

    active = start(small)
    launched(active)
    succeed(active, "fan", "a", "b")
    launched(active)
    active.note_retry("each[a]", 0.0)
    succeed(active, "each[b]")
    assert launched(active) == ["each[a]"]
    succeed(active, "each[a]")
    assert launched(active) == ["take"]


# -- parts of an earlier run ---------------------------------------------------------------------


def test_only_some_mapped_steps_are_executed_again() -> None:
    """The one that is named runs; the collection takes it and what the earlier run gave."""

    @job
    def small() -> None:
        valued("take")(fan()().map(valued("each")).collect())

    known = [StepOutputHandle("fan", "result", each) for each in "abc"] + [StepOutputHandle("each[a]")]
    active = start(small, known, ["each[b]", "take"])
    assert launched(active) == ["each[b]"]
    succeed(active, "each[b]")
    (take,) = active.commands()
    assert isinstance(take, LaunchStep)
    assert take.step.inputs["x"].source == FromCollect(
        "each", "result", (StepOutputHandle("each[a]"), StepOutputHandle("each[b]"))
    )


def test_a_collection_alone_takes_what_the_earlier_run_gave() -> None:
    """None of its parents is executed again."""

    @job
    def small() -> None:
        valued("take")(fan()().map(valued("each")).collect())

    known = [StepOutputHandle("fan", "result", each) for each in "ab"] + [StepOutputHandle("each[b]")]
    (take,) = start(small, known, ["take"]).commands()
    assert isinstance(take, LaunchStep)
    assert take.step.inputs["x"].source == FromCollect("each", "result", (StepOutputHandle("each[b]"),))


# -- size ----------------------------------------------------------------------------------------


def test_mapped_steps_cost_the_same_however_many_they_are() -> None:
    """Multiplying, launching, ending and collecting."""

    @job
    def small() -> None:
        valued("take")(fan()().map(valued("each")).collect())

    def of(size: int) -> Callable[[], None]:
        active = start(small)
        launched(active)

        def work() -> None:
            succeed(active, "fan", *[str(number) for number in range(size)])
            keys = launched(active)
            for key in keys:
                succeed(active, key)
            (take,) = active.commands()
            assert isinstance(take, LaunchStep)
            assert len(keys) == len(take.step.inputs["x"].source.handles or ()) == size  # type: ignore[union-attr]

        return work

    assert_linear(of, 2_000, per_item=120)
