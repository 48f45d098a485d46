"""
Assets that a graph of ops makes: from which steps of a run each of them comes, and from which other assets.

What an ordinary asset is made from can be seen at its only step. Here it is all that the steps before have together: their
code, their config, what they take from outside of the graph, and how they are joined. A step of the graph has to run if one
of the assets that come from it has to be made. A step from which no asset comes counts for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from orrery.base.keys import AssetKey
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.fingerprint.canonical import canonical_digest
from orrery.plan.sources import (
    FromAsset,
    FromCollect,
    FromConfig,
    FromDefault,
    FromDirectValue,
    FromInputManager,
    FromSeveral,
    FromStepOutput,
    InputSource,
    leaves,
)
from orrery.plan.step import ExecutionStep, StepInput, StepOutput

__all__ = ["GraphAsset", "GraphInput", "graph_assets"]

_KEPT = "assets that graphs make"
_UNSEEN = "its graph takes a value of which nobody can tell whether it changed"
_VAGUE = "nobody can tell which partitions of an input its graph takes"
_IN_A_CIRCLE = "its graph takes what is made from another of its assets"


class GraphInput(msgspec.Struct, frozen=True):
    """
    An asset that a graph takes.

    Attributes:
        key: The asset.
        step: The step that takes it.
        name: The input of that step.
    """

    key: AssetKey
    step: ExecutionStep
    name: str


class GraphAsset(msgspec.Struct, frozen=True, kw_only=True):
    """
    One asset that a graph of ops makes.

    Attributes:
        step: The step that gives it.
        output: As which output.
        steps: The steps of the graph that it comes from, in the order of the plan, *step* among them.
        inputs: The assets that these take from outside of the graph.
        wiring: Digest of how the steps are joined.
        producers: The steps of the plan, outside of the graph, that make the inputs.
        vague: The inputs of which nobody can tell which partitions are taken: those that come in a list of values.
        obstacle: Why it can never be said to be current, if so.
    """

    step: ExecutionStep
    output: StepOutput
    steps: tuple[ExecutionStep, ...]
    inputs: tuple[GraphInput, ...]
    wiring: str
    producers: tuple[str, ...]
    vague: frozenset[AssetKey] = frozenset()
    obstacle: str | None = None

    @property
    def key(self) -> AssetKey:
        """Return the key of the asset."""
        key = self.output.asset_key
        assert key is not None
        return key

    def obstacle_with(self, partitioned: Iterable[AssetKey]) -> str | None:
        """Return why it can never be said to be current, where these assets have partitions."""
        if self.obstacle is None and not self.vague.isdisjoint(partitioned):
            return _VAGUE
        return self.obstacle


def graph_assets(plan: ExecutionPlan) -> Mapping[str, Sequence[GraphAsset]]:
    """
    Return, for each step of a graph that makes assets, those that come from it.

    Graphs of which only a part is executed are left out: what the rest gave is that of an earlier run.
    """
    kept: Mapping[str, Sequence[GraphAsset]] | None = plan.kept.get(_KEPT)
    if kept is None:
        kept = plan.kept[_KEPT] = _find(plan)
    return kept


def _find(plan: ExecutionPlan) -> dict[str, list[GraphAsset]]:
    graphs: dict[str, list[ExecutionStep]] = {}
    for step in plan.step_dict.values():
        if not step.is_whole_asset and step.assets_def is not None:
            graphs.setdefault(step.handle.path[0], []).append(step)
    executed = frozenset(plan.step_keys_to_execute)
    found: dict[str, list[GraphAsset]] = {}
    for steps in graphs.values():
        if all(step.key in executed for step in steps) and not plan.mapped_keys_to_execute:
            for each in _Graph(plan, steps).assets():
                for step in each.steps:
                    found.setdefault(step.key, []).append(each)
    return found


class _Graph:
    """The steps of one graph in a plan."""

    def __init__(self, plan: ExecutionPlan, steps: Sequence[ExecutionStep]) -> None:
        self._plan = plan
        self._steps = {step.key: step for step in steps}

    def assets(self) -> list[GraphAsset]:
        """Return the assets that are wanted of it."""
        wanted = [
            (step, output)
            for step in self._steps.values()
            for output in step.outputs.values()
            if output.asset_key is not None and output.is_selected
        ]
        before = [self._before(step) for step, _output in wanted]
        beside = self._steps.keys() - set().union(*before)
        below = self._below() if len(wanted) > 1 else frozenset[str]()
        return [
            self._asset(step, output, keys | beside, below) for (step, output), keys in zip(wanted, before, strict=True)
        ]

    def _asset(
        self,
        step: ExecutionStep,
        output: StepOutput,
        keys: frozenset[str],
        below: frozenset[str],
    ) -> GraphAsset:
        steps = tuple(each for key, each in self._steps.items() if key in keys)
        inputs: dict[AssetKey, GraphInput] = {}
        vague: set[AssetKey] = set()
        producers: dict[str, None] = {}
        obstacle = None
        for each in steps:
            for name, given in each.inputs.items():
                for key in self._assets_of(given):
                    inputs.setdefault(key, GraphInput(key, each, name))
                    if given.asset_key is None:
                        vague.add(key)
                if any(isinstance(source, FromInputManager | FromDirectValue) for source in leaves(given.source)):
                    obstacle = _UNSEEN
            producers.update(dict.fromkeys(key for key in each.parent_keys if key not in self._steps))
        if not below.isdisjoint(producers):
            obstacle = _IN_A_CIRCLE
        return GraphAsset(
            step=step,
            output=output,
            steps=steps,
            inputs=tuple(inputs.values()),
            wiring=canonical_digest([self._joined(each) for each in steps] + [step.key, output.name]) or "",
            producers=tuple(producers),
            vague=frozenset(vague),
            obstacle=obstacle,
        )

    def _before(self, step: ExecutionStep) -> frozenset[str]:
        """Return the steps of the graph that a step comes from, itself among them."""
        found, stack = {step.key}, [step]
        while stack:
            for key in stack.pop().parent_keys:
                if key in self._steps and key not in found:
                    found.add(key)
                    stack.append(self._steps[key])
        return frozenset(found)

    def _below(self) -> frozenset[str]:
        """Return the steps of the plan that come from a step of the graph."""
        found = set(self._steps)
        for key, step in self._plan.step_dict.items():
            if not found.isdisjoint(step.parent_keys):
                found.add(key)
        return frozenset(found - self._steps.keys())

    def _assets_of(self, given: StepInput) -> Iterator[AssetKey]:
        """Iterate the assets that an input takes from outside of the graph."""
        if given.asset_key is not None:
            yield given.asset_key
            return
        for source in leaves(given.source):
            key = self._asset_of(source)
            if key is not None:
                yield key

    def _asset_of(self, source: InputSource) -> AssetKey | None:
        if isinstance(source, FromAsset):
            return source.asset_key
        if isinstance(source, FromStepOutput) and source.step_key not in self._steps:
            return self._plan.step_dict[source.step_key].outputs[source.output_name].asset_key
        return None

    def _joined(self, step: ExecutionStep) -> list[Any]:
        """Return what says where the inputs of a step come from."""
        return [step.key, {name: self._joined_input(each) for name, each in step.inputs.items()}, list(step.dimensions)]

    def _joined_input(self, given: StepInput) -> list[Any]:
        definition = given.definition
        metadata = {name: canonical_digest(value) for name, value in (definition.raw_metadata or {}).items()}
        sources = [self._told(source) for source in leaves(given.source)]
        return [isinstance(given.source, FromSeveral), sources, metadata, definition.input_manager_key]

    def _told(self, source: InputSource) -> list[Any]:
        key = self._asset_of(source)
        if key is not None:
            return ["asset", list(key.parts)]
        if isinstance(source, FromStepOutput | FromCollect):
            return ["step", source.step_key, source.output_name]
        if isinstance(source, FromConfig):
            return ["config", list(source.path), source.input_name]
        if isinstance(source, FromDefault):
            return ["default", canonical_digest(source.value)]
        return [type(source).__name__]
