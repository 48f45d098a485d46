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
from orrery.definitions.parts.signature import ComputeFunction
from orrery.model.events.event import Event
from orrery.model.events.payloads import StepMaterializationData
from orrery.model.events.reuse import InputPart, Provenance
from orrery.plan.commands import SkipStep
from orrery.plan.decide import Decision, LastMade, Situation, decide
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.fingerprint.facts import Place, Reach
from orrery.plan.fingerprint.fingerprint import code_parts, config_parts, input_part, short_digest
from orrery.plan.fingerprint.reach import Reacher
from orrery.plan.fingerprint.wiring import WIRING, wiring_digest
from orrery.plan.step import ExecutionStep, StepOutput
from orrery.runtime.contexts.step import StepExecutionContext
from orrery.runtime.engine.code_facts import InstalledCode
from orrery.runtime.engine.kept_entries import KeptEntries
from orrery.runtime.engine.last_made import PresentValues
from orrery.runtime.engine.planned import PlannedStep, decision_of_found, planned_graph
from orrery.runtime.engine.policies import Policies, Reuse
from orrery.runtime.engine.probing import Looked, Sighting, look_at
from orrery.runtime.engine.spoken_of import AssetsSpokenOf
from orrery.runtime.engine.stored_state import StoredState
from orrery.runtime.engine.unchanged import Plain, ShortWay
from orrery.runtime.engine.unusable import trouble_of

__all__ = ["COMPLETED_KINDS", "RunReuse", "undecided_steps"]

