"""
Any nested graph of ops, and what plain calls of the same functions come to.

A drawn graph is read twice: by our composition (:meth:`DrawnGraph.definition`), and by a reader that calls plain
functions and writes down which call took what from which.
"""

from __future__ import annotations

import inspect
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from orrery.definitions.decorators.graph import graph
from orrery.definitions.decorators.op import op
from orrery.definitions.graphs.graph import GraphDefinition
from orrery.definitions.parts.inputs_outputs import GraphOut, Out

__all__ = ["DrawnGraph", "op_graphs"]


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


@dataclass(frozen=True)
class DrawnGraph:
    """
    A drawn graph.

    Attributes:
        shape: What calls what with what.
    """

    shape: GraphShape

    def definition(self) -> GraphDefinition:
        """Return the graph, made as a user makes it: by calls in a function."""
        return _compose(self.shape, {})

    @property
    def expected(self) -> Mapping[tuple[str, str], Any]:
        """Return the value that each output of each step must have, by the step's key and the output's name."""
        return {(key, f"o{number}"): value for (key, number), value in self._reading()[0].values.items()}

    @property
    def expected_outputs(self) -> Mapping[str, Any]:
        """Return the value that each output of the graph itself must have."""
        reading, returned = self._reading()
        return {f"o{number}": reading.values[each] for number, each in enumerate(returned)}

    @property
    def edges(self) -> frozenset[tuple[str, str, str, str]]:
        """Return which output of which step flows into which input of which: step, output, step, input."""
        return frozenset(self._reading()[0].edges)

    def _reading(self) -> tuple[_Reading, list[Any]]:
        reading = _Reading()
        return reading, reading.read(self.shape, ())


def op_graphs(*, max_depth: int = 4) -> st.SearchStrategy[DrawnGraph]:
    """
    Return a strategy for graphs of ops that need nothing from outside: aliases, lists, several outputs, graphs inside.

    Args:
        max_depth: How deep graphs may lie in one another.
    """
    return _graph_shapes(max_depth).map(DrawnGraph)


@st.composite
def _graph_shapes(draw: st.DrawFn, depth: int, name: str = "g", arity: int = 0) -> GraphShape:
    """Draw a graph, with graphs inside to a depth."""
    calls: list[Call] = []
    used: set[int] = set()

    def argument(within: bool = False) -> Any:
        choices: list[tuple[Any, ...]] = [("in", number) for number in range(arity)]
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
            target: OpShape | GraphShape = draw(_graph_shapes(depth - 1, f"{name}{number}", inputs))
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


def _op_name(shape: OpShape) -> str:
    """Return the name under which the op is known."""
    return f"op{shape.arity}{shape.outputs}"


def _plain(shape: OpShape, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return what the op's function gives."""
    mark = zlib.crc32(repr(arguments).encode())
    return tuple((_op_name(shape), number, mark) for number in range(shape.outputs))


def _make_op(shape: OpShape) -> Any:
    """Return the op of a shape."""

    def function(**inputs: Any) -> Any:
        given = _plain(shape, tuple(inputs[f"x{number}"] for number in range(shape.arity)))
        return given if shape.outputs > 1 else given[0]

    _name_parameters(function, _op_name(shape), "x", shape.arity)
    out = {f"o{number}": Out() for number in range(shape.outputs)}
    return op(out=out)(function)


def _op(shape: OpShape, ops: dict[OpShape, Any]) -> Any:
    """Return the one op of a shape."""
    if shape not in ops:
        ops[shape] = _make_op(shape)
    return ops[shape]


def _name_parameters(function: Any, name: str, prefix: str, count: int) -> None:
    function.__name__ = name
    function.__signature__ = inspect.Signature(
        [inspect.Parameter(f"{prefix}{number}", inspect.Parameter.POSITIONAL_OR_KEYWORD) for number in range(count)]
    )


def _compose(shape: GraphShape, ops: dict[OpShape, Any]) -> GraphDefinition:
    """Return the graph of a shape, made as a user makes it: by calls in a function."""
    inner = {
        at: _compose(each.target, ops) for at, each in enumerate(shape.calls) if isinstance(each.target, GraphShape)
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
            target: Any = inner[at] if isinstance(each.target, GraphShape) else _op(each.target, ops)
            called = (target.alias(each.alias) if each.alias else target)(*[value(one) for one in each.arguments])
            made.append(tuple(called) if each.target.outputs > 1 else (called,))
        return {f"o{number}": made[at][output] for number, (at, output) in enumerate(shape.returned)}

    _name_parameters(function, shape.name, "x", shape.arity)
    composed: GraphDefinition = graph(out={f"o{number}": GraphOut() for number in range(shape.outputs)})(function)
    return composed


@dataclass
class _Reading:
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
                base = _op_name(each.target) if isinstance(each.target, OpShape) else each.target.name
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

        given = _plain(shape, tuple(bare(each, f"x{number}") for number, each in enumerate(arguments)))
        for number, value in enumerate(given):
            self.values[key, number] = value
        return [(key, number) for number in range(shape.outputs)]
