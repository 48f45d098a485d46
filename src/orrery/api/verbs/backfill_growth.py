"""
Partitions that are found on the way: dynamic ones that an asset adds while a backfill makes it.

What may grow is decided when the backfill is asked for (:func:`growing_of`). When something upstream of it was made,
the keys are looked up again (:func:`grown`): what is there now, was never made, and was not asked for yet joins the targets.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from orrery.base.keys import AssetKey
from orrery.model.assets.graph import AssetGraph
from orrery.model.automation.backfill_progress import BackfillPlan
from orrery.model.records.backfill import BackfillTarget
from orrery.plan.discovering import has_kept_keys

__all__ = ["growing_of", "grown", "targets_of"]


def growing_of(graph: AssetGraph, keys: Collection[AssetKey]) -> list[AssetKey]:
    """Return those of *keys* that are cut by keys which an instance keeps, upstream first."""
    return [key for key in graph.sort_keys(keys) if has_kept_keys(graph.get(key).partitions_def)]


def grown(plan: BackfillPlan, made_now: Collection[AssetKey], instance: Any) -> BackfillPlan:
    """
    Return the plan with the partitions that were added since; the same plan if there are none.

    Asked inside a partition loading context.

    Args:
        plan: What is to be made.
        made_now: Assets that were made since it was looked at last.
        instance: Where keys and events are kept.
    """
    targets = dict(plan.targets)
    for key, feeders in plan.growing.items():
        if not any(each in made_now for each in feeders):
            continue
        definition = plan.graph.get(key).partitions_def
        new = definition.subset_with_all_partitions() - targets[key]
        if not new.is_empty:
            made = instance.event_log.get_materialized_partitions(key)
            new = new - (new & new.empty_subset().with_partition_keys(made))
        if not new.is_empty:
            targets[key] = targets[key] | new
    if targets == plan.targets:
        return plan
    return BackfillPlan.of(plan.graph, targets, tuple(plan.growing), leaves_current=plan.leaves_current)


def targets_of(plan: BackfillPlan, instance: Any) -> tuple[BackfillTarget, ...]:
    """Return what is to be made, as it is stored; asked inside a partition loading context."""
    found: list[BackfillTarget] = []
    for key, subset in plan.targets.items():
        definition = plan.graph.get(key).partitions_def
        if definition is None:
            found.append(BackfillTarget(asset_key=key))
            continue
        found.append(
            BackfillTarget(
                asset_key=key,
                partitions=subset.serialize(),
                partitions_id=definition.get_serializable_unique_identifier(instance),
                size=len(subset),
            )
        )
    return tuple(found)
