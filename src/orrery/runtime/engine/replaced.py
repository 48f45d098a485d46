"""
Inputs that another run made anew, with other content, while a run took them from outside.

Which of the two was taken, nobody can tell: so what was made of it is current for neither. A run looks back at its end, once
for all that it took, and records what it finds as observations of what it made; whoever asks later reads of such a
value that it was made of an input that no run has recorded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from orrery.base.keys import AssetKey
from orrery.base.tags import DAMAGED_VALUE_TAG, REPLACED_INPUTS_TAG
from orrery.model.events import build
from orrery.model.events.event import Event
from orrery.model.events.reuse import Provenance
from orrery.model.events.user import AssetObservation
from orrery.plan.graph_assets import GraphAsset
from orrery.plan.step import ExecutionStep
from orrery.runtime.engine.last_made import PresentValues
from orrery.runtime.engine.spoken_of import AssetsSpokenOf
from orrery.runtime.engine.unusable import REPLACED

__all__ = ["TakenFromOutside"]

_Taken = tuple[AssetKey, str | None]
"""An asset, or one of its partitions, that was taken."""


class _Made(NamedTuple):
    step: ExecutionStep
    key: AssetKey
    partition: str | None
    taken: tuple[_Taken, ...]


class TakenFromOutside:
    """
    What one run took that it did not make itself.

    Args:
        plan_context: The context of the run.
        assets: The assets that it speaks of.
        present: The versions that they had when it looked.
    """

    def __init__(self, plan_context: Any, assets: AssetsSpokenOf, present: PresentValues) -> None:
        self._context = plan_context
        self._assets = assets
        self._present = present
        self._made: list[_Made] = []

    def note(
        self,
        step: ExecutionStep,
        graph: GraphAsset | None,
        key: AssetKey,
        partition: str | None,
        made_from: Provenance,
    ) -> None:
        """
        Note what a value was made from.

        Args:
            step: The step that gives it.
            graph: The asset, where several steps of a graph make it.
            key: The asset.
            partition: The partition; None for an asset without.
            made_from: What was recorded of it.
        """
        if all(part.storage_id is None for part in made_from.inputs.values()):
            return
        inputs = (
            [(step, name, each.asset_key) for name, each in step.inputs.items()]
            if graph is None
            else [(each.step, each.name, each.key) for each in graph.inputs]
        )
        taken: dict[_Taken, None] = {}
        for taker, name, source in inputs:
            part = None if source is None else made_from.inputs.get(source.to_user_string())
            if source is None or part is None or part.storage_id is None or self._assets.is_external(source):
                continue
            if self._assets.partitions_def_of(source) is None or (graph is not None and source in graph.vague):
                taken[source, None] = None
                continue
            context = self._context.for_step(taker)
            if partition is not None and context.has_partition_key_range:
                context = context.of_partitions([partition])
            for each in context.asset_partition_keys_for_input(name, require_valid_partitions=False):
                taken[source, str(each)] = None
        if taken:
            self._made.append(_Made(step, key, partition, tuple(taken)))

    def look_back(self) -> Iterator[Event]:
        """Iterate an observation for each value that was made from what somebody has replaced since the run looked at it."""
        if not self._made:
            return
        replaced = self._present.replaced({taken for made in self._made for taken in made.taken})
        for made in self._made if replaced else ():
            names = sorted({key.to_user_string() for key, each in made.taken if (key, each) in replaced})
            if names:
                what = f"Made while another run made {', '.join(names)} anew: which of the two values was taken, nobody knows."
                tags = {DAMAGED_VALUE_TAG: REPLACED, REPLACED_INPUTS_TAG: json.dumps(names)}
                observed = AssetObservation(made.key, what, partition=made.partition, tags=tags)
                yield build.asset_observation(self._context.ref_of(made.step), observed)
