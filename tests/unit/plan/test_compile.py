"""From jobs to plans: steps, sources, orders, for graphs and for assets."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import pytest
from tests.support.counting import assert_linear

from orrery.base.errors import ExecutionStepNotFoundError, InvalidDefinitionError
from orrery.base.keys import AssetKey
from orrery.definitions.assets.asset_job import build_asset_job, normalize_assets
from orrery.definitions.assets.asset_out import AssetOut
from orrery.definitions.assets.asset_spec import AssetSpec
from orrery.definitions.decorators.asset import asset
from orrery.definitions.decorators.asset_check import asset_check
from orrery.definitions.decorators.graph import graph, job
from orrery.definitions.decorators.graph_asset import graph_asset, graph_multi_asset
from orrery.definitions.decorators.hook import success_hook
from orrery.definitions.decorators.multi_asset import multi_asset
from orrery.definitions.decorators.op import op
from orrery.definitions.graphs.dependency import DependencyDefinition
from orrery.definitions.graphs.graph import GraphDefinition
from orrery.definitions.graphs.op import OpDefinition
from orrery.definitions.parts.inputs_outputs import DynamicOut, In, Out
from orrery.definitions.parts.policies import RetryPolicy, RunWhen
from orrery.definitions.parts.types import Nothing
from orrery.plan.compile import create_execution_plan
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.sources import (
    FromAsset,
    FromCollect,
    FromConfig,
    FromDefault,
    FromDirectValue,
    FromInputManager,
    FromNothing,
    FromSeveral,
    FromStepOutput,
)


def plan_of(*assets: Any, keys: set[AssetKey] | None = None, checks: Any = None) -> ExecutionPlan:
    """Return the plan of the job that makes these assets and checks."""
    return create_execution_plan(build_asset_job("made", normalize_assets(assets), asset_keys=keys, check_keys=checks))


def sources(plan: ExecutionPlan, key: str) -> Mapping[str, Any]:
    """Return the sources of a step's inputs."""
    return {name: each.source for name, each in plan.get_step_by_key(key).inputs.items()}


@op
def one() -> int:
    return 1


@op
def add(x, y=5):  # type: ignore[no-untyped-def]
    return x


@op(out=DynamicOut())
def fan():  # type: ignore[no-untyped-def]
    yield


# -- graphs --------------------------------------------------------------------------------------


def test_every_kind_of_source_is_told_apart() -> None:
    """Connected, listed, collected, by default, order only, from a manager, from config, handed over."""

    @op(ins={"managed": In(input_manager_key="reader"), "after": In(Nothing), "order": In(Nothing)})
    def all_kinds(direct, several, collected, managed, given: int, handed, default=3):  # type: ignore[no-untyped-def]
        return 1

    @graph
    def kinds(handed):  # type: ignore[no-untyped-def]
        value = one()
        all_kinds(value, [value, value], fan().collect(), handed=handed, after=value)

    made = kinds.to_job(resource_defs={"reader": object()}, input_values={"handed": 1})
    plan = create_execution_plan(made, {"ops": {"all_kinds": {"inputs": {"given": 4}}}})
    assert sources(plan, "all_kinds") == {
        "direct": FromStepOutput("one", "result"),
        "several": FromSeveral((FromStepOutput("one", "result"), FromStepOutput("one", "result"))),
        "collected": FromCollect("fan", "result"),
        "managed": FromInputManager("reader", ("all_kinds",), "managed"),
        "given": FromConfig(("all_kinds",), "given"),
        "handed": FromDirectValue("handed"),
        "default": FromDefault(3),
        "after": FromStepOutput("one", "result"),
        "order": FromNothing(),
    }


def test_steps_stand_by_level_and_name() -> None:
    """A plan is the same however the calls were written."""

    @job
    def small() -> None:
        late = one.alias("z")()
        add.alias("b")(one.alias("y")())
        add.alias("a")(late)

    plan = create_execution_plan(small)
    assert plan.step_keys == ["y", "z", "a", "b"]
    assert [[step.key for step in level] for level in plan.get_steps_to_execute_by_level()] == [["y", "z"], ["a", "b"]]


