"""
What a value would be made from now: code, config, inputs, resources, format.

A step is asked about by itself; an asset that a graph of ops makes is made from all that the steps before it are made from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from orrery.base.keys import AssetKey
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.definitions.parts.signature import ComputeFunction
from orrery.model.events.reuse import ConfigPart, InputPart, Provenance
from orrery.plan.fingerprint.facts import Place, Reach
from orrery.plan.fingerprint.fingerprint import code_parts, config_parts, input_part, short_digest
from orrery.plan.fingerprint.reach import Reacher
from orrery.plan.fingerprint.wiring import WIRING, wiring_digest
from orrery.plan.graph_assets import GraphAsset
from orrery.plan.sources import FromConfig, leaves
from orrery.plan.step import ExecutionStep, StepOutput
from orrery.runtime.contexts.step import StepExecutionContext
from orrery.runtime.engine.last_made import PresentValues
from orrery.runtime.engine.spoken_of import AssetsSpokenOf

__all__ = ["JOINED", "MadeFrom"]

JOINED = "how its ops are joined"
"""The name of this part of the code of an asset that a graph makes."""
_NO_PLACES: Mapping[str, Place] = {}
_MOST_KEPT = 20_000

ContextOf = Callable[[ExecutionStep], StepExecutionContext]


class MadeFrom:
    """
    Answer for one run.

    Args:
        plan_context: The context of the run.
        reacher: Follows functions.
        kept_parts: What is known of the parts of code, by the identity of what is reached; shared by the runs of a process.
        present: The versions that values have now.
        assets: The assets of the run.
        managers: IO managers by key.
    """

    def __init__(
        self,
        plan_context: Any,
        reacher: Reacher,
        kept_parts: dict[int, tuple[Reach, Mapping[str, str]]],
        present: PresentValues,
        assets: AssetsSpokenOf,
        managers: Mapping[str, Any],
    ) -> None:
        self._context = plan_context
        self._plan = plan_context.execution_plan
        self._reacher = reacher
        self._kept_parts = kept_parts
        self._present = present
        self._assets = assets
        self._managers = managers
        self._codes: dict[str, tuple[Reach, Mapping[str, str]]] = {}
        self._wirings: dict[str, str | None] = self._plan.kept.setdefault(WIRING, {})

    # -- a step --------------------------------------------------------------------------------

    def of_step(
        self,
        step: ExecutionStep,
        context: StepExecutionContext,
        output: StepOutput,
        policy: CachePolicy | None,
        with_inputs: bool = True,
    ) -> Provenance:
        """
        Return what an asset would be made from that a step makes by itself.

        Args:
            step: The step.
            context: Its context.
            output: Its output that is the asset.
            policy: The policy that holds for it.
            with_inputs: Whether the versions of its inputs are wanted.
        """
        code_version = _code_version(step, output)
        reach, code = (None, {}) if code_version is not None else self.reach_of(step)
        config = context.op_entry.config
        needed = step.op.required_resource_keys
        return Provenance(
            code=code,
            libraries=reach.distributions if reach is not None else {},
            code_version=code_version,
            config=config_parts(config) if config is not None else {},
            inputs=self.inputs_of_step(step, context) if step.inputs and with_inputs else {},
            resources=self._resources(needed) if needed else {},
            format=self._format_of(output),
            salt=policy.salt if policy is not None else None,
            constants=reach.constants if reach is not None else {},
        )

    def of_output(self, step: ExecutionStep, output: StepOutput, made_from: Provenance) -> Provenance:
        """Return what an output is made from, where it is known of another output of the step: code version and format are its own."""
        code_version, stored_by = _code_version(step, output), self._format_of(output)
        if code_version != made_from.code_version:
            reach, code = (None, {}) if code_version is not None else self.reach_of(step)
            made_from = msgspec.structs.replace(
                made_from,
                code=code,
                libraries=reach.distributions if reach is not None else {},
                code_version=code_version,
                constants=reach.constants if reach is not None else {},
            )
        return made_from if stored_by == made_from.format else msgspec.structs.replace(made_from, format=stored_by)

    def reach_of(self, step: ExecutionStep) -> tuple[Reach, Mapping[str, str]]:
        """Return what the code of a step reaches, and the parts of that code."""
        known = self._codes.get(step.key)
        if known is None:
            fn = step.op._compute_fn
            reach = self._reacher.reach(fn.fn if type(fn) is ComputeFunction else fn)
            known = self._kept_parts.get(id(reach))
            if known is None or known[0] is not reach:
                if len(self._kept_parts) >= _MOST_KEPT:
                    self._kept_parts.clear()
                known = self._kept_parts[id(reach)] = (reach, code_parts(reach))
            wiring = self._wiring_of(step)
            if wiring is not None:
                known = (known[0], {**known[1], WIRING: wiring})
            self._codes[step.key] = known
        return known

    def _wiring_of(self, step: ExecutionStep) -> str | None:
        """Return the digest of how a step is tied to assets, where names do not say it; its definition cannot change."""
        key = step.template_key
        if key not in self._wirings:
            wiring = wiring_digest(step.assets_def, step.op) if step.is_whole_asset else None
            self._wirings[key] = None if wiring is None else short_digest(wiring)
        return self._wirings[key]

    def config_of(self, step: ExecutionStep) -> Any:
        """Return the config of a step; None if it has none."""
        return self._context.for_step(step).op_entry.config if self._plan.resolved_run_config.ops else None

    def places_of(self, steps: Sequence[ExecutionStep]) -> Mapping[str, Place]:
        """Return where the code of some steps stands, as far as it was looked at, by name of the part."""
        known = [self._codes[step.key][0].places for step in steps if step.key in self._codes]
        if len(known) == 1:
            return known[0]
        return {name: place for places in known for name, place in places.items()} if known else _NO_PLACES

    def _format_of(self, output: StepOutput) -> str | None:
        manager = self._managers.get(output.definition.io_manager_key)
        return None if manager is None else getattr(manager, "format_name", None) or type(manager).__name__

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

    def inputs_of_step(self, step: ExecutionStep, context: StepExecutionContext) -> Mapping[str, InputPart]:
        """Return the inputs of a step, or of those of its partitions that its context speaks of."""
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

    # -- an asset that a graph makes -----------------------------------------------------------

    def of_graph(
        self, asset: GraphAsset, context_of: ContextOf, policy: CachePolicy | None, with_inputs: bool = True
    ) -> Provenance:
        """
        Return what an asset would be made from that a graph of ops makes.

        Args:
            asset: The asset.
            context_of: Gives the context of each step.
            policy: The policy that holds for it.
            with_inputs: Whether the versions of its inputs are wanted.
        """
        spec = asset.step.assets_def._specs_by_key.get(asset.key)
        code_version = spec.code_version if spec is not None else None
        code: dict[str, str] = {}
        libraries: dict[str, str] = {}
        constants: dict[str, str] = {}
        config: dict[str, ConfigPart] = {}
        needed: set[str] = set()
        for step in asset.steps:
            if code_version is None:
                self._add_code(step, code, libraries, constants)
            config.update(self._config_within(step, context_of(step)))
            needed |= step.op.required_resource_keys
        if code_version is None:
            code[JOINED] = short_digest(asset.wiring)
        return Provenance(
            code=dict(sorted(code.items())),
            libraries=dict(sorted(libraries.items())),
            code_version=code_version,
            config=dict(sorted(config.items())),
            inputs=self.inputs_of_graph(asset, context_of) if with_inputs else {},
            resources=self._resources(needed),
            format=self._format_of(asset.output),
            salt=policy.salt if policy is not None else None,
            constants=constants,
        )

    def _add_code(
        self, step: ExecutionStep, code: dict[str, str], libraries: dict[str, str], constants: dict[str, str]
    ) -> None:
        declared = step.op.version
        if declared is not None:
            code[f"{step.key} (version)"] = declared
            return
        reach, parts = self.reach_of(step)
        libraries.update(reach.distributions)
        for wanted, part in parts.items():
            name, number = wanted, 1
            while code.setdefault(name, part) != part:  # another function of this name, as factories make them
                number += 1
                name = f"{wanted}#{number}"
            if wanted in reach.constants:
                constants[name] = reach.constants[wanted]

    def _config_within(self, step: ExecutionStep, context: StepExecutionContext) -> Mapping[str, ConfigPart]:
        inside = ".".join(step.handle.path[1:])
        given: dict[str, Any] = {}
        if context.op_entry.config is not None:
            given["config"] = context.op_entry.config
        for name, each in step.inputs.items():
            for source in leaves(each.source):
                if isinstance(source, FromConfig):
                    given[f"inputs.{name}"] = self._plan.resolved_run_config.ops[".".join(source.path)].inputs[
                        source.input_name
                    ]
        return config_parts({inside: given}) if given else {}

    def inputs_of_graph(self, asset: GraphAsset, context_of: ContextOf) -> Mapping[str, InputPart]:
        """Return what the steps of a graph take from outside of it, or take for the partitions that their contexts speak of."""
        found: dict[str, InputPart] = {}
        for each in asset.inputs:
            if each.key in asset.vague:
                found[each.key.to_user_string()] = InputPart(*self._present.version(each.key))
            else:
                found[each.key.to_user_string()] = self._input(each.key, each.name, context_of(each.step))
        return found


def _code_version(step: ExecutionStep, output: StepOutput) -> str | None:
    """Return the version that is declared for the code of an asset, or else for its function."""
    declared = output.definition.code_version
    return declared if declared is not None else step.op.version