COMPLETED_KINDS = frozenset({"STEP_START", "STEP_RESTARTED", "ASSET_MATERIALIZATION", "ASSET_OBSERVATION"})
"""Kinds of events that ``RunReuse.completed`` wants to hear of."""
_WHOLE: tuple[str | None, ...] = (None,)
_NO_PLACES: Mapping[str, Place] = {}
_MOST_KEPT = 20_000
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
        self._reacher: Reacher
        self._installed: InstalledCode
        self._reacher, self._installed = kept["reacher"]
        self._kept_parts: dict[int, tuple[Reach, Mapping[str, str]]] = kept.setdefault("parts of code", {})
        self._codes: dict[str, tuple[Reach, Mapping[str, str]]] = {}
        self._now: dict[str, Provenance] = {}
        self._reused: set[str] = set()
        self._found_unusable: set[AssetKey] = set()
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
        self._short_way = ShortWay(
            steps.values(),
            self._present,
            self._code_of,
            self._managers,
            self._config_of,
            lambda step, output, policy: self._stored.of(step, self._context.for_step(step), output, policy),
            self._assets.of_project()[1],
        )
        self._stored = StoredState(plan_context.run, self._managers, self._assets, self._short_way.is_there)

    def close(self) -> None:
        """Keep for other processes what was found out of the code, and read of the event log."""
        self._installed.save()
        self._entries.save()

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
            if step.key not in self._asset_steps:
                continue
            policy = self._policies.of(step)
            for name, each in step.inputs.items():
                key = each.asset_key
                if key is None or key not in probes:
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

    # -- the run asks --------------------------------------------------------------------------

    def consult(self, step: ExecutionStep) -> SkipStep | None:
        """Return the command to skip the step, if its value is as good as a new one."""
        if step.key not in self._asset_steps:
            return None
        policy, reuse = self._policies.of(step), self._reuse
        self._reused.discard(step.key)
        if policy is not None and not self._is_forcing:
            skip = self._short_way.skip(step, policy)
            if skip is not None:
                self._reused.add(step.key)
                return skip
        context = self._context.for_step(step)
        outputs = _asset_outputs(step)
        now = self._now[step.key] = self._provenance(step, context, outputs, policy)
        if policy is None and reuse is None:
            return None
        decision = self._decide(step, context, outputs, now, policy, ())
        if decision.action != "skip":
            return None
        self._reused.add(step.key)
        return SkipStep(step, decision.told, (), True, decision.reasons, self._saved.get(step.key))

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
        provenance = self._now.get(step.key)
        if provenance is not None:
            started = self._started.get(event.step_key or "")
            if started is not None:
                taken = round(time.perf_counter() - started, 6)
                provenance = msgspec.structs.replace(provenance, seconds=taken)
            for key, part in provenance.inputs.items():
                added[f"{INPUT_DATA_VERSION_TAG_PREFIX}/{key}"] = part.version
                pointer = NULL_EVENT_POINTER if part.storage_id is None else str(part.storage_id)
                added[f"{INPUT_EVENT_POINTER_TAG_PREFIX}/{key}"] = pointer
        self._present.note(made.asset_key, made.partition, version, self._context.run.run_id)
        told = made.with_system_tags(added) if added else made
        fresh = StepMaterializationData(told, data.asset_lineage, provenance, data.is_stored)
        return msgspec.structs.replace(event, event_specific_data=fresh)

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
                outputs = _asset_outputs(step)
                running.update(output.asset_key for output in outputs if output.asset_key is not None)
                if outputs and step.assets_def is not None and step.assets_def.execution_type == "MATERIALIZATION":
                    found.append(planned_graph(step, outputs))
                continue
            policy = self._policies.of(step)
            above = _among(step, running) if running else ()
            plain = None if above or policy is None or self._is_forcing else self._short_way.find(step, policy)
            if plain is not None:
                found.append(self._of_plain(step, plain))
                continue
            outputs = _asset_outputs(step)
            context = self._context.for_step(step)
            now = self._provenance(step, context, outputs, policy)
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
        if step.key not in self._asset_steps:
            return {}
        return self._judged(step, dict.fromkeys(partitions, self._context.for_step(step)), with_inputs=False)

    def unchanged(self, step: ExecutionStep, partitions: Sequence[str | None]) -> set[str | None]:
        """Return those of some partitions that are as they would be made now: also their inputs are what they were."""
        if step.key not in self._asset_steps:
            return set()
        whole = self._context.for_step(step)
        contexts = {each: whole if each is None else whole.of_partitions([each]) for each in partitions}
        return {each for each, is_old in self._judged(step, contexts, with_inputs=True).items() if not is_old}

    def _judged(
        self, step: ExecutionStep, contexts: Mapping[str | None, StepExecutionContext], *, with_inputs: bool
    ) -> dict[str | None, bool]:
        outputs, policy = _asset_outputs(step), self._policies.of(step)
        external = self._assets.external_inputs(step)
        instant, found = datetime.now(UTC), dict[str | None, bool]()
        now = None if with_inputs else self._provenance(step, self._context.for_step(step), outputs, policy, False)
        for output in outputs:
            key = output.asset_key
            assert key is not None
            partitions = [each for each in contexts if each is not None]
            last_of = dict[str | None, LastMade | None](
                zip(partitions, self._present.last_of(key, partitions), strict=True)
            )
            if None in contexts:
                last_of[None] = self._present.last(key)
            for partition, last in last_of.items():
                if last is None or last.provenance is None:
                    continue
                if now is None:
                    made_now = self._provenance(step, contexts[partition], outputs, policy)
                else:
                    made_now = msgspec.structs.replace(now, inputs=last.provenance.inputs)
                situation = Situation(
                    asset=key.to_user_string(), last=last, now=made_now, policy=policy, external=external
                )
                is_old = decide(situation, instant).action == "run"
                found[partition] = found.get(partition, False) or is_old
        return found

    # -- the decision --------------------------------------------------------------------------

    def _decide(
        self,
        step: ExecutionStep,
        context: StepExecutionContext,
        outputs: Sequence[StepOutput],
        now: Provenance,
        policy: CachePolicy | None,
        running: tuple[str, ...],
    ) -> Decision:
        reuse = self._reuse
        instant = datetime.now(UTC)
        worst: Decision | None = None
        external = self._assets.external_inputs(step)
        known = self._codes.get(step.key)
        places = known[0].places if known is not None else _NO_PLACES
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
                    now=now,
                    policy=policy,
                    value=self._stored.of(step, context, output, policy)
                    if last is not None and last.is_stored and key not in self._found_unusable
                    else "unknown",
                    is_forced=reuse is not None and (reuse.force_all or key in reuse.forced),
                    running=running,
                    external=external,
                    places=places,
                    obstacle=_obstacle(step, output),
                )
                decision = decide(situation, instant)
                if worst is None or (worst.action == "skip" and decision.action == "run"):
                    worst = decision
        assert worst is not None
        return worst

    def _made(self, key: AssetKey, partitions: Sequence[str]) -> Iterator[tuple[str | None, LastMade | None]]:
        """Iterate how the value, or that of each partition, was made last."""
        if not partitions:
            yield None, self._present.last(key)
        else:
            yield from zip(partitions, self._present.last_of(key, partitions), strict=True)

    def _manager(self, output: StepOutput) -> Any:
        return self._managers.get(output.definition.io_manager_key)

    # -- what it is made from ------------------------------------------------------------------

    def _provenance(
        self,
        step: ExecutionStep,
        context: StepExecutionContext,
        outputs: Sequence[StepOutput],
        policy: CachePolicy | None,
        with_inputs: bool = True,
    ) -> Provenance:
        declared = outputs[0].definition.code_version
        code_version = declared if declared is not None else step.op.version
        reach, code = (None, {}) if code_version is not None else self._reach(step)
        config = context.op_entry.config
        manager = self._manager(outputs[0])
        needed = step.op.required_resource_keys
        return Provenance(
            code=code,
            libraries=reach.distributions if reach is not None else {},
            code_version=code_version,
            config=config_parts(config) if config is not None else {},
            inputs=self._inputs(step, context) if step.inputs and with_inputs else {},
            resources=self._resources(needed) if needed else {},
            format=None if manager is None else getattr(manager, "format_name", None) or type(manager).__name__,
            salt=policy.salt if policy is not None else None,
        )

    def _reach(self, step: ExecutionStep) -> tuple[Reach, Mapping[str, str]]:
        known = self._codes.get(step.key)
        if known is None:
            fn = step.op._compute_fn
            reach = self._reacher.reach(fn.fn if type(fn) is ComputeFunction else fn)
            known = self._kept_parts.get(id(reach))
            if known is None or known[0] is not reach:
                if len(self._kept_parts) >= _MOST_KEPT:
                    self._kept_parts.clear()
                known = self._kept_parts[id(reach)] = (reach, code_parts(reach))
            wiring = wiring_digest(step.assets_def, step.op)
            if wiring is not None:
                known = (known[0], {**known[1], WIRING: short_digest(wiring)})
            self._codes[step.key] = known
        return known

    def _code_of(self, step: ExecutionStep) -> tuple[Mapping[str, str], Mapping[str, str]]:
        reach, code = self._reach(step)
        return code, reach.distributions

    def _config_of(self, step: ExecutionStep) -> Any:
        return self._context.for_step(step).op_entry.config if self._plan.resolved_run_config.ops else None

    def _resources(self, needed: AbstractSet[str]) -> Mapping[str, str]:
        definitions = self._plan.job.resource_defs
        found: dict[str, str] = {}
        for key in sorted(needed):
            definition = definitions.get(key)
            for holder in (
                definition,
                getattr(definition, "constant", None),
                getattr(definition, "configurable", None),
            ):
                identity = getattr(holder, "cache_identity", None)
                if identity is not None:
                    found[key] = str(identity() if callable(identity) else identity)
                    break
        return found

    def _inputs(self, step: ExecutionStep, context: StepExecutionContext) -> Mapping[str, InputPart]:
        found: dict[str, InputPart] = {}
        for name, each in step.inputs.items():
            key = each.asset_key
            if key is None:
                continue
            found[key.to_user_string()] = self._input(key, name, context)
        return found

    def _input(self, key: AssetKey, name: str, context: StepExecutionContext) -> InputPart:
        if self._assets.partitions_def_of(key) is None:
            return InputPart(*self._present.version(key))
        partitions = context.asset_partition_keys_for_input(name, require_valid_partitions=False)
        return input_part(self._present.versions(key, partitions))


def _place_of(name: str, instance: Any) -> str | None:
    return None if instance.is_ephemeral else os.path.join(instance.root_directory, name)


def undecided_steps(plan: ExecutionPlan, reuse: Reuse | None) -> dict[str, ExecutionStep]:
    """Return the steps, by key, of which a run finds out only on its way whether they have to run."""
    return dict(_steps_of_assets(plan)) if reuse is not None else {}


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


def _among(step: ExecutionStep, running: AbstractSet[AssetKey]) -> tuple[str, ...]:
    """Return those assets, as people write them, that the step takes and that run before it."""
    return tuple(dict.fromkeys(key.to_user_string() for key in step.input_assets if key in running))


def _obstacle(step: ExecutionStep, output: StepOutput) -> str | None:
    if step.dimensions or output.is_dynamic:
        return "it is multiplied by a dynamic output"
    return None
