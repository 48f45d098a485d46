"""
What a run would do, and why: planned without running anything, from the same decision that the run takes.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any

import msgspec

from orrery.api.verbs.asset_values import AssetValueLoader
from orrery.api.verbs.execute import resources_for, tags_and_config
from orrery.api.verbs.materialize import check_assets, fresh_of, kept_job, reuse_of
from orrery.api.verbs.plan_inputs import lacking_of
from orrery.base.bulk import collection_paused
from orrery.base.errors import InvalidInvocationError, InvariantViolationError, PlanOutdatedError
from orrery.base.keys import AssetKey
from orrery.base.tags import ACCEPTED_TAG, DATA_VERSION_TAG, MADE_BY_RUN_TAG
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.model.events.entry import EventRecordsFilter
from orrery.model.events.event import Event, EventType
from orrery.model.events.payloads import StepMaterializationData
from orrery.model.events.reuse import Provenance
from orrery.model.events.user import AssetMaterialization
from orrery.model.records.run import Run
from orrery.plan.compile import compile_plan
from orrery.plan.decide import LastMade, differences
from orrery.plan.fingerprint.fingerprint import fingerprint_digest
from orrery.plan.run_config import resolve_run_config
from orrery.runtime.contexts.log import LogManager
from orrery.runtime.contexts.plan import PlanOrchestrationContext
from orrery.runtime.engine.decisions import Decisions
from orrery.runtime.engine.planned import PlannedStep, planned, taken_from_outside
from orrery.runtime.engine.policies import Reuse
from orrery.runtime.engine.resources import open_resources
from orrery.runtime.instance.instance import Instance

__all__ = [
    "MaterializationPlan",
    "PlannedPartitions",
    "accept_materializations",
    "explain",
    "plan_job",
    "plan_materialization",
]

PLAN_VERSION = 1
_OF_VALUES = frozenset({"value_missing", "value_damaged"})
_NOT_ACCEPTED = _OF_VALUES | {"never_materialized", "step_failed", "expired", "always", "not_reusable"}
"""Reasons to run that stay when a value is accepted, or that speak of the value itself."""


class PlannedPartitions(msgspec.Struct, frozen=True, kw_only=True):
    """
    How the partitions of an asset stand, in a plan for which none was named.

    Attributes:
        asset: The asset, as people write it.
        states: ``current``, ``missing`` or ``out of date``, by partition key, in order.
    """

    asset: str
    states: Mapping[str, str]

    @property
    def is_current(self) -> bool:
        """Tell whether all are current."""
        return all(state == "current" for state in self.states.values())


class MaterializationPlan(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a run would do.

    Attributes:
        job_name: The job.
        steps: Each step that makes assets, in order, with the decision and its reasons.
        run_config: The run config as it was given.
        partition_key: The partition, if one.
        partition_range: The first and last of the partitions, if one run makes several.
        version: Version of the form in which it is saved.
        partitions: How the partitions stand of assets that have some, where none was named: no step makes those.
        lacking: Assets that are not made here, and whose value an asset takes that is, but is not stored; of one with
            partitions ``name[partition]`` for each.
    """

    job_name: str
    steps: tuple[PlannedStep, ...]
    run_config: Any = None
    partition_key: str | None = None
    version: int = PLAN_VERSION
    partition_range: tuple[str, str] | None = None
    partitions: tuple[PlannedPartitions, ...] = ()
    lacking: tuple[str, ...] = ()

    @property
    def to_run(self) -> tuple[PlannedStep, ...]:
        """Return the steps that would run."""
        return tuple(step for step in self.steps if step.decision.action == "run")

    @property
    def to_skip(self) -> tuple[PlannedStep, ...]:
        """Return the steps that would be skipped."""
        return tuple(step for step in self.steps if step.decision.action == "skip")

    @property
    def is_current(self) -> bool:
        """Tell whether nothing would run, and no partition is missing or out of date."""
        return not self.to_run and all(each.is_current for each in self.partitions)

    def step_of(self, asset: str) -> PlannedStep | None:
        """Return the step that makes the asset of this name, if one does."""
        return next((step for step in self.steps if asset in step.assets), None)

    def to_json(self) -> bytes:
        """Return the plan as JSON, to be saved."""
        encoded = msgspec.json.encode(self, enc_hook=str)  # a key of several dimensions is a text of a class of its own
        return msgspec.json.format(encoded, indent=1)

    @staticmethod
    def from_json(data: bytes | str) -> MaterializationPlan:
        """
        Return the plan that :meth:`to_json` wrote.

        Raises:
            InvariantViolationError: It is none, or that of a newer release.
        """
        try:
            plan = msgspec.json.decode(data, type=MaterializationPlan)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise InvariantViolationError(
                f"This is no saved plan: {error}.", mend="save one by `orrery plan SELECTION -o plan.json`."
            ) from error
        if plan.version > PLAN_VERSION:
            raise InvariantViolationError(
                f"The plan has form {plan.version}, unknown to this release.", mend="make the plan again."
            )
        return plan

    def moved_since(self, saved: MaterializationPlan) -> list[str]:
        """Return what is different in this plan, made now, from the *saved* one; a line each."""
        found: list[str] = []
        before = {step.step_key: step for step in saved.steps}
        for step in self.steps:
            old = before.pop(step.step_key, None)
            name = ", ".join(step.assets)
            if old is None:
                found.append(f"{name}: is new")
                continue
            for asset in (None, *sorted({*old.apart, *step.apart})):
                one, other = (each.apart.get(asset or "", each.provenance) for each in (old, step))
                if fingerprint_digest(one) != fingerprint_digest(other):
                    found += [f"{asset or name}: {reason}" for reason in differences(one, other)]
            was, now = old.last, step.last
            if (was and was.storage_id) != (now and now.storage_id):
                found.append(f"{name}: {'was wiped' if now is None else _came(now)}")
            elif old.decision.action != step.decision.action:
                word, why = step.decision.action, step.decision.told
                found.append(f"{name}: would {old.decision.action}, would {word} now: {why}")
            else:  # it would run either way, and perhaps not: now it will
                known = set(map(str, old.decision.reasons))
                lost = [each for each in step.decision.reasons if each.kind in _OF_VALUES and str(each) not in known]
                found += [f"{name}: {reason}" for reason in lost]
        found += [f"{', '.join(step.assets)}: is gone" for step in before.values()]
        return [
            *found,
            *(
                f"{name}: its value is taken, and is missing or damaged"
                for name in set(self.lacking) - {*saved.lacking}
            ),
        ]


