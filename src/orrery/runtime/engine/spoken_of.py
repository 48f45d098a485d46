"""
The assets that the steps of a run speak of: which they are, what partitions they have, and which of them lie outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orrery.base.keys import AssetKey
from orrery.definitions.parts.probe import Probe
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.step import ExecutionStep

__all__ = ["AssetsSpokenOf"]

_NOWHERE: frozenset[str] = frozenset()
_KEPT_NAMES = "assets that are spoken of"
_KEPT = "probes and assets with partitions"


class AssetsSpokenOf:
    """
    Answer for one plan; what holds for all runs of it is looked for once.

    Args:
        plan: The plan.
    """

    def __init__(self, plan: ExecutionPlan) -> None:
        self._plan = plan
        self._partitions_defs: dict[AssetKey, Any] = {}
        self._external: dict[AssetKey, bool] = {}

    def partitions_def_of(self, key: AssetKey) -> Any:
        """Return the partitions definition of an asset; None if it has none, or nothing is known of it."""
        try:
            return self._partitions_defs[key]
        except KeyError:
            layer = self._plan.job.asset_layer
            known = layer.assets_def_for_key(key) if layer is not None else None
            found = self._partitions_defs[key] = None if known is None else known._specs_by_key[key].partitions_def
            return found

    def named(self) -> Iterable[AssetKey]:
        """Return the assets that the steps make or take, each once."""
        kept: Mapping[AssetKey, None] | None = self._plan.kept.get(_KEPT_NAMES)
        if kept is not None:
            return kept
        named: dict[AssetKey, None] = {}
        for step in self._plan.steps:
            for output in step.outputs.values():
                if output.asset_key is not None:
                    named[output.asset_key] = None
            for key in step.input_assets:
                named[key] = None
        self._plan.kept[_KEPT_NAMES] = named
        return named

    def is_external(self, key: AssetKey) -> bool:
        """Tell whether an asset is one that the project does not make."""
        known = self._external.get(key)
        if known is None:
            layer = self._plan.job.asset_layer
            graph = layer.asset_graph if layer is not None else None
            known = graph is None or not graph.has(key) or not graph.get(key).is_materializable
            self._external[key] = known
        return known

    def external_inputs(self, step: ExecutionStep) -> frozenset[str]:
        """Return the inputs of a step, as people write them, that the project does not make."""
        found = [key.to_user_string() for key in step.input_assets if self.is_external(key)]
        return frozenset(found) if found else _NOWHERE

    def of_project(self) -> tuple[Mapping[AssetKey, Probe], frozenset[AssetKey]]:
        """Return the probes and the assets with partitions of the project: looked for once in the life of a job."""
        layer = self._plan.job.asset_layer
        if layer is None:
            return {}, frozenset()
        if _KEPT not in layer.kept:
            probes = {
                spec.key: spec.probe
                for definition in layer.all_defs
                if definition.execution_type == "UNEXECUTABLE"
                for spec in definition._specs_by_key.values()
                if spec.probe is not None
            }
            partitioned = frozenset(
                key
                for definition in layer.all_defs
                for key, spec in definition._specs_by_key.items()
                if spec.partitions_def is not None
            )
            layer.kept[_KEPT] = probes, partitioned
        found: tuple[Mapping[AssetKey, Probe], frozenset[AssetKey]] = layer.kept[_KEPT]
        return found
