"""
What each step of a run is made from, and which steps need not run.

A :class:`RunReuse` belongs to one run (or to a plan of one). Before a step is launched it puts together what the step
would be made from and, where a policy allows it, lets ``plan/decide`` say whether the stored value is as good. Each
materialization is recorded with what it was made from. ``orrery plan`` asks the same object.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from orrery.base.errors import DamagedValueError, ValueNotFoundError
from orrery.base.keys import AssetKey
from orrery.base.tags import (
    DATA_VERSION_TAG,
    INPUT_DATA_VERSION_TAG_PREFIX,
    INPUT_EVENT_POINTER_TAG_PREFIX,
    NULL_EVENT_POINTER,
)
from orrery.definitions.parts.cache_policy import CachePolicy, policies_in_settings, policy_in
from orrery.definitions.parts.signature import ComputeFunction
from orrery.model.events.data_version import data_version_of_tags
from orrery.model.events.entry import EventLogRecord, EventRecordsFilter
from orrery.model.events.event import Event, EventType
from orrery.model.events.payloads import StepMaterializationData, StepSkippedData
from orrery.model.events.reuse import InputPart, Provenance, Reason
from orrery.model.events.user import AssetMaterialization
from orrery.plan.commands import SkipStep
from orrery.plan.decide import Decision, LastMade, Situation, decide
from orrery.plan.fingerprint.fingerprint import code_parts, config_parts, input_part
from orrery.plan.fingerprint.reach import Place, Reach, Reacher
from orrery.plan.step import ExecutionStep, StepOutput
from orrery.runtime.contexts.output import OutputContext
from orrery.runtime.contexts.step import StepExecutionContext
from orrery.runtime.engine.code_facts import InstalledCode

__all__ = ["PlannedStep", "Reuse", "RunReuse"]

_Version = tuple[str, str | None, int | None]
_UNKNOWN: _Version = ("never observed", None, None)
_WHOLE: tuple[str | None, ...] = (None,)
_NO_PLACES: Mapping[str, Place] = {}


class Reuse(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a run may use again.

    Attributes:
        policy: For assets that have none of their own; None if those always run.
        forced: Assets that run whatever their policy says.
        force_all: Whether all do.
    """

    policy: CachePolicy | None = None
    forced: frozenset[AssetKey] = frozenset()
    force_all: bool = False


