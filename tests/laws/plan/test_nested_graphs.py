"""
Laws of composition: any nested graph of ops is flattened into steps that do what plain calls do.

A drawn graph is read twice: by our composition, and by a reader that calls plain functions and writes
down which call took what from which.
"""

from __future__ import annotations

import inspect
import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from orrery.definitions.decorators.graph import graph
from orrery.definitions.decorators.op import op
from orrery.definitions.graphs.graph import GraphDefinition
from orrery.definitions.parts.inputs_outputs import GraphOut, Out
from orrery.plan.compile import create_execution_plan
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.sources import FromStepOutput, leaves

DEPTH = 4


@dataclass(frozen=True)
class OpShape:
    """An op: how many inputs and outputs."""

    arity: int
    outputs: int


@dataclass(frozen=True)
class Call:
    """A call in a graph; arguments are ("in", n), ("out", call, n), or ("list", arguments)."""

    target: OpShape | GraphShape
    alias: str | None
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class GraphShape:
    """A graph: how many inputs, its calls in order, and which of their outputs are its own."""

    name: str
    arity: int
    calls: tuple[Call, ...]
    returned: tuple[tuple[int, int], ...]

    @property
    def outputs(self) -> int:
        """Return how many outputs there are."""
        return len(self.returned)


@st.composite
def graph_shapes(draw: st.DrawFn, depth: int = DEPTH, name: str = "g", arity: int = 0) -> GraphShape:
    """Draw a graph, with graphs inside to a depth."""
    calls: list[Call] = []
    used: set[int] = set()

    def argument(within: bool = False) -> Any:
        choices = [("in", number) for number in range(arity)]
        choices += [("out", at, number) for at, each in enumerate(calls) for number in range(each.target.outputs)]
        if not within and draw(st.integers(0, 3)) == 0:
            return ("list", tuple(argument(within=True) for _ in range(draw(st.integers(1, 3)))))
        chosen = draw(st.sampled_from(choices))
        if chosen[0] == "in":
            used.add(chosen[1])
        return chosen

    for number in range(draw(st.integers(1, 4))):
        has_values = arity > 0 or bool(calls)
        inputs = draw(st.integers(0, 3)) if has_values else 0
        if depth > 1 and draw(st.integers(0, 2)) == 0:
            target: OpShape | GraphShape = draw(graph_shapes(depth - 1, f"{name}{number}", inputs))
            inputs = target.arity
        else:
            target = OpShape(inputs, draw(st.integers(1, 2)))
        alias = f"alias{number}" if draw(st.booleans()) else None
        calls.append(Call(target, alias, tuple([argument() for _ in range(inputs)])))
    for number in set(range(arity)) - used:
        calls.append(Call(OpShape(1, 1), None, (("in", number),)))
    last = len(calls) - 1
    returned = draw(
        st.lists(
            st.integers(0, last).flatmap(
                lambda at: st.tuples(st.just(at), st.integers(0, calls[at].target.outputs - 1))
            ),
            min_size=1,
            max_size=2,
        )
    )
    return GraphShape(name, arity, tuple(calls), tuple(returned))


def op_name(shape: OpShape) -> str:
    """Return the name under which the op is known."""
    return f"op{shape.arity}{shape.outputs}"


