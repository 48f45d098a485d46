"""
Laws of composition: any nested graph of ops is flattened into steps that do what plain calls do.

The graphs, and what plain calls of them come to, are those of the public kit.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings

from orrery.plan.compile import create_execution_plan
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.sources import FromStepOutput, leaves
from orrery.testing.strategies import DrawnGraph, op_graphs


def edges_of(plan: ExecutionPlan) -> set[tuple[str, str, str, str]]:
    """Return the edges of a plan: step, output, step, input."""
    return {
        (source.step_key, source.output_name, step.key, each.name)
        for step in plan.get_steps()
        for each in step.inputs.values()
        for source in leaves(each.source)
        if isinstance(source, FromStepOutput)
    }


@settings(max_examples=150)
@given(op_graphs())
def test_flattening_keeps_every_step_and_edge(drawn: DrawnGraph) -> None:
    """The plan has the steps of the plain calls, and an edge for each value that one took from another."""
    plan = create_execution_plan(drawn.definition())
    assert sorted(plan.step_keys) == sorted({key for key, _output in drawn.expected})
    assert edges_of(plan) == drawn.edges


@settings(max_examples=150)
@given(op_graphs())
def test_each_step_of_a_plan_stands_below_its_parents(drawn: DrawnGraph) -> None:
    """The order of the plan, and its levels, put each step after what it depends on."""
    plan = create_execution_plan(drawn.definition())
    place = {step.key: at for at, step in enumerate(plan.get_steps())}
    level = {step.key: at for at, steps in enumerate(plan.get_steps_to_execute_by_level()) for step in steps}
    for step in plan.get_steps():
        for parent in step.parent_keys:
            assert place[parent] < place[step.key]
            assert level[parent] < level[step.key]


@settings(max_examples=40)
@given(op_graphs())
def test_a_nested_graph_gives_what_plain_calls_give(drawn: DrawnGraph) -> None:
    """Each step runs once, after its parents, and gives the value of the plain call."""
    result = drawn.definition().execute_in_process()
    started = [each.step_key for each in result.all_events if each.event_type_value == "STEP_START"]
    assert len(started) == len(set(started))
    ended: set[Any] = set()
    parents: dict[str, set[str]] = {}
    for source, _output, step, _input in drawn.edges:
        parents.setdefault(step, set()).add(source)
    for each in result.all_events:
        if each.event_type_value == "STEP_START":
            assert parents.get(str(each.step_key), set()) <= ended
        elif each.event_type_value == "STEP_SUCCESS":
            ended.add(each.step_key)
    assert ended == {key for key, _output in drawn.expected}
    for (key, output), value in drawn.expected.items():
        assert result.output_for_node(key, output) == value
    for output, value in drawn.expected_outputs.items():
        assert result.output_value(output) == value