def _came(last: LastMade) -> str:
    """Return in words how the newest record of a value came to be."""
    if last.run_id:
        return f"was materialized by run {last.run_id[:8]}"
    if last.retold is None:
        return "was materialized, as was reported by hand"
    return "was accepted" if last.retold.accepted_at is not None else "was pulled"


def plan_materialization(
    assets: Sequence[Any],
    run_config: Any = None,
    instance: Any = None,
    resources: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    selection: Any = None,
    *,
    definitions: Any = None,
    reuse: bool | CachePolicy = True,
    force: Any = None,
    partition_key_range: tuple[str, str] | None = None,
    refresh: Any = None,
) -> MaterializationPlan:
    """
    Return what :func:`materialize` would do with the same arguments, without running anything.

    IO managers are opened, to see whether values are stored; other resources are not.

    Args are those of :func:`materialize`; *reuse* is True where nothing is said.

    Raises:
        InvalidConfigError: The run config does not fit.
        InvalidDefinitionError: Assets that contradict one another, or lack a resource.
    """
    job, graph, _ = kept_job(
        assets, resources, selection, definitions, instance, "plan_materialization", refresh=refresh
    )
    wanted = reuse_of(reuse, force, graph, fresh_of(refresh, graph))
    with nullcontext(instance) if instance is not None else Instance.ephemeral() as recorded:

        def values() -> AssetValueLoader:
            known = {key: each for each in job.asset_layer.all_defs for key in each._specs_by_key}
            return AssetValueLoader(known, recorded, resource_defs=job.resource_defs)

        return plan_job(job, recorded, wanted, run_config, partition_key, partition_key_range, values=values)