class PlannedStep(msgspec.Struct, frozen=True, kw_only=True):
    """
    One step of a plan.

    Attributes:
        step_key: The step.
        assets: Its assets, as people write them.
        partition: Its partition, if one.
        decision: Run or skip, and why.
        provenance: What it would be made from.
        last: How it was made last; of several assets, the first.
    """

    step_key: str
    assets: tuple[str, ...]
    decision: Decision
    provenance: Provenance
    partition: str | None = None
    last: LastMade | None = None


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
        kept = plan_context.instance.scratch
        if "reacher" not in kept:
            kept["reacher"] = Reacher(InstalledCode())  # what it knows of a code object stays true
        self._reacher: Reacher = kept["reacher"]
        self._codes: dict[int, Reach] = {}
        self._now: dict[str, Provenance] = {}
        self._decisions: dict[str, Decision] = {}
        self._saved: dict[str, float] = {}
        self._started: dict[str, float] = {}
        self._versions: dict[tuple[AssetKey, str | None], _Version] = {}
        self._records: dict[AssetKey, EventLogRecord | None] | None = None
        self._job_policy = policy_in(plan_context.run.tags)
        self._project = policies_in_settings(plan_context.instance.get_settings("cache"))
        self._asset_steps = {step.key for step in self._plan.steps if step.is_whole_asset and _is_materialization(step)}

    # -- the run asks --------------------------------------------------------------------------

    def consult(self, step: ExecutionStep) -> SkipStep | None:
        """Return the command to skip the step, if its value is as good as a new one."""
        if step.key not in self._asset_steps:
            return None
        context = self._context.for_step(step)
        now = self._provenance(step, context)
        self._now[step.key] = now
        policy = self._policy_of(step)
        if policy is None and self._reuse is None:
            return None
        decision = self._decide(step, context, now, policy, ())
        self._decisions[step.key] = decision
        return SkipStep(step, decision.told, reused=True) if decision.action == "skip" else None

    def completed(self, event: Event) -> Event:
        """Return *event* with what is recorded of a materialization or of a skip."""
        kind = event.event_type_value
        if kind == "STEP_START" or kind == "STEP_RESTARTED":
            self._started[event.step_key or ""] = time.perf_counter()
            return event
        if kind == "ASSET_MATERIALIZATION":
            return self._materialized(event)
        if kind == "STEP_SKIPPED" and event.step_key in self._decisions:
            decision = self._decisions[event.step_key]
            if decision.action == "skip":
                data = StepSkippedData(
                    reason=decision.told, reasons=decision.reasons, saved_seconds=self._saved.get(event.step_key)
                )
                return msgspec.structs.replace(event, event_specific_data=data)
        return event

    def _materialized(self, event: Event) -> Event:
        data: Any = event.event_specific_data
        made = data.materialization
        step = self._plan.step_dict.get((event.step_key or "").partition("[")[0])
        if step is None or not any(output.asset_key == made.asset_key for output in step.outputs.values()):
            return event
        tags = dict(made.tags or {})
        version = tags.get(DATA_VERSION_TAG)
        if version is None:  # what the function wrote by itself: nobody knows its content, so each run gives another
            version = tags[DATA_VERSION_TAG] = f"{self._context.run.run_id}:{event.step_key}"
        provenance = self._now.get(step.key)
        if provenance is not None:
            started = self._started.get(event.step_key or "")
            if started is not None:
                taken = round(time.perf_counter() - started, 6)
                provenance = msgspec.structs.replace(provenance, seconds=taken)
            for key, part in provenance.inputs.items():
                tags[f"{INPUT_DATA_VERSION_TAG_PREFIX}/{key}"] = part.version
                pointer = NULL_EVENT_POINTER if part.storage_id is None else str(part.storage_id)
                tags[f"{INPUT_EVENT_POINTER_TAG_PREFIX}/{key}"] = pointer
        self._versions[made.asset_key, made.partition] = (version, self._context.run.run_id, None)
        told = AssetMaterialization(made.asset_key, made.description, made.metadata, made.partition, tags)
        fresh = StepMaterializationData(told, data.asset_lineage, provenance, data.is_stored)
        return msgspec.structs.replace(event, event_specific_data=fresh)

    # -- a plan asks ---------------------------------------------------------------------------

    def planned(self) -> list[PlannedStep]:
        """Return what the run would do, step by step, without running anything."""
        found: list[PlannedStep] = []
        running: set[AssetKey] = set()
        for step in self._plan.steps:
            outputs = _asset_outputs(step)
            if step.key not in self._asset_steps:
                running.update(output.asset_key for output in outputs if output.asset_key is not None)
                if outputs and step.assets_def is not None and step.assets_def.execution_type == "MATERIALIZATION":
                    found.append(_of_a_graph(step, outputs))
                continue
            context = self._context.for_step(step)
            now = self._provenance(step, context)
            above = tuple(
                dict.fromkeys(
                    each.asset_key.to_user_string()
                    for each in step.inputs.values()
                    if each.asset_key is not None and each.asset_key in running
                )
            )
            decision = self._decide(step, context, now, self._policy_of(step), above)
            keys = [output.asset_key for output in outputs if output.asset_key is not None]
            if decision.action == "run":
                running.update(keys)
            partitions: Sequence[str] = context.partition_keys_of_output(keys[0]) if keys and context.run_tags else ()
            last = self._last(keys[0], partitions[0] if partitions else None) if keys else None
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

    # -- the decision --------------------------------------------------------------------------

    def _policy_of(self, step: ExecutionStep) -> CachePolicy | None:
        own = policy_in(step.tags) if step.tags else None
        said = own or self._job_policy or (self._reuse.policy if self._reuse is not None else None)
        return self._policy_of_project(step) if said is None and self._project is not None else said

    def _policy_of_project(self, step: ExecutionStep) -> CachePolicy | None:
        project = self._project
        if project is None:
            return None
        for output in _asset_outputs(step):
            spec = step.assets_def._specs_by_key.get(output.asset_key)
            found = project.groups.get(spec.group_name) if spec is not None else None
            if found is not None:
                return found
        return project.default

    def _decide(
        self,
        step: ExecutionStep,
        context: StepExecutionContext,
        now: Provenance,
        policy: CachePolicy | None,
        running: tuple[str, ...],
    ) -> Decision:
        reuse = self._reuse
        instant = datetime.now(UTC)
        worst: Decision | None = None
        external = self._external_inputs(step)
        places = self._codes[id(step.op)].places if id(step.op) in self._codes else _NO_PLACES
        if policy is not None and policy.salt is not None:
            now = msgspec.structs.replace(now, salt=policy.salt)
            self._now[step.key] = now
        for output in _asset_outputs(step):
            key = output.asset_key
            assert key is not None
            partitions: Sequence[str] = context.partition_keys_of_output(key) if context.run_tags else ()
            for partition in partitions or _WHOLE:
                last = self._last(key, partition)
                if last is not None and last.provenance is not None and last.provenance.seconds is not None:
                    self._saved[step.key] = max(self._saved.get(step.key, 0.0), last.provenance.seconds)
                situation = Situation(
                    asset=key.to_user_string(),
                    last=last,
                    now=now,
                    policy=policy,
                    value=self._value(step, context, output, policy)
                    if last is not None and last.is_stored
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

    def _external_inputs(self, step: ExecutionStep) -> frozenset[str]:
        layer = self._plan.job.asset_layer
        found = set()
        for each in step.inputs.values():
            key = each.asset_key
            if key is not None and layer is not None:
                graph = layer.asset_graph
                if not graph.has(key) or not graph.get(key).is_materializable:
                    found.add(key.to_user_string())
        return frozenset(found)

    def _value(
        self, step: ExecutionStep, context: StepExecutionContext, output: StepOutput, policy: CachePolicy | None
    ) -> str:
        """Return how the stored value is: ``present``, ``missing``, ``damaged: how``, ``unknown``."""
        if policy is None or policy.verify == "none" or output.definition.dagster_type.is_nothing:
            return "unknown"
        manager = self._manager(output)
        look = getattr(manager, "has_output", None) or getattr(manager, "has_value", None)
        if look is None:
            return "unknown"
        definition = output.definition
        described = OutputContext(
            step.key,
            output.name,
            self._context.run.job_name,
            self._context.run.run_id,
            definition.raw_metadata,
            None,
            context.op_entry.outputs.get(output.name) if context.op_entry.outputs else None,
            definition.dagster_type,
            step_context=context,
            op_def=step.op,
            asset_key=output.asset_key,
            manager_key=definition.io_manager_key,
        )
        if not look(described):
            return "missing"
        check = getattr(manager, "check_output", None)
        if policy.verify == "digest" and check is not None:
            try:
                check(described)
            except DamagedValueError as error:
                return f"damaged: {error.args[0] if error.args else error}"
            except ValueNotFoundError:
                return "missing"
        return "present"

    def _manager(self, output: StepOutput) -> Any:
        opened = self._context.opened
        return opened.mapping.get(output.definition.io_manager_key) if opened is not None else None

    # -- what it is made from ------------------------------------------------------------------

    def _provenance(self, step: ExecutionStep, context: StepExecutionContext) -> Provenance:
        outputs = _asset_outputs(step)
        declared = outputs[0].definition.code_version if outputs else None
        code_version = declared if declared is not None else step.op.version
        reach = self._reach(step) if code_version is None else None
        config = context.op_entry.config
        manager = self._manager(outputs[0]) if outputs else None
        policy = self._policy_of(step)
        return Provenance(
            code=code_parts(reach) if reach is not None else {},
            libraries=reach.distributions if reach is not None else {},
            code_version=code_version,
            config=config_parts(config) if config is not None else {},
            inputs=self._inputs(step, context),
            resources=self._resources(step),
            format=None if manager is None else getattr(manager, "format_name", None) or type(manager).__name__,
            salt=policy.salt if policy is not None else None,
        )

    def _reach(self, step: ExecutionStep) -> Reach | None:
        known = self._codes.get(id(step.op))
        if known is None:
            fn = step.op._compute_fn
            known = self._reacher.reach(fn.fn if type(fn) is ComputeFunction else fn)
            self._codes[id(step.op)] = known
        return known

    def _resources(self, step: ExecutionStep) -> Mapping[str, str]:
        definitions = self._plan.job.resource_defs
        found: dict[str, str] = {}
        for key in sorted(step.op.required_resource_keys):
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
        if context.partitions_def_of(key) is None:
            return input_part({None: self._version(key)})
        partitions = context.asset_partitions_subset_for_input(name, require_valid_partitions=False)
        keys = list(partitions.get_partition_keys())
        return input_part(self._versions_of_partitions(key, keys))

    # -- the event log -------------------------------------------------------------------------

    def _version(self, key: AssetKey) -> _Version:
        known = self._versions.get((key, None))
        if known is None:
            record = self._record(key)
            known = self._versions[key, None] = _UNKNOWN if record is None else _version_of(record)
        return known

    def _record(self, key: AssetKey) -> EventLogRecord | None:
        """Return the record of the present version of an asset; all that the plan speaks of are read at once."""
        records = self._records
        if records is None:
            records = self._records = {}
            wanted: dict[AssetKey, None] = {}
            for step in self._plan.steps:
                for each in (*step.inputs.values(), *step.outputs.values()):
                    if each.asset_key is not None:
                        wanted[each.asset_key] = None
            for state in self._instance.get_asset_states(list(wanted)):
                records[state.asset_key] = state.last_materialization or state.last_observation
                seen, made = state.last_observation, state.last_materialization
                if seen is not None and (made is None or (seen.storage_id > made.storage_id and _tells_version(seen))):
                    records[state.asset_key] = seen if made is None or self._is_external(state.asset_key) else made
        return records.get(key)

    def _is_external(self, key: AssetKey) -> bool:
        layer = self._plan.job.asset_layer
        graph = layer.asset_graph if layer is not None else None
        return graph is None or not graph.has(key) or not graph.get(key).is_materializable

    def _last(self, key: AssetKey, partition: str | None) -> LastMade | None:
        record = self._record(key) if partition is None else self._record_of_partition(key, partition)
        if record is None or record.event_type is not EventType.ASSET_MATERIALIZATION:
            return None
        event = record.event_log_entry.dagster_event
        data: Any = event.event_specific_data if event is not None else None
        return LastMade(
            provenance=getattr(data, "provenance", None),
            at=record.timestamp,
            run_id=record.run_id,
            data_version=_version_of(record)[0],
            storage_id=record.storage_id,
            is_stored=getattr(data, "is_stored", True),
        )

    def _record_of_partition(self, key: AssetKey, partition: str) -> EventLogRecord | None:
        wanted = EventRecordsFilter(EventType.ASSET_MATERIALIZATION, asset_key=key, asset_partitions=[partition])
        records = self._instance.get_event_records(wanted, limit=1)
        return records[0] if records else None

    def _versions_of_partitions(self, key: AssetKey, partitions: Sequence[str]) -> Mapping[str | None, _Version]:
        found: dict[str | None, _Version] = {}
        unknown = []
        for each in partitions:
            known = self._versions.get((key, each))
            if known is None:
                unknown.append(each)
            else:
                found[each] = known
        if unknown:
            ids = self._instance.get_latest_storage_id_by_partition(key, EventType.ASSET_MATERIALIZATION, set(unknown))
            chosen = [ids[each] for each in unknown if each in ids]
            records: Iterable[EventLogRecord] = ()
            if chosen:
                wanted = EventRecordsFilter(EventType.ASSET_MATERIALIZATION, asset_key=key, storage_ids=chosen)
                records = self._instance.get_event_records(wanted)
            for record in records:
                if record.partition_key is not None:
                    self._versions[key, record.partition_key] = _version_of(record)
            for each in unknown:
                found[each] = self._versions.setdefault((key, each), _UNKNOWN)
        return {each: found[each] for each in partitions}


def _is_materialization(step: ExecutionStep) -> bool:
    return (
        step.assets_def is not None
        and step.assets_def.execution_type == "MATERIALIZATION"
        and bool(_asset_outputs(step))
    )


def _asset_outputs(step: ExecutionStep) -> list[StepOutput]:
    return [output for output in step.outputs.values() if output.asset_key is not None and output.is_selected]


def _of_a_graph(step: ExecutionStep, outputs: Sequence[StepOutput]) -> PlannedStep:
    reason = Reason(kind="not_reusable", subject="a graph of ops makes it")
    return PlannedStep(
        step_key=step.key,
        assets=tuple(output.asset_key.to_user_string() for output in outputs if output.asset_key is not None),
        decision=Decision(action="run", reasons=(reason,)),
        provenance=Provenance(),
    )


def _obstacle(step: ExecutionStep, output: StepOutput) -> str | None:
    if step.dimensions or output.is_dynamic:
        return "it is multiplied by a dynamic output"
    return None


def _tells_version(record: EventLogRecord) -> bool:
    event = record.asset_event
    return event is not None and data_version_of_tags(event.tags) is not None


def _version_of(record: EventLogRecord) -> _Version:
    event = record.asset_event
    version = data_version_of_tags(event.tags) if event is not None else None
    told = version.value if version is not None else f"event {record.storage_id}"
    return told, record.run_id or None, record.storage_id