def test_what_the_use_of_a_graph_sets_holds_for_the_ops_inside() -> None:
    """Hooks add up from the job inward; the innermost retry policy holds, then that of the op, then the job's."""

    @success_hook(name="of_job")
    def of_job(_context):  # type: ignore[no-untyped-def]
        pass

    @success_hook(name="of_use")
    def of_use(_context):  # type: ignore[no-untyped-def]
        pass

    own = op(name="own", retry_policy=RetryPolicy(max_retries=3))(lambda: 1)

    @graph
    def inner():  # type: ignore[no-untyped-def]
        one()
        own()
        one.alias("nearest").with_retry_policy(RetryPolicy(max_retries=7))()

    @job(hooks={of_job}, op_retry_policy=RetryPolicy(max_retries=1))
    def outer() -> None:
        inner.with_hooks({of_use})()
        inner.alias("patient").with_retry_policy(RetryPolicy(max_retries=2))()
        one.alias("plain")()

    plan = create_execution_plan(outer)
    assert {hook.name for hook in plan.get_step_by_key("inner.one").hooks} == {"of_job", "of_use"}
    assert {hook.name for hook in plan.get_step_by_key("plain").hooks} == {"of_job"}
    retries = {step.key: step.retry_policy.max_retries for step in plan.get_steps() if step.retry_policy is not None}
    assert retries == {
        "inner.one": 1,
        "inner.own": 3,
        "inner.nearest": 7,
        "patient.one": 2,
        "patient.own": 2,
        "patient.nearest": 7,
        "plain": 1,
    }


def test_an_input_without_a_source_is_refused_with_its_op() -> None:
    """Config is asked for it before a plan is made."""

    @job
    def lacking() -> None:
        add()

    with pytest.raises(Exception, match="x"):
        create_execution_plan(lacking)


def test_a_rule_that_is_none_is_refused() -> None:
    """The choices are named."""

    @job
    def wrong() -> None:
        one.tag({"orrery/run_when": "sometimes"})()

    with pytest.raises(InvalidDefinitionError, match="write one of all_succeeded, all_done, any_succeeded"):
        create_execution_plan(wrong)


def test_a_rule_of_the_use_is_that_of_the_step() -> None:
    """A tag of the op, or of one use of it; assets name it in op_tags."""

    @job
    def small() -> None:
        one.tag({"orrery/run_when": "all_done"})()
        one.alias("other")()

    @asset(op_tags={"orrery/run_when": "any_succeeded"})
    def ruled():  # type: ignore[no-untyped-def]
        return 1

    plan = create_execution_plan(small)
    assert plan.get_step_by_key("one").run_when is RunWhen.ALL_DONE
    assert plan.get_step_by_key("other").run_when is RunWhen.ALL_SUCCEEDED
    assert plan_of(ruled).get_step_by_key("ruled").run_when is RunWhen.ANY_SUCCEEDED


def test_a_step_below_a_dynamic_output_is_a_template() -> None:
    """Its dimensions are those outputs, outermost first; collecting takes away the innermost."""

    @op(out=DynamicOut())
    def more(x):  # type: ignore[no-untyped-def]
        yield x

    @job
    def small() -> None:
        def each(x):  # type: ignore[no-untyped-def]
            return add.alias("gather")(more(x).map(add.alias("leaf")).collect())

        add.alias("all")(fan().map(each).collect())

    plan = create_execution_plan(small)
    dimensions = {step.key: step.dimensions for step in plan.get_steps()}
    assert dimensions == {
        "fan": (),
        "more": (("fan", "result"),),
        "leaf": (("fan", "result"), ("more", "result")),
        "gather": (("fan", "result"),),
        "all": (),
    }


def test_a_part_of_a_plan_names_steps_that_there_are() -> None:
    """Mapped steps are named with their keys; an unknown step is told with the nearest."""

    @job
    def small() -> None:
        fan().map(add)

    plan = create_execution_plan(small).build_subset_plan(["add[a]", "add[b]"])
    assert plan.step_keys_to_execute == ["add"]
    assert plan.mapped_keys_to_execute == {"add": {"add[a]", "add[b]"}}
    with pytest.raises(ExecutionStepNotFoundError, match=r"unknown step: ad\[a\][\s\S]*'add'"):
        plan.build_subset_plan(["ad[a]"])


