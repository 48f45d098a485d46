"""
Laws of runs: any graph of ops with dynamic outputs, failures, retries, skips and rules, against a model.

The model knows no templates, branches or events: it walks the nodes in order and counts, for each, the
assignments of mapping keys under which it runs.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from orrery.definitions.graphs.dependency import (
    DependencyDefinition,
    DynamicCollectDependencyDefinition,
    MultiDependencyDefinition,
)
from orrery.definitions.graphs.graph import GraphDefinition
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.graphs.op import OpDefinition
from orrery.definitions.parts.inputs_outputs import DynamicOut, In, Out
from orrery.definitions.parts.policies import RUN_WHEN_TAG, RetryPolicy, RunWhen
from orrery.model.events.user import DynamicOutput, Output
from orrery.plan.active import ActiveExecution
from orrery.plan.commands import LaunchStep, SkipStep, Wait
from orrery.plan.compile import create_execution_plan
from orrery.plan.sources import FromCollect, FromDefault, FromSeveral, FromStepOutput
from orrery.plan.step import ExecutionStep

Dimension = tuple[int, str]
Keys = dict[Dimension, str]
LETTERS = "abc"


@dataclass(frozen=True)
class Input:
    """What flows into an input: ``direct`` from one output, ``several`` from a list, ``collect`` of one."""

    kind: str
    sources: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class NodeShape:
    """One op of a drawn graph; its moods are how its steps behave, picked by their mapping keys."""

    outputs: tuple[str, ...]
    inputs: tuple[Input, ...]
    is_dynamic: bool
    is_optional: bool
    moods: tuple[str, ...]
    counts: tuple[int, ...]
    rule: RunWhen
    dimensions: tuple[Dimension, ...]

    def pick(self, choices: tuple[Any, ...], keys: tuple[str, ...]) -> Any:
        """Return the choice of the step with these mapping keys."""
        return choices[zlib.crc32(",".join(keys).encode()) % len(choices)]


def gives(shape: NodeShape, number: int, keys: tuple[str, ...], inputs: tuple[Any, ...]) -> dict[str, Any]:
    """Return what a step that behaves gives: per output a value, or values by mapping key."""
    mark = (number, keys, zlib.crc32(repr(inputs).encode()))
    if not shape.is_dynamic:
        return {name: (*mark, name) for name in shape.outputs}
    return {
        name: {letter: (*mark, name, letter) for letter in LETTERS[: shape.pick(shape.counts, (*keys, name))]}
        for name in shape.outputs
    }


@st.composite
def graphs(draw: st.DrawFn) -> tuple[NodeShape, ...]:
    """Draw a graph, its nodes in topological order."""
    shapes: list[NodeShape] = []
    for number in range(draw(st.integers(1, 7))):
        inputs: list[Input] = []
        dimensions: dict[Dimension, None] = {}
        for _ in range(draw(st.integers(0, min(number, 3)))):
            source = draw(st.integers(0, number - 1))
            output = draw(st.sampled_from(shapes[source].outputs))
            drawn, below = _input(draw, shapes, number, source, output)
            if len({**dimensions, **dict.fromkeys(below)}) <= 3:
                inputs.append(drawn)
                dimensions.update(dict.fromkeys(below))
        is_dynamic = draw(st.booleans()) and len(dimensions) < 3
        moods = tuple(draw(st.lists(st.sampled_from(MOODS), min_size=1, max_size=3)))
        shapes.append(
            NodeShape(
                outputs=("result",) if draw(st.booleans()) else ("left", "right"),
                inputs=tuple(inputs),
                is_dynamic=is_dynamic,
                is_optional=draw(st.booleans()),
                moods=moods,
                counts=tuple(draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))),
                rule=draw(st.sampled_from(RULES)),
                dimensions=tuple(dimensions),
            )
        )
    return tuple(shapes)


MOODS = ["ok", "ok", "ok", "retry", "nothing", "fail"]
RULES = [RunWhen.ALL_SUCCEEDED, RunWhen.ALL_SUCCEEDED, RunWhen.ALL_DONE, RunWhen.ANY_SUCCEEDED]


def _input(
    draw: st.DrawFn, shapes: list[NodeShape], number: int, source: int, output: str
) -> tuple[Input, tuple[Dimension, ...]]:
    shape = shapes[source]
    dimension = ((source, output),) if shape.is_dynamic else ()
    kinds = ["direct", "several", "collect"] if dimension or shape.dimensions else ["direct", "several"]
    kind = draw(st.sampled_from(kinds))
    if kind == "collect":
        return Input(kind, ((source, output),)), shape.dimensions if dimension else shape.dimensions[:-1]
    sources, below = [(source, output)], (*shape.dimensions, *dimension)
    if kind == "several" and number > 1:
        other = draw(st.integers(0, number - 1))
        if not shapes[other].is_dynamic:
            sources.append((other, shapes[other].outputs[-1]))
            below = (*below, *shapes[other].dimensions)
    return Input(kind, tuple(sources)), below


# -- the model ---------------------------------------------------------------------------------


def step_key(number: int, keys: tuple[str, ...]) -> str:
    """Return the key of a step."""
    return f"n{number}" + "".join(f"[{key}]" for key in keys)


class Model:
    """What a run of the graph must come to."""

    def __init__(self, shapes: tuple[NodeShape, ...]) -> None:
        self.shapes = shapes
        self.states: dict[str, str] = {}
        self.values: dict[tuple[str, str], Any] = {}
        self.inputs: dict[str, list[Any]] = {}
        for number, shape in enumerate(shapes):
            for keys in self.assignments(number, shape.dimensions):
                self.run(number, shape, keys)

    def at(self, number: int, keys: Keys) -> str:
        """Return the key of the step of a node on the way that *keys* go."""
        return step_key(number, tuple(keys[each] for each in self.shapes[number].dimensions))

    def assignments(self, number: int, dimensions: tuple[Dimension, ...], start: Keys | None = None) -> Iterator[Keys]:
        """Iterate the mapping keys under which a node runs; note the branches that end before."""
        known: Keys = start or {}
        if not dimensions:
            yield known
            return
        dimension, rest = dimensions[0], dimensions[1:]
        producer = self.at(dimension[0], known)
        if self.states[producer] == "success":
            for key in self.values[producer, dimension[1]]:
                yield from self.assignments(number, rest, {**known, dimension: key})
            return
        pruned = step_key(number, tuple(known.values())) + "[?]" * len(dimensions)
        self.states[pruned] = "skipped" if self.states[producer] == "skipped" else "abandoned"

    def collected(self, source: int, output: str, keys: Keys) -> tuple[list[str], list[Any], bool]:
        """Return the parents whose values are collected, the values, and whether there is nothing to collect."""
        shape = self.shapes[source]
        if shape.is_dynamic:
            key = self.at(source, keys)
            values = list(self.values.get((key, output), {}).values())
            skipped = self.states[key] == "skipped"
            return [key], values, skipped or (shape.is_optional and not values)
        outer = {each: keys[each] for each in shape.dimensions[:-1]}
        number, name = shape.dimensions[-1]
        producer = self.at(number, outer)
        if self.states[producer] != "success":
            member = step_key(source, tuple(outer.values())) + "[?]"
            return [member], [], True
        members = [step_key(source, (*outer.values(), key)) for key in self.values[producer, name]]
        values = [self.values[each, output] for each in members if (each, output) in self.values]
        is_missing = not values and (bool(members) or self.shapes[number].is_optional)
        return members, values, is_missing

    def run(self, number: int, shape: NodeShape, keys: Keys) -> None:
        """Decide one step, and run it if it may."""
        key = self.at(number, keys)
        parents: list[str] = []
        missing = False
        values: list[Any] = []
        for each in shape.inputs:
            if each.kind == "collect":
                above, found, is_missing = self.collected(*each.sources[0], keys)
                parents += above
                values.append(found)
                missing |= is_missing
                continue
            here = []
            for source, output in each.sources:
                parent = self.at(source, keys)
                parents.append(parent)
                if (parent, output) in self.values:
                    value = self.values[parent, output]
                    if not self.shapes[source].is_dynamic:
                        here.append(value)
                    elif keys[source, output] in value:
                        here.append(value[keys[source, output]])
            missing |= not here
            values.append(here if each.kind == "several" else here[0] if here else None)
        states = {self.states[each] for each in parents}
        failed = bool(states & {"failure", "abandoned"})
        hindered = {
            RunWhen.ALL_SUCCEEDED: failed or missing,
            RunWhen.ANY_SUCCEEDED: bool(parents) and "success" not in states,
            RunWhen.ALL_DONE: False,
        }
        if hindered[shape.rule]:
            self.states[key] = "abandoned" if failed else "skipped"
        else:
            self.execute(shape, number, key, tuple(keys.values()), values)

    def execute(self, shape: NodeShape, number: int, key: str, keys: tuple[str, ...], values: list[Any]) -> None:
        """Run one step."""
        self.inputs[key] = values
        mood = shape.pick(shape.moods, keys)
        self.states[key] = "failure" if mood == "fail" else "success"
        if mood == "fail":
            return
        for name, value in gives(shape, number, keys, tuple(values)).items():
            if mood == "nothing" and shape.is_optional:
                value = {}
            if value or shape.is_dynamic:
                self.values[key, name] = value


# -- ours --------------------------------------------------------------------------------------


def job_of(shapes: tuple[NodeShape, ...], compute: Any = None) -> JobDefinition:
    """Return the drawn graph as a job."""
    ops, dependencies = [], {}
    for number, shape in enumerate(shapes):
        out = DynamicOut if shape.is_dynamic else Out
        ops.append(
            OpDefinition(
                compute(number, shape) if compute is not None else lambda _context, _inputs: iter(()),
                f"n{number}",
                ins={f"i{at}": In() for at in range(len(shape.inputs))},
                outs={name: out(is_required=not shape.is_optional) for name in shape.outputs},
                tags={RUN_WHEN_TAG: shape.rule.value},
                retry_policy=RetryPolicy(max_retries=1) if "retry" in shape.moods else None,
            )
        )
        dependencies[f"n{number}"] = {f"i{at}": _dependency(each) for at, each in enumerate(shape.inputs)}
    return JobDefinition(graph_def=GraphDefinition("drawn", node_defs=ops, dependencies=dependencies))


def _dependency(each: Input) -> Any:
    source, output = each.sources[0]
    if each.kind == "collect":
        return DynamicCollectDependencyDefinition(f"n{source}", output)
    if each.kind == "direct":
        return DependencyDefinition(f"n{source}", output)
    return MultiDependencyDefinition([DependencyDefinition(f"n{number}", name) for number, name in each.sources])


class Stub:
    """Carries out commands without any engine: the values are those of the shapes."""

    def __init__(self, shapes: tuple[NodeShape, ...], order: Any) -> None:
        self.shapes = shapes
        self.active = ActiveExecution(create_execution_plan(job_of(shapes)))
        self.values: dict[tuple[str, str, str | None], Any] = {}
        self.inputs: dict[str, list[Any]] = {}
        self.launches: list[tuple[str, int]] = []
        self.skips: list[str] = []
        flying: list[tuple[ExecutionStep, int]] = []
        now = 0.0
        while not self.active.is_complete:
            commands = self.active.commands(now)
            assert commands or flying, "nothing is under way, and nothing comes"
            for command in commands:
                if isinstance(command, LaunchStep):
                    self.launches.append((command.step.key, command.attempt))
                    flying.append((command.step, command.attempt))
                elif isinstance(command, SkipStep):
                    self.skips.append(command.step.key)
                    assert command.reason == self.active.skip_reasons[command.step.key]
                else:
                    assert isinstance(command, Wait)
                    now = command.until
            if flying:
                self.finish(*flying.pop(order(len(flying))), now)
        assert not flying
        assert not self.active.commands(now)

    def load(self, source: Any) -> Any:
        """Return the value behind a source."""
        if isinstance(source, FromStepOutput):
            return self.values[source.step_key, source.output_name, source.mapping_key]
        if isinstance(source, FromCollect):
            assert source.handles is not None
            return [self.values[each.step_key, each.output_name, each.mapping_key] for each in source.handles]
        if isinstance(source, FromDefault):
            return source.value
        assert isinstance(source, FromSeveral)
        given_outputs = self.active.given_outputs
        return [
            self.load(each)
            for each in source.sources
            if not isinstance(each, FromStepOutput) or (each.step_key, each.output_name) in given_outputs
        ]

    def finish(self, step: ExecutionStep, attempt: int, now: float) -> None:
        """End an attempt as the moods say."""
        number = int(step.template_key[1:])
        shape, keys = self.shapes[number], step.mapping_keys
        mood = shape.pick(shape.moods, keys)
        self.inputs[step.key] = [self.load(each.source) for each in step.inputs.values()]
        for name, value in gives(shape, number, keys, tuple(self.inputs[step.key])).items():
            if mood == "nothing" and shape.is_optional:
                continue
            for key, item in value.items() if shape.is_dynamic else ((None, value),):
                self.active.note_output(step.key, name, key)
                self.values[step.key, name, key] = item
            if mood == "fail":
                break
        if mood == "retry" and attempt == 1:
            self.active.note_retry(step.key, now + 5.0)
        elif mood == "fail":
            self.active.note_failure(step.key)
        else:
            self.active.note_success(step.key)


@settings(max_examples=300)
@given(graphs(), st.data())
def test_every_step_ends_as_the_model_says_whatever_order_steps_end_in(
    shapes: tuple[NodeShape, ...], data: st.DataObject
) -> None:
    """Each step and branch ends once, in the model's state, having loaded the model's values."""
    model = Model(shapes)
    run = Stub(shapes, lambda count: data.draw(st.integers(0, count - 1)) if count > 1 else 0)
    event(f"steps: {min(len(model.states), 20)}")
    assert run.active.states == model.states
    assert run.inputs == model.inputs
    assert sorted(run.skips) == sorted(key for key, state in model.states.items() if state in ("skipped", "abandoned"))
    assert len(run.launches) == len(set(run.launches)), "a step was launched twice"


@settings(max_examples=150)
@given(graphs())
def test_what_does_not_run_says_why(shapes: tuple[NodeShape, ...]) -> None:
    """The reason of a skip names a step that is to blame, and that ended before."""
    run = Stub(shapes, lambda _count: 0)
    for key, reason in run.active.skip_reasons.items():
        named = [each for each in run.active.states if f"'{each}'" in reason] + [
            f"n{number}" for number in range(len(shapes)) if f"steps of 'n{number}'" in reason
        ]
        assert named, f"{key}: {reason}"
        assert key not in named


@settings(max_examples=150)
@given(graphs())
def test_a_retried_step_is_launched_again_alone(shapes: tuple[NodeShape, ...]) -> None:
    """Exactly the steps whose first attempt failed have a second."""
    run = Stub(shapes, lambda _count: 0)
    tried_again = {key for key, attempt in run.launches if attempt == 2}

    def mood(key: str) -> str:
        name, _bracket, rest = key.partition("[")
        shape = shapes[int(name[1:])]
        return str(shape.pick(shape.moods, tuple(rest[:-1].split("][")) if rest else ()))

    assert tried_again == {key for key in run.inputs if mood(key) == "retry"}


@settings(max_examples=40)
@given(graphs())
def test_the_engine_comes_to_the_same_as_the_model(shapes: tuple[NodeShape, ...]) -> None:
    """Run in this process, the steps give the model's values, and each skip event bears its reason."""
    model = Model(shapes)
    seen: dict[str, int] = {}

    def compute(number: int, shape: NodeShape) -> Any:
        def run(context: Any, inputs: dict[str, Any]) -> Iterator[Any]:
            keys = context._step.step.mapping_keys
            key = step_key(number, keys)
            seen[key] = seen.get(key, 0) + 1
            mood = shape.pick(shape.moods, keys)
            if mood == "fail" or (mood == "retry" and seen[key] == 1):
                raise ValueError("as the mood is")
            values = tuple(inputs[f"i{at}"] for at in range(len(shape.inputs)))
            for name, value in gives(shape, number, keys, values).items():
                if mood == "nothing" and shape.is_optional:
                    continue
                if shape.is_dynamic:
                    for letter, item in value.items():
                        yield DynamicOutput(item, letter, name)
                else:
                    yield Output(value, name)

        return run

    result = job_of(shapes, compute).execute_in_process(raise_on_error=False)
    states = {}
    kinds = {"STEP_SUCCESS": "success", "STEP_FAILURE": "failure", "STEP_SKIPPED": "skipped"}
    for each in result.all_events:
        if each.event_type_value in kinds:
            assert each.step_key not in states
            states[each.step_key] = kinds[each.event_type_value]
            if each.event_type_value == "STEP_SKIPPED":
                assert each.event_specific_data.reason
    assert states == {key: "skipped" if state == "abandoned" else state for key, state in model.states.items()}
    assert result.success == ("failure" not in model.states.values())
    for number, shape in enumerate(shapes):
        if shape.dimensions or shape.is_dynamic or f"n{number}" not in model.inputs:
            continue
        for name in shape.outputs:
            if (f"n{number}", name) in model.values:
                assert result.output_for_node(f"n{number}", name) == model.values[f"n{number}", name]
