"""
What a run would do, step by step, and why; nothing is run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from orrery.base.keys import AssetKey
from orrery.model.events.reuse import InputPart, Provenance, Reason
from orrery.plan.decide import Decision, LastMade
from orrery.plan.graph_assets import GraphAsset
from orrery.plan.step import ExecutionStep, StepOutput
from orrery.runtime.engine.decisions import Decisions, asset_outputs
from orrery.runtime.engine.unchanged import Plain

__all__ = ["PlannedStep", "planned", "taken_from_outside"]


class PlannedStep(msgspec.Struct, frozen=True, kw_only=True):
    """
    One step of a plan.

    Attributes:
        step_key: The step.
        assets: Its assets, as people write them.
        partition: Its partition, if one.
        decision: Run or skip, and why.
        provenance: What it would be made from; of several assets, the first.
        last: How it was made last; of several assets, the first.
        apart: What those of several assets would be made from that have another code version or IO manager than the first.
        last_apart: How the others of several assets were made last, by asset.
    """

    step_key: str
    assets: tuple[str, ...]
    decision: Decision
    provenance: Provenance
    partition: str | None = None
    last: LastMade | None = None
    apart: Mapping[str, Provenance] = {}
    last_apart: Mapping[str, LastMade | None] = {}


def planned(decisions: Decisions, before: Iterable[AssetKey] = ()) -> list[PlannedStep]:
    """
    Return what the run would do, step by step, without running anything.

    Args:
        decisions: What is decided about the run.
        before: Assets of others that are made before the run.
    """
    found: list[PlannedStep] = []
    running = set(before)
    for step in decisions.plan.steps:
        if step.key not in decisions.asset_steps:
            for asset in decisions.graphs.get(step.key, ()):
                if asset.step is step:
                    found.append(_planned_graph(decisions, asset, running))
                    if found[-1].decision.action == "run":
                        running.add(asset.key)
            continue
        policy = decisions.policies.of(step)
        above = _among(step, running) if running else ()
        plain = None if above or policy is None or decisions.is_forcing else decisions.short_way.find(step, policy)
        if plain is not None:
            found.append(_of_plain(decisions, step, plain))
            continue
        outputs = asset_outputs(step)
        context = decisions.context.for_step(step)
        now = decisions.made_from.of_step(step, context, outputs[0], policy)
        decision = (
            _decision_of_found(context.found_partitions, above)
            if context.discovers
            else decisions.decide(step, context, outputs, now, policy, above)
        )
        keys = [output.asset_key for output in outputs if output.asset_key is not None]
        if decision.action == "run":
            running.update(keys)
        partitions: Sequence[str] = context.partition_keys_of_output(keys[0]) if keys and context.run_tags else ()
        first, *others = (decisions.present.last(key, partitions[0] if partitions else None) for key in keys)
        found.append(
            PlannedStep(
                step_key=step.key,
                assets=tuple(key.to_user_string() for key in keys),
                decision=decision,
                provenance=now,
                partition=partitions[0] if len(partitions) == 1 else None,
                last=first,
                apart=_apart(decisions, step, outputs, now) if others else {},
                last_apart=dict(zip([key.to_user_string() for key in keys[1:]], others, strict=True)),
            )
        )
    return found


def _apart(
    decisions: Decisions, step: ExecutionStep, outputs: Sequence[StepOutput], first: Provenance
) -> Mapping[str, Provenance]:
    found: dict[str, Provenance] = {}
    for output in outputs:
        own = decisions.made_from.of_output(step, output, first)
        if own is not first and output.asset_key is not None:
            found[output.asset_key.to_user_string()] = own
    return found


def _planned_graph(decisions: Decisions, asset: GraphAsset, running: AbstractSet[AssetKey]) -> PlannedStep:
    above = tuple(each.key.to_user_string() for each in asset.inputs if each.key in running)
    step, policy = asset.step, decisions.policies.of(asset.step)
    now = decisions.made_from.of_graph(asset, decisions.context.for_step, policy)
    decision = decisions.decide_graph(asset, now, policy, above)
    keys: Sequence[str] = (
        decisions.context.for_step(step).partition_keys_of_output(asset.key) if decisions.is_partitioned else ()
    )
    return PlannedStep(
        step_key=step.key,
        assets=(asset.key.to_user_string(),),
        decision=decision,
        provenance=now,
        partition=keys[0] if len(keys) == 1 else None,
        last=decisions.present.last(asset.key, keys[0] if keys else None),
    )


def _of_plain(decisions: Decisions, step: ExecutionStep, plain: Plain) -> PlannedStep:
    was = plain.last.provenance
    assert was is not None
    version = decisions.present.version
    inputs = {key.to_user_string(): InputPart(*version(key)) for key in step.input_assets}
    return PlannedStep(
        step_key=step.key,
        assets=(plain.key.to_user_string(),),
        decision=Decision(action="skip", reasons=plain.reasons),
        provenance=msgspec.structs.replace(was, inputs=inputs, seconds=None),
        last=plain.last,
    )


def taken_from_outside(decisions: Decisions, steps: Iterable[PlannedStep]) -> dict[AssetKey, Sequence[str] | None]:
    """
    Return the assets of the project whose values a run takes that it does not make itself.

    Inputs with an IO manager of their own are left out, and those that do without a partition which is missing.

    Args:
        decisions: What is decided about the run.
        steps: What is planned; of what is skipped nothing is taken.

    Returns:
        For each asset the partitions that are taken, in order; None for one without.
    """
    wanted = {key for each in steps if each.decision.action == "run" for key in _steps_behind(decisions, each.step_key)}
    made = set(decisions.plan.asset_keys)
    found: dict[AssetKey, Sequence[str] | None] = {}
    for step in decisions.plan.steps:
        for name, key in decisions.taken_by(step) if step.key in wanted else ():
            definition = step.inputs[name].definition
            lenient = bool((definition.raw_metadata or {}).get("allow_missing_partitions"))
            if (
                key in made
                or definition.dagster_type.is_nothing
                or definition.input_manager_key is not None
                or decisions.assets.is_external(key)
            ):
                continue
            if decisions.assets.partitions_def_of(key) is None:
                found[key] = None
            elif not lenient:
                context = decisions.context.for_step(step)
                taken = context.asset_partition_keys_for_input(name, require_valid_partitions=False)
                found[key] = tuple(dict.fromkeys((*(found.get(key) or ()), *taken)))
    return found


def _steps_behind(decisions: Decisions, step_key: str) -> tuple[str, ...]:
    """Return the steps that run where this one is planned to: all of a graph that its assets come from."""
    graphs = (each for each in decisions.graphs.get(step_key, ()) if each.step.key == step_key)
    return (step_key, *(step.key for each in graphs for step in each.steps))


def _among(step: ExecutionStep, running: AbstractSet[AssetKey]) -> tuple[str, ...]:
    """Return those assets, as people write them, that the step takes and that run before it."""
    return tuple(dict.fromkeys(key.to_user_string() for key in step.input_assets if key in running))


def _decision_of_found(partitions: Sequence[str], above: tuple[str, ...]) -> Decision:
    """Return what comes of a step that finds its partitions on the way: it makes those that were never made."""
    if partitions:
        return Decision(action="run", reasons=(Reason(kind="never_materialized"),))
    if above:  # which may find some
        reasons = tuple(Reason(kind="upstream_will_run", subject=each) for each in above)
        return Decision(action="run", reasons=reasons, is_certain=False)
    return Decision(action="skip", reasons=(Reason(kind="none_missing"),))