# -- assets --------------------------------------------------------------------------------------


@asset
def raw() -> int:
    return 1


def test_an_asset_takes_its_parent_from_its_step_or_from_where_it_is_stored() -> None:
    """A parent that is not made in this run is loaded; one that only sets an order is not."""

    @asset(deps=["elsewhere"])
    def clean(raw):  # type: ignore[no-untyped-def]
        return 1

    elsewhere = AssetSpec("elsewhere")
    both = plan_of(raw, clean, elsewhere)
    assert sources(both, "clean") == {"raw": FromStepOutput("raw", "result"), "elsewhere": FromNothing()}
    assert both.get_step_by_key("clean").inputs["raw"].asset_key == AssetKey("raw")
    assert sources(plan_of(raw, clean, elsewhere, keys={AssetKey("clean")}), "clean")["raw"] == FromAsset(
        AssetKey("raw")
    )


def test_the_parents_of_an_asset_are_those_that_its_inputs_name() -> None:
    """They are known before the inputs are made, and each step before, also one of a graph, is told once."""

    @multi_asset(specs=[AssetSpec("left"), AssetSpec("right")])
    def both():  # type: ignore[no-untyped-def]
        yield

    @graph_asset
    def whole(raw):  # type: ignore[no-untyped-def]
        return add.alias("second")(add.alias("first")(raw))

    @asset(deps=["left", "right", "elsewhere"])
    def below(raw, whole):  # type: ignore[no-untyped-def]
        return 1

    @multi_asset(specs=[AssetSpec("a"), AssetSpec("c", deps=["b"])], can_subset=True)
    def outside():  # type: ignore[no-untyped-def]
        yield

    @asset(deps=["a"])
    def b():  # type: ignore[no-untyped-def]
        return 1

    for plan in (
        plan_of(outside, b),
        plan_of(raw, both, whole, below, AssetSpec("elsewhere")),
        plan_of(raw, both, whole, below, keys={AssetKey("raw"), AssetKey("below")}),
    ):
        for step in plan.get_steps():
            early = step.parent_keys
            named = [key for each in step.inputs.values() for key in each.source.step_keys]
            assert list(early) == list(dict.fromkeys([*named, *step.after])), step
    assert plan.get_step_by_key("below").parent_keys == ("raw",)


def test_a_graph_asset_is_its_ops_and_its_last_gives_the_asset() -> None:
    """The outer input reaches the op inside; dependants take the output of the op that the graph returns."""

    @graph_asset
    def whole(raw):  # type: ignore[no-untyped-def]
        return add.alias("second")(add.alias("first")(raw))

    @asset
    def below(whole):  # type: ignore[no-untyped-def]
        return 1

    plan = plan_of(raw, whole, below)
    assert plan.step_keys == ["raw", "whole.first", "whole.second", "below"]
    first = plan.get_step_by_key("whole.first").inputs["x"]
    assert (first.source, first.asset_key) == (FromStepOutput("raw", "result"), AssetKey("raw"))
    assert sources(plan, "below") == {"whole": FromStepOutput("whole.second", "result")}
    assert plan.get_step_by_key("whole.first").outputs["result"].asset_key is None
    assert plan.asset_keys == [AssetKey("raw"), AssetKey("whole"), AssetKey("below")]


def test_of_a_graph_asset_only_what_the_chosen_outputs_need_is_run() -> None:
    """The op of the other output is left out."""

    @graph_multi_asset(outs={"left": AssetOut(), "right": AssetOut()}, can_subset=True)
    def both():  # type: ignore[no-untyped-def]
        start = one()
        return {"left": add.alias("to_left")(start), "right": add.alias("to_right")(start)}

    plan = plan_of(both, keys={AssetKey("left")})
    assert plan.step_keys == ["both.one", "both.to_left"]