def plan_job(
    job: JobDefinition,
    instance: Instance,
    reuse: Reuse | None,
    run_config: Any = None,
    partition_key: str | None = None,
    partition_key_range: tuple[str, str] | None = None,
    running: Iterable[AssetKey] = (),
    values: Callable[[], AssetValueLoader] | None = None,
    *,
    is_verified: bool = False,
) -> MaterializationPlan:
    """
    Return what a run of *job* would do.

    Args:
        job: The job.
        instance: Where earlier runs are recorded.
        reuse: Which stored values may be used again; None if only the policies of the assets say so.
        run_config: Run config; the job's own if None.
        partition_key: The partition.
        partition_key_range: First and last of the partitions, if they are several.
        running: Assets outside of the job that are made before it, and whose versions are not known yet.
        values: Gives what looks whether values are stored that the run takes, and does not make; None for no such look.
        is_verified: Read these values: those that are damaged are not stored, either.
    """
    with deciding(job, instance, reuse, run_config, partition_key, partition_key_range) as (decisions, run):
        for each in decisions.look_at_sources(unseen="unseen"):
            if each.trouble is not None:
                warnings.warn(each.trouble, stacklevel=2)
        with collection_paused():
            steps = planned(decisions, running)
        taken = taken_from_outside(decisions, steps) if values is not None else {}
    lacking: tuple[str, ...] = ()
    if taken and values is not None:
        with values() as loader:
            lacking = lacking_of(taken, loader, is_verified=is_verified)
    return MaterializationPlan(
        job_name=job.name,
        steps=tuple(steps),
        run_config=run.run_config or None,
        partition_key=partition_key,
        partition_range=partition_key_range,
        lacking=lacking,
    )


@contextmanager
def deciding(
    job: JobDefinition,
    instance: Instance,
    reuse: Reuse | None,
    run_config: Any = None,
    partition_key: str | None = None,
    partition_key_range: tuple[str, str] | None = None,
) -> Iterator[tuple[Decisions, Run]]:
    """
    Give what decides for a run of *job* which steps are current, and the run that is thought of; nothing is run.

    Its IO managers are open while the block runs. Args are those of :func:`plan_job`.
    """
    tags, config = tags_and_config(job, run_config, None, partition_key, partition_key_range, instance)
    resolved = resolve_run_config(job, config, os.environ)
    plan = compile_plan(job, resolved)
    definitions, needed = resources_for(job)
    keys = {
        output.definition.io_manager_key
        for step in plan.steps
        for output in step.outputs.values()
        if output.asset_key is not None and output.is_selected and not output.definition.dagster_type.is_nothing
    }
    run = Run(job.name, run_config=resolved.given, tags=tags)
    opened = open_resources(
        definitions, keys & needed, resolved.resources, instance=instance, run=run, job_name=job.name
    )
    try:
        context = PlanOrchestrationContext(
            execution_plan=plan, run=run, instance=instance, log_manager=LogManager(), opened=opened
        )
        decisions = Decisions(context, reuse)
        yield decisions, run
        decisions.close()
    finally:
        errors = opened.close()
    for error in errors:
        raise error


def check_plan(saved: MaterializationPlan, now: MaterializationPlan) -> None:
    """
    Refuse to carry out a plan whose world has moved.

    Raises:
        PlanOutdatedError: Something is different; says what.
    """
    moved = now.moved_since(saved)
    if moved:
        raise plan_outdated(moved)


def plan_outdated(moved: Sequence[str]) -> PlanOutdatedError:
    """Return the error that a plan is out of date; *moved* says why, a line each."""
    shown = "".join(f"\n  {line}" for line in moved[:20])
    more = f"\n  and {len(moved) - 20} more" if len(moved) > 20 else ""
    return PlanOutdatedError(
        f"The plan is out of date: since it was saved, this changed:{shown}{more}",
        mend="make the plan again by `orrery plan SELECTION -o plan.json`, and look at it.",
    )


