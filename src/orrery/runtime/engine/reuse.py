"""
What a run makes use of again, and what it records of what it makes.

A :class:`RunReuse` belongs to one run. Before a step is launched it says whether the step need not run, as ``decisions.py``
finds. Each materialization is recorded with what it was made from.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from orrery.base.keys import AssetKey
from orrery.base.tags import (
    DATA_VERSION_TAG,
    INPUT_DATA_VERSION_TAG_PREFIX,
    INPUT_EVENT_POINTER_TAG_PREFIX,
    NULL_EVENT_POINTER,
)
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.model.events.event import Event
from orrery.model.events.payloads import StepMaterializationData
from orrery.model.events.reuse import Provenance
from orrery.plan.commands import DecideLater, SkipStep
from orrery.plan.decide import Decision
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.graph_assets import GraphAsset, graph_assets
from orrery.plan.step import ExecutionStep, StepOutput
from orrery.runtime.engine.decisions import Decisions, asset_outputs, steps_of_assets
from orrery.runtime.engine.policies import Reuse
from orrery.runtime.engine.replaced import TakenInputs
from orrery.runtime.engine.unusable import trouble_of

__all__ = ["COMPLETED_KINDS", "RunReuse", "undecided_steps"]

COMPLETED_KINDS = frozenset(
    {"STEP_START", "STEP_RESTARTED", "LOADED_INPUT", "ASSET_MATERIALIZATION", "ASSET_OBSERVATION"}
)
"""Kinds of events that ``RunReuse.completed`` wants to hear of."""


class RunReuse:
    """
    Decide and record for one run.

    Args:
        decisions: What is decided about its steps.
    """

    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions
        self._context = decisions.context
        self._plan = decisions.plan
        self._reuse = decisions.reuse
        self._policies = decisions.policies
        self._made_from = decisions.made_from
        self._present = decisions.present
        self._asset_steps = decisions.asset_steps
        self._graphs = decisions.graphs
        self._saved = decisions.seconds_saved
        self._taken = TakenInputs(self._context, decisions.assets, self._present)
        self._now: dict[str, Provenance] = {}
        self._reused: set[str] = set()
        self._asked_again: set[str] = set()
        self._made_again: set[AssetKey] = set()
        self._made_of: dict[AssetKey, Provenance] = {}
        self._made_by: dict[str, Mapping[AssetKey, StepOutput]] = {}
        self._started: dict[str, float] = {}
        self._of_graphs: dict[AssetKey, Decision] = {}
        self._postponed: set[str] = set()

    def consult(self, step: ExecutionStep) -> SkipStep | DecideLater | None:
        """Return the command to skip the step, if its value is as good as a new one; or which steps have to end before."""
        if step.key not in self._asset_steps:
            graphs = self._graphs.get(step.template_key)
            return self._consult_graph(step, graphs) if graphs else None
        policy, reuse = self._policies.of(step), self._reuse
        self._forget_reuse(step.key)
        if policy is not None and not self._decisions.is_forcing:
            skip = self._decisions.short_way.skip(step, policy)
            if skip is not None:
                self._reused.add(step.key)
                return skip
        context = self._context.for_step(step)
        outputs = asset_outputs(step)
        now = self._now[step.key] = self._made_from.of_step(step, context, outputs[0], policy)
        if policy is None and reuse is None:
            return None
        decision = self._decisions.decide(step, context, outputs, now, policy, ())
        if decision.action != "skip":
            return None
        self._reused.add(step.key)
        return SkipStep(step, decision.told, (), True, decision.reasons, self._saved.get(step.key))

    def _consult_graph(self, step: ExecutionStep, assets: Sequence[GraphAsset]) -> SkipStep | DecideLater | None:
        """Tell of a step of a graph: it is skipped if all assets that come from it are current."""
        policy = self._policies.of(step)
        if policy is None and self._reuse is None:
            return None
        if step.key not in self._postponed:
            self._postponed.add(step.key)
            producers = dict.fromkeys(key for each in assets if each.obstacle is None for key in each.producers)
            if producers.keys() - set(step.parent_keys):
                return DecideLater(tuple(producers))
        self._forget_reuse(step.key)
        decisions = [self._decided_graph(each, policy) for each in assets]
        if any(each.action == "run" for each in decisions):
            return None
        self._reused.add(step.key)
        saved = [self._saved[each.step.key] for each in assets if each.step is step and each.step.key in self._saved]
        return SkipStep(step, decisions[0].told, (), True, decisions[0].reasons, max(saved, default=None))

    def _forget_reuse(self, step_key: str) -> None:
        if step_key in self._reused:
            self._reused.discard(step_key)
            self._asked_again.add(step_key)

    def _decided_graph(self, asset: GraphAsset, policy: CachePolicy | None) -> Decision:
        """Decide about an asset that a graph makes, once for all steps that it comes from."""
        known = self._of_graphs.get(asset.key)
        if known is None:
            now = self._made_from.of_graph(asset, self._context.for_step, policy)
            known = self._of_graphs[asset.key] = self._decisions.decide_graph(asset, now, policy, ())
        return known

    def outdated(self) -> list[str]:
        """
        Return the assets, as people write them, that the run made or used before it made an input of theirs again.

        Those alone of which an input has other content now: the next run with reuse makes them.
        """
        found: list[str] = []
        for step in self._plan.steps if self._made_again else ():
            for output, graph in self._decisions.assets_of(step):
                key = output.asset_key
                if key is None or self._made_again.isdisjoint(
                    step.input_assets if graph is None else [each.key for each in graph.inputs]
                ):
                    continue
                context, policy = self._context.for_step(step), self._policies.of(step)
                now = self._decisions.made_now(step, output, graph, policy, None, with_inputs=True)
                was = self._made_of.get(key)
                if step.key in self._reused:
                    is_old = self._decisions.decide(step, context, [output], now, policy, (), graph).action == "run"
                else:
                    is_old = was is not None and _versions(was) != _versions(now)
                if is_old:
                    found.append(key.to_user_string())
        return found

    def replaced(self) -> Iterator[Event]:
        """Iterate what is recorded of values that were made from what another run replaced meanwhile; asked at the end."""
        return self._taken.look_back()

    def may_reuse(self, step: ExecutionStep) -> bool:
        """Tell whether the value of a step may be used again, and is looked after: then what it takes has to be what was recorded."""
        policy = self._policies.of(step)
        return policy is not None and policy.verify != "none"

    def contents(self, key: AssetKey, partitions: Sequence[str | None]) -> dict[str | None, str]:
        """Return the names of the bytes that were stored of some partitions before this run, as far as they are recorded."""
        named = [each for each in partitions if each is not None]
        last_of = (
            zip(named, self._present.last_of(key, named), strict=True) if named else [(None, self._present.last(key))]
        )
        return {each: last.content for each, last in last_of if last is not None and last.content is not None}

    def is_reused(self, step_key: str) -> bool:
        """Tell whether it was decided that the step need not run."""
        return step_key in self._reused

    def completed(self, event: Event) -> Event:
        """Return *event*, of one of ``COMPLETED_KINDS``, with what is recorded of a materialization."""
        kind = event.event_type_value
        if kind == "LOADED_INPUT":
            return self._loaded(event)
        if kind == "ASSET_MATERIALIZATION":
            return self._materialized(event)
        if kind == "ASSET_OBSERVATION":
            self._seen(event)
            return event
        key = event.step_key or ""
        self._taken.began(key)
        self._started[key] = time.perf_counter()
        return event

    def _loaded(self, event: Event) -> Event:
        """Compare what a step has loaded with what the run knows of it; what is recorded tells no more than that it was loaded."""
        data: Any = event.event_specific_data
        if not data.contents:
            return event
        steps = self._plan.step_dict
        step_key = event.step_key or ""
        step = steps[step_key if step_key in steps else step_key.partition("[")[0]]
        if data.upstream_step_key is None:
            key = step.inputs[data.input_name].asset_key
        else:
            key = steps[data.upstream_step_key.partition("[")[0]].outputs[data.upstream_output_name].asset_key
        if key is not None:
            self._taken.loaded(step, key, data.contents)
        return msgspec.structs.replace(event, event_specific_data=msgspec.structs.replace(data, contents=()))

    def _seen(self, event: Event) -> None:
        """Go by what a step of the run found of a stored value: the step that made it is asked about once more."""
        data: Any = event.event_specific_data
        seen = data.asset_observation
        trouble = trouble_of(seen)
        if trouble is not None:
            self._decisions.found_unusable.add(seen.asset_key)
            self._of_graphs.pop(seen.asset_key, None)
            self._present.note_trouble(seen.asset_key, seen.partition, trouble, self._context.run.run_id)

    def _materialized(self, event: Event) -> Event:
        data: Any = event.event_specific_data
        made = data.materialization
        step = self._plan.step_dict.get((event.step_key or "").partition("[")[0])
        if step is None or made.asset_key not in self._outputs_of(step):
            return event
        added: dict[str, str] = {}
        version = None if made.tags is None else made.tags.get(DATA_VERSION_TAG)
        if version is None:  # what the function wrote by itself: nobody knows its content, so each run gives another
            version = added[DATA_VERSION_TAG] = f"{self._context.run.run_id}:{event.step_key}"
        provenance, started = self._now.get(step.key), self._started.get(event.step_key or "")
        graph = None
        for asset in self._graphs.get(step.key, ()):
            if asset.key == made.asset_key:  # by now all that it is made from has been made
                graph = asset
                provenance = self._made_from.of_graph(asset, self._context.for_step, self._policies.of(step))
                started = min(self._started[each.key] for each in asset.steps if each.key in self._started)
        if provenance is not None:
            if started is not None:
                taken = round(time.perf_counter() - started, 6)
                provenance = msgspec.structs.replace(provenance, seconds=taken)
            self._made_of[made.asset_key] = provenance
            provenance = self._decisions.of_one(
                made.partition, step, self._outputs_of(step)[made.asset_key], graph, provenance
            )
            provenance = self._taken.as_taken((step,) if graph is None else graph.steps, provenance)
            for key, part in provenance.inputs.items():
                added[f"{INPUT_DATA_VERSION_TAG_PREFIX}/{key}"] = part.version
                pointer = NULL_EVENT_POINTER if part.storage_id is None else str(part.storage_id)
                added[f"{INPUT_EVENT_POINTER_TAG_PREFIX}/{key}"] = pointer
        if step.key in self._asked_again:
            self._made_again.add(made.asset_key)
        self._present.note(made.asset_key, made.partition, version, self._context.run.run_id, data.content)
        self._taken.note(step, graph, made.asset_key, made.partition, provenance, version, data.content)
        told = made.with_system_tags(added) if added else made
        fresh = StepMaterializationData(told, data.asset_lineage, provenance, data.is_stored, data.content)
        return msgspec.structs.replace(event, event_specific_data=fresh)

    def _outputs_of(self, step: ExecutionStep) -> Mapping[AssetKey, StepOutput]:
        found = self._made_by.get(step.key)
        if found is None:
            outputs = step.outputs.values()
            found = self._made_by[step.key] = {each.asset_key: each for each in outputs if each.asset_key is not None}
        return found


def undecided_steps(plan: ExecutionPlan, reuse: Reuse | None) -> dict[str, ExecutionStep]:
    """Return the steps, by key, of which a run finds out only on its way whether they have to run."""
    if reuse is None:
        return {}
    graphs = graph_assets(plan)
    return {
        **steps_of_assets(plan),
        **{key: plan.step_dict[key] for key in graphs if asset_outputs(plan.step_dict[key])},
    }


def _versions(made_from: Provenance) -> dict[str, str]:
    return {key: part.version for key, part in made_from.inputs.items()}