def test_of_a_subsettable_multi_asset_the_other_outputs_are_not_wanted() -> None:
    """They stay outputs of the step, as its function is one."""

    @multi_asset(specs=[AssetSpec("left"), AssetSpec("right")], can_subset=True)
    def both():  # type: ignore[no-untyped-def]
        yield

    (step,) = plan_of(both, keys={AssetKey("right")}).get_steps()
    assert {name: output.is_selected for name, output in step.outputs.items()} == {"left": False, "right": True}


def test_a_multi_asset_around_another_asset_runs_in_two_steps() -> None:
    """A and c come from one function, b stands between them: two steps, each with its part."""

    @multi_asset(specs=[AssetSpec("a"), AssetSpec("c", deps=["b"])], can_subset=True)
    def outside():  # type: ignore[no-untyped-def]
        yield

    @asset(deps=["a"])
    def b():  # type: ignore[no-untyped-def]
        return 1

    plan = plan_of(outside, b)
    chosen = [
        sorted(
            output.asset_key.to_user_string()
            for output in step.outputs.values()
            if output.is_selected and output.asset_key
        )
        for step in plan.get_steps()
    ]
    assert chosen == [["a"], ["b"], ["c"]]
    first, between, last = plan.get_steps()
    assert first.key in between.parent_keys
    assert between.key in last.parent_keys


def test_a_blocking_check_stands_before_the_dependants_of_its_asset() -> None:
    """They wait for it without a value; a check that does not block stands beside them."""

    @asset_check(asset="raw", blocking=True)
    def strict():  # type: ignore[no-untyped-def]
        return True

    @asset_check(asset="raw")
    def mild():  # type: ignore[no-untyped-def]
        return True

    @asset
    def below(raw):  # type: ignore[no-untyped-def]
        return 1

    plan = plan_of(raw, below, strict, mild)
    assert plan.get_step_by_key("below").after == ("raw_strict",)
    assert plan.get_step_by_key("raw_strict").after == ()
    assert plan.get_step_by_key("raw_mild").after == ()
    assert plan.step_keys.index("raw_strict") < plan.step_keys.index("below")


def test_a_graph_asset_below_a_blocking_check_waits_with_all_its_ops() -> None:
    """Also with those that load nothing."""

    @asset_check(asset="raw", blocking=True)
    def strict():  # type: ignore[no-untyped-def]
        return True

    @graph_asset
    def whole(raw):  # type: ignore[no-untyped-def]
        return add(raw, one())

    plan = plan_of(raw, whole, strict)
    assert {key: step.after for key, step in plan.step_dict.items() if key.startswith("whole.")} == {
        "whole.one": ("raw_strict",),
        "whole.add": ("raw_strict",),
    }


# -- size ----------------------------------------------------------------------------------------


def test_a_chain_of_ten_thousand_ops_is_planned_without_recursion() -> None:
    """In its order, each step below the one before."""
    size = 10_000
    first = OpDefinition(lambda _c, _i: iter(()), "first")
    link = OpDefinition(lambda _c, _i: iter(()), "link", ins={"x": In()}, outs={"result": Out()})
    ops = [first, *[link.with_replaced_properties(f"link{number:05}") for number in range(size)]]
    dependencies = {after.name: {"x": DependencyDefinition(before.name)} for before, after in pairwise(ops)}
    chain = GraphDefinition("chain", node_defs=ops, dependencies=dependencies).to_job()
    assert create_execution_plan(chain).step_keys == [each.name for each in ops]


def test_planning_a_chain_of_assets_costs_the_same_for_each_however_many_they_are() -> None:
    """A plan again, of a job that was planned once."""

    def of(size: int) -> Callable[[], None]:
        assets = [asset(name="a0")(lambda: 1)]
        assets += [asset(name=f"a{number}", deps=[f"a{number - 1}"])(lambda: 1) for number in range(1, size)]
        made = build_asset_job("chain", assets)
        create_execution_plan(made)

        def work() -> None:
            assert len(create_execution_plan(made)) == size

        return work

    assert_linear(of, 2_000, per_item=8)
