"""
Whether the stored value of each step is as good as a new one, and what it would be made from.

:class:`Decisions` belong to one run, or to one that is thought of. They gather what the code is now and what the event log
tells, and let ``plan/decide`` judge it. A run asks in ``reuse.py``, a plan in ``planned.py``, a backfill in ``judged.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from orrery.base.keys import AssetKey
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.model.events.reuse import Provenance
from orrery.plan.decide import Decision, LastMade, Situation, decide
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.graph_assets import GraphAsset, graph_assets
from orrery.plan.step import ExecutionStep, StepOutput
from orrery.runtime.contexts.step import StepExecutionContext
from orrery.runtime.engine.code_facts import kept_file, reacher_of
from orrery.runtime.engine.kept_entries import KeptEntries
from orrery.runtime.engine.last_made import PresentValues
from orrery.runtime.engine.made_from import MadeFrom
from orrery.runtime.engine.policies import Policies, Reuse
from orrery.runtime.engine.probing import Looked, Sighting, look_at
from orrery.runtime.engine.recorded import contents_now
from orrery.runtime.engine.spoken_of import AssetsSpokenOf
from orrery.runtime.engine.stored_state import StoredState
from orrery.runtime.engine.unchanged import ShortWay
from orrery.runtime.files.known_heads import known_heads_of

__all__ = ["Decisions", "asset_outputs", "steps_of_assets"]

_ENTRIES = "known_entries"
_KEPT_STEPS = "steps that make assets"


class Decisions:
    """
    What is decided about the steps of a run.

    Args:
        plan_context: The context of the run.
        reuse: What may be used again; None if everything that was asked for runs.

    Attributes:
        context: The context of the run.
        plan: Its plan.
        reuse: What may be used again.
        is_forcing: Whether anything runs that would be current.
        is_partitioned: Whether the run may be of partitions.
        asset_steps: The keys of the steps that make assets by themselves.
        graphs: The assets that several steps of a graph make, by the key of each of these.
        assets: What is said of the assets that the run makes and takes.
        policies: When the value of a step may be used again.
        made_from: What a step is made from now.
        present: What the event log says of the assets.
        short_way: Finds the steps of which plainly nothing changed.
        found_unusable: The assets of which a stored value was found missing or damaged by the run.
        seconds_saved: How long each step took that was decided about, by its key, when it made its value.
    """

    def __init__(self, plan_context: Any, reuse: Reuse | None = None) -> None:
        self.context = plan_context
        self.plan: ExecutionPlan = plan_context.execution_plan
        self._instance = plan_context.instance
        self.reuse = reuse
        self.is_forcing = reuse is not None and (reuse.force_all or bool(reuse.forced))
        kept = plan_context.instance.scratch
        reacher, self._installed = reacher_of(plan_context.instance)
        self.found_unusable: set[AssetKey] = set()
        self.seconds_saved: dict[str, float] = {}
        if "entries" not in kept:
            kept["entries"] = KeptEntries(kept_file(plan_context.instance, _ENTRIES))
        self._entries: KeptEntries = kept["entries"]
        self.assets = AssetsSpokenOf(self.plan)
        self.present = PresentValues(self._instance, self._entries, self.assets.named, self.assets.is_external)
        self.is_partitioned = bool(plan_context.run.tags)
        self._managers: Mapping[str, Any] = plan_context.opened.mapping if plan_context.opened is not None else {}
        self.policies = Policies(plan_context.run, plan_context.instance, reuse)
        steps = steps_of_assets(self.plan)
        self.asset_steps = steps.keys()
        self.made_from = MadeFrom(
            plan_context, reacher, kept.setdefault("parts of code", {}), self.present, self.assets, self._managers
        )
        self._partitioned = self.assets.of_project()[1]
        self.graphs = graph_assets(self.plan)
        of_graphs = {each.step.key: each.step for found in self.graphs.values() for each in found}
        self.short_way = ShortWay(
            (*steps.values(), *of_graphs.values()) if of_graphs else steps.values(),
            self.present,
            self.made_from.reach_of,
            self._managers,
            self.made_from.config_of,
            lambda step, output, policy, content: self._stored.of(
                step, self.context.for_step(step), output, policy, content
            ),
            self._partitioned,
        )
        self._stored = StoredState(plan_context.run, self._managers, self.assets, self.short_way.is_there)

    def close(self) -> None:
        """Keep for other processes what was found out of the code and of stored values, and read of the event log."""
        self._installed.save()
        self._entries.save()
        known_heads_of(self._instance).save()

    def assets_of(self, step: ExecutionStep) -> list[tuple[StepOutput, GraphAsset | None]]:
        """Return the assets that a step gives, as far as it is recorded what they were made from."""
        if step.key in self.asset_steps:
            return [(output, None) for output in asset_outputs(step)]
        return [(each.output, each) for each in self.graphs.get(step.key, ()) if each.step is step]

    # -- what lies outside ---------------------------------------------------------------------

    def look_at_sources(self, unseen: str) -> list[Sighting]:
        """
        Ask the sources that the run depends on for their versions, and go by what they say.

        Args:
            unseen: What stands for the version of one that could not be seen; no run has recorded it before.

        Raises:
            ProbeFailedError: A probe failed, and a decision of the run hangs on it.
        """
        if not self.assets.of_project()[0]:
            return []
        taken: dict[AssetKey, dict[str, None] | None] = {}
        for step, name, key in self.takes_from_sources():
            if self.assets.partitions_def_of(key) is None:
                taken[key] = None
            else:
                context = self.context.for_step(step)
                known = taken.setdefault(key, {})
                assert known is not None
                known.update(
                    dict.fromkeys(context.asset_partition_keys_for_input(name, require_valid_partitions=False))
                )
        return self.look_at(
            {key: None if partitions is None else tuple(partitions) for key, partitions in taken.items()}, unseen
        )

    def takes_from_sources(self) -> Iterator[tuple[ExecutionStep, str, AssetKey]]:
        """Iterate the steps that take a source with a probe, each with the name of the input and the source."""
        probes = self.assets.of_project()[0]
        if probes:
            for step in self.plan.steps:
                yield from ((step, name, key) for name, key in self.taken_by(step) if key in probes)

    def look_at(self, taken: Mapping[AssetKey, Sequence[str] | None], unseen: str) -> list[Sighting]:
        """
        Ask some sources for their versions (see :meth:`look_at_sources`).

        Args:
            taken: The sources that have a probe, each with the partitions that values are taken from; None of a source without.
            unseen: What stands for the version of one that could not be seen.
        """
        probes = self.assets.of_project()[0]
        wanted = {key: Looked(probes[key], partitions) for key, partitions in taken.items()}
        return look_at(wanted, self.present, self._is_decisive, unseen)

    def _is_decisive(self, source: AssetKey) -> bool:
        """Tell whether a decision hangs on a source."""
        policies = (self.policies.of(step) for step, _, key in self.takes_from_sources() if key == source)
        return any(policy is not None and policy.sources == "check" for policy in policies)

    def taken_by(self, step: ExecutionStep) -> list[tuple[str, AssetKey]]:
        """Return the assets that a step takes, each with the input that it is; none for a step of which nothing is recorded."""
        if step.key in self.asset_steps:
            return [(name, each.asset_key) for name, each in step.inputs.items() if each.asset_key is not None]
        return [
            (each.name, each.key)
            for asset in self.graphs.get(step.key, ())
            if asset.obstacle_with(self._partitioned) is None
            for each in asset.inputs
            if each.step is step
        ]

    def external(self, step: ExecutionStep, graph: GraphAsset | None) -> frozenset[str]:
        """Return the inputs, as people write them, that the project does not make."""
        if graph is None:
            return self.assets.external_inputs(step)
        taken = self.inputs_of(step, graph)
        return frozenset(key.to_user_string() for key in taken if self.assets.is_external(key))

    def inputs_of(self, step: ExecutionStep, graph: GraphAsset | None) -> Iterable[AssetKey]:
        """Return the assets that an asset takes which a step gives."""
        return step.input_assets if graph is None else [each.key for each in graph.inputs]

    # -- what it would be made from ------------------------------------------------------------

    def made_now(
        self,
        step: ExecutionStep,
        output: StepOutput,
        graph: GraphAsset | None,
        policy: CachePolicy | None,
        partition: str | None,
        *,
        with_inputs: bool,
    ) -> Provenance:
        """Return what an asset that a step gives, or one of its partitions, would be made from now."""
        context_of = self._contexts_of(partition)
        if graph is not None:
            return self.made_from.of_graph(graph, context_of, policy, with_inputs)
        return self.made_from.of_step(step, context_of(step), output, policy, with_inputs)

    def of_one(
        self,
        partition: str | None,
        step: ExecutionStep,
        output: StepOutput,
        graph: GraphAsset | None,
        made_from: Provenance,
    ) -> Provenance:
        """Return what one of several assets or partitions that a step makes at once is made from: of its inputs, what belongs to it."""
        if graph is None and len(step.outputs) > 1:
            made_from = self.made_from.of_output(step, output, made_from)
        if partition is None or not made_from.inputs or not self.context.for_step(step).has_partition_key_range:
            return made_from
        context_of = self._contexts_of(partition)
        inputs = (
            self.made_from.inputs_of_step(step, context_of(step))
            if graph is None
            else self.made_from.inputs_of_graph(graph, context_of)
        )
        return msgspec.structs.replace(made_from, inputs=inputs)

    def _contexts_of(self, partition: str | None) -> Callable[[ExecutionStep], StepExecutionContext]:
        """Return what gives the context of a step, for one partition alone if one is named."""

        def context_of(each: ExecutionStep) -> StepExecutionContext:
            whole: StepExecutionContext = self.context.for_step(each)
            return whole if partition is None else whole.of_partitions([partition])

        return context_of

    # -- the decision --------------------------------------------------------------------------

    def decide(
        self,
        step: ExecutionStep,
        context: StepExecutionContext,
        outputs: Sequence[StepOutput],
        now: Provenance,
        policy: CachePolicy | None,
        running: tuple[str, ...],
        graph: GraphAsset | None = None,
    ) -> Decision:
        """
        Decide about what a step gives: it runs if any of it is not as good as new.

        Args:
            step: The step.
            context: Its context.
            outputs: The assets to decide about.
            now: What one of them would be made from.
            policy: When their stored values may be used again, if anything says so.
            running: The assets, as people write them, that the step takes and that run before it.
            graph: The asset, where several steps of a graph make it.
        """
        reuse = self.reuse
        instant = datetime.now(UTC)
        found: Decision | None = None
        external = self.external(step, graph)
        places = self.made_from.places_of((step,) if graph is None else graph.steps)
        for output in outputs:
            key = output.asset_key
            assert key is not None
            partitions: Sequence[str] = (
                context.partition_keys_of_output(key) if self.is_partitioned or context.discovers else ()
            )
            for partition, last in self._made(key, partitions):
                if last is not None and last.provenance is not None and last.provenance.seconds is not None:
                    self.seconds_saved[step.key] = max(self.seconds_saved.get(step.key, 0.0), last.provenance.seconds)
                situation = Situation(
                    asset=key.to_user_string() if partition is None else f"{key.to_user_string()}[{partition}]",
                    last=last,
                    now=self.of_one(partition, step, output, graph, now),
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
                    as_before = decide(
                        msgspec.structs.replace(situation, now=self.of_one(None, step, output, graph, now)), instant
                    )
                    decision = as_before if as_before.action == "skip" else decision
                if len(outputs) > 1:
                    decision = decision.about(key.to_user_string())
                found = decision if found is None else found.joined(decision)
        assert found is not None
        return found

    def decide_graph(
        self, asset: GraphAsset, now: Provenance, policy: CachePolicy | None, running: tuple[str, ...]
    ) -> Decision:
        """Decide about an asset that several steps of a graph make (see :meth:`decide`)."""
        step = asset.step
        context = self.context.for_step(step)
        return self.decide(step, context, [asset.output], now, policy, running, asset)

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
        if last is None or not last.is_stored or output.asset_key in self.found_unusable:
            return "unknown"
        own = context if partition is None else context.of_partitions([partition])
        found = self._stored.of(step, own, output, policy, last.content, partition)
        if found.startswith("damaged") and last.content is not None and output.asset_key is not None:
            content = contents_now(self._instance, output.asset_key, [partition]).get(partition)
            if content != last.content:  # another run has made it since
                return self._stored.of(step, own, output, policy, content, partition)
        return found

    def _obstacle_of(self, graph: GraphAsset) -> str | None:
        return graph.obstacle_with(self._partitioned) or _obstacle(graph.step, graph.output)

    def _made(self, key: AssetKey, partitions: Sequence[str]) -> Iterator[tuple[str | None, LastMade | None]]:
        """Iterate how the value, or that of each partition, was made last."""
        if not partitions:
            yield None, self.present.last(key)
        else:
            yield from zip(partitions, self.present.last_of(key, partitions), strict=True)


def steps_of_assets(plan: ExecutionPlan) -> Mapping[str, ExecutionStep]:
    """Return the steps, by key, that make assets by themselves."""
    kept: Mapping[str, ExecutionStep] | None = plan.kept.get(_KEPT_STEPS)
    if kept is None:
        kept = {step.key: step for step in plan.steps if step.is_whole_asset and _is_materialization(step)}
        plan.kept[_KEPT_STEPS] = kept
    return kept


def _is_materialization(step: ExecutionStep) -> bool:
    return (
        step.assets_def is not None
        and step.assets_def.execution_type == "MATERIALIZATION"
        and bool(asset_outputs(step))
    )


def asset_outputs(step: ExecutionStep) -> list[StepOutput]:
    """Return the outputs of a step that are assets which the run wants."""
    return [output for output in step.outputs.values() if output.asset_key is not None and output.is_selected]


def _obstacle(step: ExecutionStep, output: StepOutput) -> str | None:
    if step.dimensions or output.is_dynamic:
        return "it is multiplied by a dynamic output"
    return None
