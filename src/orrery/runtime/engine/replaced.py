"""
Inputs that another run made anew, with other content, while a run took them, and values that two runs stored at once.

Where the IO manager tells what it has loaded, the run compares that with what it knows: what it stored itself, or what the
event log said when it looked. What is made of another value is recorded as made of something that no run has recorded, so
that it is current for neither.

Of the rest nobody can tell: of what a function reads by itself, or an IO manager loads that tells nothing. There a run looks
back at its end at what other runs have made since it began, and records what it finds as observations: of its own values,
and of those that another run made of what this one stored and had not recorded when that one looked back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from orrery.base.keys import AssetKey
from orrery.base.tags import DAMAGED_VALUE_TAG, REPLACED_INPUTS_TAG
from orrery.model.events import build
from orrery.model.events.event import Event
from orrery.model.events.reuse import Provenance
from orrery.model.events.user import AssetObservation
from orrery.plan.graph_assets import GraphAsset
from orrery.plan.step import ExecutionStep
from orrery.runtime.engine.last_made import PresentValues, made_of_unknown
from orrery.runtime.engine.other_runs import OtherRuns
from orrery.runtime.engine.spoken_of import AssetsSpokenOf
from orrery.runtime.engine.unusable import CONTESTED, REPLACED

__all__ = ["TakenInputs"]

_Taken = tuple[AssetKey, str | None]
"""An asset, or one of its partitions, that was taken."""


class _Made(NamedTuple):
    """
    A value that the run has made of what it cannot be certain of.

    Attributes:
        step: The step that gave it.
        key: The asset.
        partition: The partition; None for an asset without.
        taken: These inputs.
    """

    step: ExecutionStep
    key: AssetKey
    partition: str | None
    taken: tuple[_Taken, ...]


class _Own(NamedTuple):
    """
    A value that the run has made.

    Attributes:
        step: The step that gave it.
        version: Its data version.
        is_told: Whether it can be told from another that lies in its place.
    """

    step: ExecutionStep
    version: str
    is_told: bool


class TakenInputs:
    """
    What the steps of one run took.

    Args:
        plan_context: The context of the run.
        assets: The assets that it speaks of.
        present: The versions that they had when it looked, and have since.
    """

    def __init__(self, plan_context: Any, assets: AssetsSpokenOf, present: PresentValues) -> None:
        self._context = plan_context
        self._plan = plan_context.execution_plan
        self._assets = assets
        self._present = present
        self._made: list[_Made] = []
        self._own: dict[AssetKey, dict[str | None, _Own]] = {}
        self._others: dict[str, dict[AssetKey, None]] = {}
        self._certain: set[tuple[str, AssetKey, str | None]] = set()
        self._is_all_certain = True

    def began(self, step_key: str) -> None:
        """Forget what an earlier attempt at a step took."""
        self._others.pop(step_key, None)

    def loaded(self, step: ExecutionStep, key: AssetKey, contents: Sequence[tuple[str | None, str]]) -> None:
        """
        Compare what a step has loaded with what the run knows of it.

        Args:
            step: The step, as it stands in the plan.
            key: The asset that it loaded.
            contents: Each partition, with the name of what was loaded of it.
        """
        if len(contents) > 1:  # asked for together
            self._present.last_of(key, [partition for partition, _ in contents if partition is not None])
        for partition, content in contents:
            known = self._present.content(key, partition)
            if known == content or (known is not None and self._present.is_known_as(key, partition, content)):
                self._certain.add((step.key, key, partition))
            elif known is not None:
                self._others.setdefault(step.key, {})[key] = None

    def as_taken(self, steps: Sequence[ExecutionStep], made_from: Provenance) -> Provenance:
        """
        Return what a value was made from, with versions that no run has recorded of those inputs that turned out to be others.

        Args:
            steps: The steps that it comes from.
            made_from: What it was to be made from.
        """
        if not self._others:
            return made_from
        others = {key.to_user_string(): None for step in steps for key in self._others.get(step.key, ())}
        return made_of_unknown(made_from, others, self._context.run.run_id) if others else made_from

    def note(
        self,
        step: ExecutionStep,
        graph: GraphAsset | None,
        key: AssetKey,
        partition: str | None,
        made_from: Provenance | None,
        version: str,
        content: str | None,
    ) -> None:
        """
        Note what was made, and of what, as far as nobody can tell whether it was that.

        Args:
            step: The step that gives it.
            graph: The asset, where several steps of a graph make it.
            key: The asset.
            partition: The partition; None for an asset without.
            made_from: What was recorded of it, if anything.
            version: Its data version.
            content: The name of what was stored; None if nobody could tell it from another value.
        """
        self._own.setdefault(key, {})[partition] = _Own(step, version, content is not None)
        if content is None:
            self._is_all_certain = False
        if made_from is None or not made_from.inputs:
            return
        inputs = (
            [(step, name, each.asset_key) for name, each in step.inputs.items()]
            if graph is None
            else [(each.step, each.name, each.key) for each in graph.inputs]
        )
        taken: dict[_Taken, None] = {}
        for taker, name, source in inputs:
            if source is None or (taker.key, source, None) in self._certain or self._assets.is_external(source):
                continue
            for each in self._partitions_taken(taker, name, source, graph, partition):
                if (taker.key, source, each) not in self._certain:
                    taken[source, each] = None
        if taken:
            self._made.append(_Made(step, key, partition, tuple(taken)))
            self._is_all_certain = False

    def _partitions_taken(
        self, taker: ExecutionStep, name: str, source: AssetKey, graph: GraphAsset | None, partition: str | None
    ) -> Sequence[str | None]:
        if self._assets.partitions_def_of(source) is None or (graph is not None and source in graph.vague):
            return (None,)
        context = self._context.for_step(taker)
        if partition is not None and context.has_partition_key_range:
            context = context.of_partitions([partition])
        return [str(each) for each in context.asset_partition_keys_for_input(name, require_valid_partitions=False)]

    # -- at the end ----------------------------------------------------------------------------

    def look_back(self) -> Iterator[Event]:
        """
        Iterate an observation for each value of which nobody knows what it was made of, or whether it is what is stored.

        So it is where another run has made an input, or the value itself, with other content since this one began.
        """
        if self._is_all_certain:
            return
        others = OtherRuns(self._context.instance, self._context.run.run_id)
        if others.were_there():
            yield from self._of_replaced_inputs(others)
            yield from self._of_stored_at_once(others)
            yield from self._of_what_others_took(others)

    def _of_replaced_inputs(self, others: OtherRuns) -> Iterator[Event]:
        wanted: dict[AssetKey, set[str | None]] = {}
        for made in self._made:
            for key, partition in made.taken:
                wanted.setdefault(key, set()).add(partition)
        replaced = {(key, each) for key, partitions in wanted.items() for each in self._remade(others, key, partitions)}
        for made in self._made if replaced else ():
            names = {key.to_user_string() for key, each in made.taken if (key, each) in replaced}
            if names:
                yield self._of_unknown(made.step, made.key, made.partition, names)

    def _of_stored_at_once(self, others: OtherRuns) -> Iterator[Event]:
        for key, own in self._own.items():
            untold = {partition: each.step for partition, each in own.items() if not each.is_told}
            for partition in self._remade(others, key, untold):
                shown = key.to_user_string() if partition is None else f"{key.to_user_string()}[{partition}]"
                what = (
                    f"The stored value of {shown} may be that of another run: two made it at once, with other content, and "
                    "nothing tells which of the two was stored last."
                )
                observed = AssetObservation(key, what, partition=partition, tags={DAMAGED_VALUE_TAG: CONTESTED})
                yield build.asset_observation(self._context.ref_of(untold[partition]), observed)

    def _remade(self, others: OtherRuns, key: AssetKey, partitions: Collection[str | None]) -> set[str | None]:
        """Return those of these partitions that another run made with another version than the one that this run knows."""
        if not partitions:
            return set()
        named = None if None in partitions else [each for each in partitions if each is not None]
        return {
            partition
            for made in others.made(key, named)
            for partition in {None, made.partition}
            if partition in partitions and self._version_of(key, partition) != made.version
        }

    def _version_of(self, key: AssetKey, partition: str | None) -> str:
        if partition is None:
            return self._present.version(key)[0]
        return self._present.versions(key, (partition,))[partition][0]

    def _of_what_others_took(self, others: OtherRuns) -> Iterator[Event]:
        layer = self._context.job_def.asset_layer
        if layer is None:
            return
        graph = layer.asset_graph
        for key, own in self._own.items():
            versions = {each.version for each in own.values()}
            for child in graph.get_children(key) if graph.has(key) else ():
                may_take = self._taker(key, child)
                if may_take is None:
                    continue
                for made in others.made(child):
                    part = made.inputs.get(key.to_user_string())
                    if part is None or (part.partitions == 1 and part.version in versions):
                        continue
                    if may_take(made.partition):
                        step = next(iter(own.values())).step
                        yield self._of_unknown(step, child, made.partition, {key.to_user_string()})

    def _taker(self, key: AssetKey, child: AssetKey) -> Callable[[str | None], bool] | None:
        """
        Return what tells whether a partition of an asset takes what the run has made of another.

        None if whoever takes that sees what it is, as its IO manager tells.
        """
        own: Mapping[str | None, _Own] = self._own[key]
        made_by = self._context.producer_of(child.parts)
        step = self._plan.step_dict.get(made_by[0]) if made_by is not None else None
        inputs = {name: each for name, each in step.inputs.items() if each.asset_key == key} if step is not None else {}
        if all(each.is_told for each in own.values()) and all(
            not each.definition.dagster_type.is_nothing and each.definition.input_manager_key is None
            for each in inputs.values()
        ):
            return None
        if None in own:
            return lambda partition: True
        if step is None or not inputs:
            return own.__contains__

        def may_take(partition: str | None) -> bool:
            context = self._context.for_step(step)
            if partition is not None:
                context = context.of_partitions([partition])
            return any(
                str(each) in own
                for name in inputs
                for each in context.asset_partition_keys_for_input(name, require_valid_partitions=False)
            )

        return may_take

    def _of_unknown(self, step: ExecutionStep, key: AssetKey, partition: str | None, names: Collection[str]) -> Event:
        """Return what is recorded of a value that was made of inputs of which nobody knows what they were."""
        shown = sorted(names)
        what = f"Made while another run made {', '.join(shown)} anew: which of the two values was taken, nobody knows."
        tags = {DAMAGED_VALUE_TAG: REPLACED, REPLACED_INPUTS_TAG: json.dumps(shown)}
        observed = AssetObservation(key, what, partition=partition, tags=tags)
        return build.asset_observation(self._context.ref_of(step), observed)