def explain(
    asset: Any,
    assets: Sequence[Any],
    run_config: Any = None,
    instance: Any = None,
    resources: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    *,
    definitions: Any = None,
    reuse: bool | CachePolicy = True,
) -> PlannedStep:
    """
    Say why an asset would run or be skipped, and what it was made from.

    Args:
        asset: The asset or its key.
        assets: The assets of the plan, as for :func:`plan_materialization`; so are the other arguments.

    Raises:
        InvariantViolationError: The plan makes no such asset.
    """
    check_assets(assets, "explain", "{}(my_asset, [my_asset])")
    name = AssetKey.from_coercible_or_definition(asset).to_user_string()
    plan = plan_materialization(
        assets, run_config, instance, resources, partition_key, definitions=definitions, reuse=reuse
    )
    return explained(plan, name)


def explained(plan: MaterializationPlan, name: str) -> PlannedStep:
    """Return the step of *plan* that makes the asset called *name*; of several that it makes, what is told is of this one."""
    step = plan.step_of(name)
    if step is None:
        raise InvariantViolationError(
            f"The plan makes no asset '{name}'.", mend="give it among the assets; one that nothing makes has no plan."
        )
    return msgspec.structs.replace(
        step, provenance=step.apart.get(name, step.provenance), last=step.last_apart.get(name, step.last)
    )


def accept_materializations(
    instance: Instance, plan: MaterializationPlan, assets: Iterable[str] | None = None
) -> tuple[str, ...]:
    """
    Mark the stored values of a plan as current, after a change that does not matter for them.

    Each value is recorded once more, as it is and as old as it is, with what it would be made from now; the tag
    ``orrery/accepted`` says when it was accepted (UTC). What would not be current for
    that is left out: what was never made, is expired, or always runs; and what is missing, damaged, or refused by its own step.

    Args:
        instance: Where to record it.
        plan: The plan that says what is out of date.
        assets: Which of its assets; all if None.

    Returns:
        The assets that were accepted.

    Raises:
        InvalidInvocationError: The plan is of several partitions, each of which is made from something else.
    """
    if plan.partition_range is not None and plan.partition_range[0] != plan.partition_range[1]:
        raise InvalidInvocationError(
            f"The plan is of the partitions {plan.partition_range[0]} to {plan.partition_range[1]}, and one is accepted at a time.",
            mend="plan each with partition_key=..., and accept that plan.",
        )
    chosen = None if assets is None else set(assets)
    accepted: list[str] = []
    for step in plan.to_run:
        if not step.decision.is_certain:
            continue  # it is current itself; what comes before it is not
        kinds = {reason.kind for reason in step.decision.reasons}
        if kinds & _NOT_ACCEPTED or (chosen is not None and not chosen.intersection(step.assets)):
            continue
        for name in step.assets:
            if _accept(instance, AssetKey.from_user_string(name), step):
                accepted.append(name)
    instance.flush()
    return tuple(accepted)


def _accept(instance: Instance, key: AssetKey, step: PlannedStep) -> bool:
    partitions = None if step.partition is None else [step.partition]
    wanted = EventRecordsFilter(EventType.ASSET_MATERIALIZATION, asset_key=key, asset_partitions=partitions)
    records = instance.get_event_records(wanted, limit=1)
    made = records[0].asset_materialization if records else None
    if made is None:
        return False
    event = records[0].event_log_entry.dagster_event
    data: Any = event.event_specific_data if event is not None else None
    old: Provenance | None = getattr(data, "provenance", None)
    tags = {**(made.tags or {}), ACCEPTED_TAG: datetime.now(UTC).isoformat(timespec="seconds")}
    if records[0].run_id:
        tags[MADE_BY_RUN_TAG] = records[0].run_id
    tags.setdefault(DATA_VERSION_TAG, f"event {records[0].storage_id}")
    told = AssetMaterialization(key, made.description, made.metadata, made.partition, tags)
    now = step.apart.get(key.to_user_string(), step.provenance)
    now = msgspec.structs.replace(now, seconds=old.seconds if old is not None else None)
    is_stored, content = getattr(data, "is_stored", True), getattr(data, "content", None)
    payload = StepMaterializationData(told, [], now, is_stored, content)
    accepted = Event("ASSET_MATERIALIZATION", "", event_specific_data=payload)
    instance.report_dagster_event(accepted, run_id="", timestamp=records[0].timestamp)  # it is no younger for that
    return True