def plain(shape: OpShape, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return what the op's function gives."""
    mark = zlib.crc32(repr(arguments).encode())
    return tuple((op_name(shape), number, mark) for number in range(shape.outputs))


# -- by our composition --------------------------------------------------------------------------


def make_op(shape: OpShape) -> Any:
    """Return the op of a shape."""

    def function(**inputs: Any) -> Any:
        given = plain(shape, tuple(inputs[f"x{number}"] for number in range(shape.arity)))
        return given if shape.outputs > 1 else given[0]

    _name_parameters(function, op_name(shape), "x", shape.arity)
    out = {f"o{number}": Out() for number in range(shape.outputs)}
    return op(out=out)(function)


def _name_parameters(function: Any, name: str, prefix: str, count: int) -> None:
    function.__name__ = name
    function.__signature__ = inspect.Signature(
        [inspect.Parameter(f"{prefix}{number}", inspect.Parameter.POSITIONAL_OR_KEYWORD) for number in range(count)]
    )


def compose(shape: GraphShape, ops: dict[OpShape, Any]) -> GraphDefinition:
    """Return the graph of a shape, made as a user makes it: by calls in a function."""
    inner = {
        at: compose(each.target, ops) for at, each in enumerate(shape.calls) if isinstance(each.target, GraphShape)
    }

    def function(**inputs: Any) -> Any:
        made: list[tuple[Any, ...]] = []

        def value(argument: Any) -> Any:
            if argument[0] == "in":
                return inputs[f"x{argument[1]}"]
            if argument[0] == "out":
                return made[argument[1]][argument[2]]
            return [value(each) for each in argument[1]]

        for at, each in enumerate(shape.calls):
            target = inner[at] if at in inner else ops.setdefault(each.target, make_op(each.target))
            called = (target.alias(each.alias) if each.alias else target)(*[value(one) for one in each.arguments])
            made.append(tuple(called) if each.target.outputs > 1 else (called,))
        return {f"o{number}": made[at][output] for number, (at, output) in enumerate(shape.returned)}

    _name_parameters(function, shape.name, "x", shape.arity)
    composed: GraphDefinition = graph(out={f"o{number}": GraphOut() for number in range(shape.outputs)})(function)
    return composed


# -- by plain calls ------------------------------------------------------------------------------


@dataclass
class Reading:
    """What plain calls come to: a value per step and output, and the edges between steps."""

    values: dict[tuple[str, int], Any] = field(default_factory=dict)
    edges: set[tuple[str, str, str, str]] = field(default_factory=set)

    def read(self, shape: GraphShape, inputs: tuple[Any, ...], prefix: str = "") -> list[Any]:
        """Call every function of the graph; a value is known with where it came from."""
        made: list[Any] = []
        names: Counter[str] = Counter()
        for each in shape.calls:
            name = each.alias
            if name is None:
                base = op_name(each.target) if isinstance(each.target, OpShape) else each.target.name
                names[base] += 1
                name = base if names[base] == 1 else f"{base}_{names[base]}"
            arguments = tuple(self.value(one, inputs, made) for one in each.arguments)
            if isinstance(each.target, GraphShape):
                made.append(self.read(each.target, arguments, f"{prefix}{name}."))
            else:
                made.append(self.call(each.target, prefix + name, arguments))
        return [made[at][output] for at, output in shape.returned]

    def value(self, argument: Any, inputs: tuple[Any, ...], made: list[Any]) -> Any:
        """Return the value of an argument."""
        if argument[0] == "in":
            return inputs[argument[1]]
        if argument[0] == "out":
            return made[argument[1]][argument[2]]
        return [self.value(each, inputs, made) for each in argument[1]]

    def call(self, shape: OpShape, key: str, arguments: tuple[Any, ...]) -> list[Any]:
        """Call one function."""

        def bare(value: Any, name: str) -> Any:
            if isinstance(value, list):
                return [bare(each, name) for each in value]
            step, number = value
            self.edges.add((step, f"o{number}", key, name))
            return self.values[value]

        given = plain(shape, tuple(bare(each, f"x{number}") for number, each in enumerate(arguments)))
        for number, value in enumerate(given):
            self.values[key, number] = value
        return [(key, number) for number in range(shape.outputs)]


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
@given(graph_shapes())
def test_flattening_keeps_every_step_and_edge(shape: GraphShape) -> None:
    """The plan has the steps of the plain calls, and an edge for each value that one took from another."""
    reading = Reading()
    reading.read(shape, ())
    plan = create_execution_plan(compose(shape, {}))
    assert sorted(plan.step_keys) == sorted({key for key, _number in reading.values})
    assert edges_of(plan) == reading.edges


@settings(max_examples=150)
@given(graph_shapes())
def test_each_step_of_a_plan_stands_below_its_parents(shape: GraphShape) -> None:
    """The order of the plan, and its levels, put each step after what it depends on."""
    plan = create_execution_plan(compose(shape, {}))
    place = {step.key: at for at, step in enumerate(plan.get_steps())}
    level = {step.key: at for at, steps in enumerate(plan.get_steps_to_execute_by_level()) for step in steps}
    for step in plan.get_steps():
        for parent in step.parent_keys:
            assert place[parent] < place[step.key]
            assert level[parent] < level[step.key]


@settings(max_examples=40)
@given(graph_shapes())
def test_a_nested_graph_gives_what_plain_calls_give(shape: GraphShape) -> None:
    """Each step runs once, after its parents, and gives the value of the plain call."""
    reading = Reading()
    expected = [reading.values[each] for each in reading.read(shape, ())]
    result = compose(shape, {}).execute_in_process()
    started = [each.step_key for each in result.all_events if each.event_type_value == "STEP_START"]
    assert len(started) == len(set(started))
    ended: set[Any] = set()
    parents: dict[str, set[str]] = {}
    for source, _output, step, _input in reading.edges:
        parents.setdefault(step, set()).add(source)
    for each in result.all_events:
        if each.event_type_value == "STEP_START":
            assert parents.get(str(each.step_key), set()) <= ended
        elif each.event_type_value == "STEP_SUCCESS":
            ended.add(each.step_key)
    assert ended == {key for key, _number in reading.values}
    for (key, number), value in reading.values.items():
        assert result.output_for_node(key, f"o{number}") == value
    assert [result.output_value(f"o{number}") for number in range(len(expected))] == expected
