"""
What each step of a run is made from, and which steps need not run.

A :class:`RunReuse` belongs to one run (or to a plan of one). Before a step is launched it puts together what the step
would be made from and, where a policy allows it, lets ``plan/decide`` say whether the stored value is as good. Each
materialization is recorded with what it was made from. ``orrery plan`` asks the same object.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
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
from orrery.model.events.reuse import InputPart, Provenance
from orrery.plan.commands import DecideLater, SkipStep
from orrery.plan.decide import Decision, LastMade, Situation, decide
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.fingerprint.reach import Reacher
from orrery.plan.graph_assets import GraphAsset, graph_assets
from orrery.plan.step import ExecutionStep, StepOutput
from orrery.runtime.contexts.step import StepExecutionContext
from orrery.runtime.engine.code_facts import InstalledCode
from orrery.runtime.engine.kept_entries import KeptEntries
from orrery.runtime.engine.last_made import PresentValues
from orrery.runtime.engine.made_from import MadeFrom
from orrery.runtime.engine.planned import PlannedStep, decision_of_found
from orrery.runtime.engine.policies import Policies, Reuse
from orrery.runtime.engine.probing import Looked, Sighting, look_at
from orrery.runtime.engine.recorded import contents_now
from orrery.runtime.engine.spoken_of import AssetsSpokenOf
from orrery.runtime.engine.stored_state import StoredState
from orrery.runtime.engine.unchanged import Plain, ShortWay
from orrery.runtime.engine.unusable import trouble_of
from orrery.runtime.files.known_heads import known_heads_of

__all__ = ["COMPLETED_KINDS", "RunReuse", "undecided_steps"]

COMPLETED_KINDS = frozenset({"STEP_START", "STEP_RESTARTED", "ASSET_MATERIALIZATION", "ASSET_OBSERVATION"})
"""Kinds of events that ``RunReuse.completed`` wants to hear of."""
_WHOLE: tuple[str | None, ...] = (None,)
_FORMS, _ENTRIES = "code_forms", "known_entries"
_KEPT_STEPS = "steps that make assets"


class RunReuse:
    """
    Decide and record for one run.

    Args:
        plan_context: The context of the run.
        reuse: What may be used again; None if everything that was asked for runs.
    """

    def __init__(self, plan_context: Any, reuse: Reuse | None = None) -> None:
        self._context = plan_context
        self._plan = plan_context.execution_plan
        self._instance = plan_context.instance
        self._reuse = reuse
        self._is_forcing = reuse is not None and (reuse.force_all or bool(reuse.forced))
        kept = plan_context.instance.scratch
        if "reacher" not in kept:
            code = InstalledCode(_place_of(_FORMS, plan_context.instance))
            kept["reacher"] = Reacher(code), code  # what they know of a code object stays true
        reacher: Reacher
        self._installed: InstalledCode
        reacher, self._installed = kept["reacher"]
        self._now: dict[str, Provenance] = {}
        self._reused: set[str] = set()
        self._asked_again: set[str] = set()
        self._found_unusable: set[AssetKey] = set()
        self._made_again: set[AssetKey] = set()
        self._made_of: dict[AssetKey, Provenance] = {}
        self._made_by: dict[str, frozenset[AssetKey]] = {}
        self._saved: dict[str, float] = {}
        self._started: dict[str, float] = {}
        if "entries" not in kept:
            kept["entries"] = KeptEntries(_place_of(_ENTRIES, plan_context.instance))
        self._entries: KeptEntries = kept["entries"]
        self._assets = AssetsSpokenOf(self._plan)
        self._present = PresentValues(self._instance, self._entries, self._assets.named, self._assets.is_external)
        self._is_partitioned = bool(plan_context.run.tags)
        self._managers: Mapping[str, Any] = plan_context.opened.mapping if plan_context.opened is not None else {}
        self._policies = Policies(plan_context.run, plan_context.instance, reuse)
        steps = _steps_of_assets(self._plan)
        self._asset_steps = steps.keys()
        self._made_from = MadeFrom(
            plan_context, reacher, kept.setdefault("parts of code", {}), self._present, self._assets, self._managers
        )
        self._partitioned = self._assets.of_project()[1]
        self._graphs = graph_assets(self._plan)
        self._of_graphs: dict[AssetKey, Decision] = {}
        self._postponed: set[str] = set()
        of_graphs = {each.step.key: each.step for found in self._graphs.values() for each in found}
        self._short_way = ShortWay(
            (*steps.values(), *of_graphs.values()) if of_graphs else steps.values(),
            self._present,
            self._made_from.code_of,
            self._managers,
            self._made_from.config_of,
            lambda step, output, policy, content: self._stored.of(
                step, self._context.for_step(step), output, policy, content
            ),
            self._partitioned,
        )
        self._stored = StoredState(plan_context.run, self._managers, self._assets, self._short_way.is_there)

    def close(self) -> None:
        """Keep for other processes what was found out of the code and of stored values, and read of the event log."""
        self._installed.save()
        self._entries.save()
        known_heads_of(self._instance).save()

    # -- what lies outside ---------------------------------------------------------------------

    def look_at_sources(self, unseen: str) -> list[Sighting]:
        """
        Ask the sources that the run depends on for their versions, and go by what they say.

        Args:
            unseen: What stands for the version of one that could not be seen; no run has recorded it before.

        Raises:
            ProbeFailedError: A probe failed, and a decision of the run hangs on it.
        """
        probes = self._assets.of_project()[0]
        if not probes:
            return []
        used: dict[AssetKey, dict[str, None] | None] = {}
        decisive: set[AssetKey] = set()
        for step in self._plan.steps:
            taken_by = self._taken_by(step)
            policy = self._policies.of(step) if taken_by else None
            for name, key in taken_by:
                if key not in probes:
                    continue
                if self._assets.partitions_def_of(key) is None:
                    used[key] = None
                else:
                    context = self._context.for_step(step)
                    taken = context.asset_partition_keys_for_input(name, require_valid_partitions=False)
                    known = used.setdefault(key, {})
                    assert known is not None
                    known.update(dict.fromkeys(taken))
                if policy is not None and policy.sources == "check":
                    decisive.add(key)
        wanted = {
            key: Looked(probes[key], None if partitions is None else tuple(partitions))
            for key, partitions in used.items()
        }
        return look_at(wanted, self._present, decisive.__contains__, unseen)

    def _taken_by(self, step: ExecutionStep) -> list[tuple[str, AssetKey]]:
        """Return the assets that a step takes, each with the input that it is; none for a step of which nothing is recorded."""
        if step.key in self._asset_steps:
            return [(name, each.asset_key) for name, each in step.inputs.items() if each.asset_key is not None]
        return [
            (each.name, each.key)
            for asset in self._graphs.get(step.key, ())
            if asset.obstacle_with(self._partitioned) is None
            for each in asset.inputs
            if each.step is step
        ]

    # -- the run asks --------------------------------------------------------------------------

    def consult(self, step: ExecutionStep) -> SkipStep | DecideLater | None:
        """Return the command to skip the step, if its value is as good as a new one; or which steps have to end before."""
        if step.key not in self._asset_steps:
            graphs = self._graphs.get(step.template_key)
            return self._consult_graph(step, graphs) if graphs else None
        policy, reuse = self._policies.of(step), self._reuse
        self._forget_reuse(step.key)
        if policy is not None and not self._is_forcing:
            skip = self._short_way.skip(step, policy)
            if skip is not None:
                self._reused.add(step.key)
                return skip
        context = self._context.for_step(step)
        outputs = _asset_outputs(step)
        now = self._now[step.key] = self._made_from.of_step(step, context, outputs, policy)
        if policy is None and reuse is None:
            return None
        decision = self._decide(step, context, outputs, now, policy, ())
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
            known = self._of_graphs[asset.key] = self._decide_graph(asset, now, policy, ())
        return known

    def _decide_graph(
        self, asset: GraphAsset, now: Provenance, policy: CachePolicy | None, running: tuple[str, ...]
    ) -> Decision:
        step = asset.step
        context = self._context.for_step(step)
        return self._decide(step, context, [asset.output], now, policy, running, asset)

    def outdated(self) -> list[str]:
        """
        Return the assets, as people write them, that the run made or used before it made an input of theirs again.

        Those alone of which an input has other content now: the next run with reuse makes them.
        """
        found: list[str] = []
        for step in self._plan.steps if self._made_again else ():
            for output, graph in self._judged_outputs(step):
                key = output.asset_key
                if key is None or self._made_again.isdisjoint(
                    step.input_assets if graph is None else [each.key for each in graph.inputs]
                ):
                    continue
                context, policy = self._context.for_step(step), self._policies.of(step)
                now = self._made_now(step, graph, policy, None, with_inputs=True)
                was = self._made_of.get(key)
                if step.key in self._reused:
                    is_old = self._decide(step, context, [output], now, policy, (), graph).action == "run"
                else:
                    is_old = was is not None and _versions(was) != _versions(now)
                if is_old:
                    found.append(key.to_user_string())
        return found

    def may_reuse(self, step: ExecutionStep) -> bool:
        """Tell whether the value of a step may be used again, and is looked after: then what it takes has to be what was recorded."""
        policy = self._policies.of(step)
        return policy is not None and policy.verify != "none"

    def is_reused(self, step_key: str) -> bool:
        """Tell whether it was decided that the step need not run."""
        return step_key in self._reused

    def completed(self, event: Event) -> Event:
        """Return *event*, of one of ``COMPLETED_KINDS``, with what is recorded of a materialization."""
        if event.event_type_value == "ASSET_MATERIALIZATION":
            return self._materialized(event)
        if event.event_type_value == "ASSET_OBSERVATION":
            self._seen(event)
            return event
        self._started[event.step_key or ""] = time.perf_counter()
        return event

    def _seen(self, event: Event) -> None:
        """Go by what a step of the run found of a stored value: the step that made it is asked about once more."""
        data: Any = event.event_specific_data
        seen = data.asset_observation
        trouble = trouble_of(seen)
        if trouble is not None:
            self._found_unusable.add(seen.asset_key)
            self._of_graphs.pop(seen.asset_key, None)
            self._present.note_trouble(seen.asset_key, seen.partition, trouble, self._context.run.run_id)

    def _materialized(self, event: Event) -> Event:
        data: Any = event.event_specific_data
        made = data.materialization
        step = self._plan.step_dict.get((event.step_key or "").partition("[")[0])
        if step is None or made.asset_key not in self._keys_of(step):
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
            provenance = self._of_one(made.partition, step, graph, provenance)
            for key, part in provenance.inputs.items():
                added[f"{INPUT_DATA_VERSION_TAG_PREFIX}/{key}"] = part.version
                pointer = NULL_EVENT_POINTER if part.storage_id is None else str(part.storage_id)
                added[f"{INPUT_EVENT_POINTER_TAG_PREFIX}/{key}"] = pointer
        if step.key in self._asked_again:
            self._made_again.add(made.asset_key)
        self._present.note(made.asset_key, made.partition, version, self._context.run.run_id)
        told = made.with_system_tags(added) if added else made
        fresh = StepMaterializationData(told, data.asset_lineage, provenance, data.is_stored, data.content)
        return msgspec.structs.replace(event, event_specific_data=fresh)

    def _of_one(
        self, partition: str | None, step: ExecutionStep, graph: GraphAsset | None, made_from: Provenance
    ) -> Provenance:
        """Return what one of several partitions that a step makes at once is made from: of its inputs, what belongs to it."""
        if partition is None or not made_from.inputs:
            return made_from

        def context_of(each: ExecutionStep) -> StepExecutionContext:
            whole: StepExecutionContext = self._context.for_step(each)
            return whole.of_partitions([partition])

        if not self._context.for_step(step).has_partition_key_range:
            return made_from
        inputs = (
            self._made_from.inputs_of_step(step, context_of(step))
            if graph is None
            else self._made_from.inputs_of_graph(graph, context_of)
        )
        return msgspec.structs.replace(made_from, inputs=inputs)

    def _keys_of(self, step: ExecutionStep) -> AbstractSet[AssetKey]:
        found = self._made_by.get(step.key)
        if found is None:
            keys = (output.asset_key for output in step.outputs.values())
            found = self._made_by[step.key] = frozenset(key for key in keys if key is not None)
        return found

    # -- a plan asks ---------------------------------------------------------------------------

    def planned(self, before: Iterable[AssetKey] = ()) -> list[PlannedStep]:
        """
        Return what the run would do, step by step, without running anything.

        Args:
            before: Assets of others that are made before the run.
        """
        found: list[PlannedStep] = []
        running = set(before)
        for step in self._plan.steps:
            if step.key not in self._asset_steps:
                for asset in self._graphs.get(step.key, ()):
                    if asset.step is step:
                        found.append(self._planned_graph(asset, running))
                        if found[-1].decision.action == "run":
                            running.add(asset.key)
                continue
            policy = self._policies.of(step)
            above = _among(step, running) if running else ()
            plain = None if above or policy is None or self._is_forcing else self._short_way.find(step, policy)
            if plain is not None:
                found.append(self._of_plain(step, plain))
                continue
            outputs = _asset_outputs(step)
            context = self._context.for_step(step)
            now = self._made_from.of_step(step, context, outputs, policy)
            decision = (
                decision_of_found(context.found_partitions, above)
                if context.discovers
                else self._decide(step, context, outputs, now, policy, above)
            )
            keys = [output.asset_key for output in outputs if output.asset_key is not None]
            if decision.action == "run":
                running.update(keys)
            partitions: Sequence[str] = context.partition_keys_of_output(keys[0]) if keys and context.run_tags else ()
            last = self._present.last(keys[0], partitions[0] if partitions else None) if keys else None
            found.append(
                PlannedStep(
                    step_key=step.key,
                    assets=tuple(key.to_user_string() for key in keys),
                    decision=decision,
                    provenance=now,
                    partition=partitions[0] if len(partitions) == 1 else None,
                    last=last,
                )
            )
        return found

    def _planned_graph(self, asset: GraphAsset, running: AbstractSet[AssetKey]) -> PlannedStep:
        above = tuple(each.key.to_user_string() for each in asset.inputs if each.key in running)
        step, policy = asset.step, self._policies.of(asset.step)
        now = self._made_from.of_graph(asset, self._context.for_step, policy)
        decision = self._decide_graph(asset, now, policy, above)
        keys: Sequence[str] = (
            self._context.for_step(step).partition_keys_of_output(asset.key) if self._is_partitioned else ()
        )
        return PlannedStep(
            step_key=step.key,
            assets=(asset.key.to_user_string(),),
            decision=decision,
            provenance=now,
            partition=keys[0] if len(keys) == 1 else None,
            last=self._present.last(asset.key, keys[0] if keys else None),
        )

    def _of_plain(self, step: ExecutionStep, plain: Plain) -> PlannedStep:
        was = plain.last.provenance
        assert was is not None
        version = self._present.version
        inputs = {key.to_user_string(): InputPart(*version(key)) for key in step.input_assets}
        return PlannedStep(
            step_key=step.key,
            assets=(plain.key.to_user_string(),),
            decision=Decision(action="skip", reasons=plain.reasons),
            provenance=msgspec.structs.replace(was, inputs=inputs, seconds=None),
            last=plain.last,
        )

    def taken_from_outside(self, steps: Iterable[PlannedStep]) -> dict[AssetKey, Sequence[str] | None]:
        """
        Return the assets of the project whose values a run takes that it does not make itself.

        Inputs with an IO manager of their own are left out, and those that do without a partition which is missing.

        Args:
            steps: What is planned; of what is skipped nothing is taken.

        Returns:
            For each asset the partitions that are taken, in order; None for one without.
        """
        wanted = {key for each in steps if each.decision.action == "run" for key in self._steps_behind(each.step_key)}
        made = set(self._plan.asset_keys)
        found: dict[AssetKey, Sequence[str] | None] = {}
        for step in self._plan.steps:
            for name, key in self._taken_by(step) if step.key in wanted else ():
                definition = step.inputs[name].definition
                lenient = bool((definition.raw_metadata or {}).get("allow_missing_partitions"))
                if (
                    key in made
                    or definition.dagster_type.is_nothing
                    or definition.input_manager_key is not None
                    or self._assets.is_external(key)
                ):
                    continue
                if self._assets.partitions_def_of(key) is None:
                    found[key] = None
                elif not lenient:
                    context = self._context.for_step(step)
                    taken = context.asset_partition_keys_for_input(name, require_valid_partitions=False)
                    found[key] = tuple(dict.fromkeys((*(found.get(key) or ()), *taken)))
        return found

    def _steps_behind(self, step_key: str) -> tuple[str, ...]:
        """Return the steps that run where this one is planned to: all of a graph that its assets come from."""
        graphs = (each for each in self._graphs.get(step_key, ()) if each.step.key == step_key)
        return (step_key, *(step.key for each in graphs for step in each.steps))

    # -- a backfill asks -----------------------------------------------------------------------

    @property
    def steps(self) -> Sequence[ExecutionStep]:
        """Return the steps of the run."""
        return self._plan.steps  # type: ignore[no-any-return]  # of the plan

    def judged(self, step: ExecutionStep, partitions: Sequence[str | None]) -> dict[str | None, bool]:
        """
        Tell of partitions that were made whether they are out of date for another reason than their inputs.

        Args:
            step: A step that makes assets.
            partitions: The partitions; None for an asset without.

        Returns:
            The partitions of which it is recorded what they were made from, each with whether it is out of date.
        """
        return self._judged(step, partitions, with_inputs=False)

    def unchanged(self, step: ExecutionStep, partitions: Sequence[str | None]) -> set[str | None]:
        """Return those of some partitions that are as they would be made now: also their inputs are what they were."""
        return {each for each, is_old in self._judged(step, partitions, with_inputs=True).items() if not is_old}

    def _judged(
        self, step: ExecutionStep, partitions: Sequence[str | None], *, with_inputs: bool
    ) -> dict[str | None, bool]:
        policy, instant, found = self._policies.of(step), datetime.now(UTC), dict[str | None, bool]()
        named = [each for each in partitions if each is not None]
        for output, graph in self._judged_outputs(step):
            key = output.asset_key
            assert key is not None
            external = self._external(step, graph)
            now = None if with_inputs else self._made_now(step, graph, policy, None, with_inputs=False)
            last_of = dict[str | None, LastMade | None](zip(named, self._present.last_of(key, named), strict=True))
            if None in partitions:
                last_of[None] = self._present.last(key)
            for partition, last in last_of.items():
                if last is None or last.provenance is None:
                    continue
                if now is None:
                    made_now = self._made_now(step, graph, policy, partition, with_inputs=True)
                else:
                    made_now = msgspec.structs.replace(now, inputs=last.provenance.inputs)
                situation = Situation(
                    asset=key.to_user_string(), last=last, now=made_now, policy=policy, external=external
                )
                is_old = decide(situation, instant).action == "run"
                found[partition] = found.get(partition, False) or is_old
        return found

    def _judged_outputs(self, step: ExecutionStep) -> list[tuple[StepOutput, GraphAsset | None]]:
        """Return the assets that a step gives, as far as it is recorded what they were made from."""
        if step.key in self._asset_steps:
            return [(output, None) for output in _asset_outputs(step)]
        return [(each.output, each) for each in self._graphs.get(step.key, ()) if each.step is step]

    def _made_now(
        self,
        step: ExecutionStep,
        graph: GraphAsset | None,
        policy: CachePolicy | None,
        partition: str | None,
        *,
        with_inputs: bool,
    ) -> Provenance:
        def context_of(each: ExecutionStep) -> StepExecutionContext:
            whole: StepExecutionContext = self._context.for_step(each)
            return whole if partition is None else whole.of_partitions([partition])

        if graph is not None:
            return self._made_from.of_graph(graph, context_of, policy, with_inputs)
        return self._made_from.of_step(step, context_of(step), _asset_outputs(step), policy, with_inputs)

    # -- the decision --------------------------------------------------------------------------

    def _decide(
        self,
        step: ExecutionStep,
        context: StepExecutionContext,
        outputs: Sequence[StepOutput],
        now: Provenance,
        policy: CachePolicy | None,
        running: tuple[str, ...],
        graph: GraphAsset | None = None,
    ) -> Decision:
        reuse = self._reuse
        instant = datetime.now(UTC)
        found: Decision | None = None
        external = self._external(step, graph)
        places = self._made_from.places_of((step,) if graph is None else graph.steps)
        for output in outputs:
            key = output.asset_key
            assert key is not None
            partitions: Sequence[str] = (
                context.partition_keys_of_output(key) if self._is_partitioned or context.discovers else ()
            )
            for partition, last in self._made(key, partitions):
                if last is not None and last.provenance is not None and last.provenance.seconds is not None:
                    self._saved[step.key] = max(self._saved.get(step.key, 0.0), last.provenance.seconds)
                situation = Situation(
                    asset=key.to_user_string() if partition is None else f"{key.to_user_string()}[{partition}]",
                    last=last,
                    now=self._of_one(partition, step, graph, now),
                    policy=policy,
                    value=self._value_now(step, context, output, policy, partition, last),
                    is_forced=reuse is not None and (reuse.force_all or key in reuse.forced),
                    running=running,
                    external=external,
                    places=places,
                    obstacle=_obstacle(step, output) if graph is None else self._obstacle_of(graph),
                )
                decision = decide(situation, instant)
                if decision.action == "run" and len(partitions) > 1:  # releases before this one recorded all together
                    as_before = decide(msgspec.structs.replace(situation, now=now), instant)
                    decision = as_before if as_before.action == "skip" else decision
                if len(outputs) > 1:
                    decision = decision.about(key.to_user_string())
                found = decision if found is None else found.joined(decision)
        assert found is not None
        return found

    def _value_now(
        self,
        step: ExecutionStep,
        context: StepExecutionContext,
        output: StepOutput,
        policy: CachePolicy | None,
        partition: str | None,
        last: LastMade | None,
    ) -> str:
        """Return how the stored value of an output, or of one of its partitions, is."""
        if last is None or not last.is_stored or output.asset_key in self._found_unusable:
            return "unknown"
        own = context if partition is None else context.of_partitions([partition])
        found = self._stored.of(step, own, output, policy, last.content, partition)
        if found.startswith("damaged") and last.content is not None and output.asset_key is not None:
            content = contents_now(self._instance, output.asset_key, [partition]).get(partition)
            if content != last.content:  # another run has made it since
                return self._stored.of(step, own, output, policy, content, partition)
        return found

    def _external(self, step: ExecutionStep, graph: GraphAsset | None) -> frozenset[str]:
        """Return the inputs, as people write them, that the project does not make."""
        if graph is None:
            return self._assets.external_inputs(step)
        taken = (each.key for each in graph.inputs)
        return frozenset(key.to_user_string() for key in taken if self._assets.is_external(key))

    def _obstacle_of(self, graph: GraphAsset) -> str | None:
        return graph.obstacle_with(self._partitioned) or _obstacle(graph.step, graph.output)

    def _made(self, key: AssetKey, partitions: Sequence[str]) -> Iterator[tuple[str | None, LastMade | None]]:
        """Iterate how the value, or that of each partition, was made last."""
        if not partitions:
            yield None, self._present.last(key)
        else:
            yield from zip(partitions, self._present.last_of(key, partitions), strict=True)


def _place_of(name: str, instance: Any) -> str | None:
    return None if instance.is_ephemeral else os.path.join(instance.root_directory, name)


def undecided_steps(plan: ExecutionPlan, reuse: Reuse | None) -> dict[str, ExecutionStep]:
    """Return the steps, by key, of which a run finds out only on its way whether they have to run."""
    if reuse is None:
        return {}
    graphs = graph_assets(plan)
    return {
        **_steps_of_assets(plan),
        **{key: plan.step_dict[key] for key in graphs if _asset_outputs(plan.step_dict[key])},
    }


def _steps_of_assets(plan: ExecutionPlan) -> Mapping[str, ExecutionStep]:
    kept: Mapping[str, ExecutionStep] | None = plan.kept.get(_KEPT_STEPS)
    if kept is None:
        kept = {step.key: step for step in plan.steps if step.is_whole_asset and _is_materialization(step)}
        plan.kept[_KEPT_STEPS] = kept
    return kept


def _is_materialization(step: ExecutionStep) -> bool:
    return (
        step.assets_def is not None
        and step.assets_def.execution_type == "MATERIALIZATION"
        and bool(_asset_outputs(step))
    )


def _asset_outputs(step: ExecutionStep) -> list[StepOutput]:
    return [output for output in step.outputs.values() if output.asset_key is not None and output.is_selected]


def _versions(made_from: Provenance) -> dict[str, str]:
    return {key: part.version for key, part in made_from.inputs.items()}


def _among(step: ExecutionStep, running: AbstractSet[AssetKey]) -> tuple[str, ...]:
    """Return those assets, as people write them, that the step takes and that run before it."""
    return tuple(dict.fromkeys(key.to_user_string() for key in step.input_assets if key in running))


def _obstacle(step: ExecutionStep, output: StepOutput) -> str | None:
    if step.dimensions or output.is_dynamic:
        return "it is multiplied by a dynamic output"
    return None
