"""
Which steps of a run find their partitions on the way.

A run without a partition makes assets without partitions. What stands below one of these, and is cut by keys that the
instance keeps, is made, too, for the keys that are there by then: the ones above may have added them. Pure.
"""

from __future__ import annotations

from typing import Any

from orrery.plan.execution_plan import ExecutionPlan

__all__ = ["discovering_steps", "finds_all_partitions", "has_kept_keys"]


def has_kept_keys(partitions_def: Any) -> bool:
    """Tell whether an instance keeps keys of the definition, of one of its dimensions at least."""
    if partitions_def is None:
        return False
    # 7 ms, and only plans with partitions need them.
    from orrery.model.partitions.dynamic import DynamicPartitionsDefinition
    from orrery.model.partitions.multi import MultiPartitionsDefinition

    if isinstance(partitions_def, MultiPartitionsDefinition):
        return any(has_kept_keys(each.partitions_def) for each in partitions_def.partitions_defs)
    return isinstance(partitions_def, DynamicPartitionsDefinition) and partitions_def.name is not None


def discovering_steps(plan: ExecutionPlan) -> frozenset[str]:
    """
    Return the keys of the steps that find their partitions, in a run that was given none.

    Args:
        plan: The plan of the run; steps that it does not execute count as those above.
    """
    kept: frozenset[str] | None = plan.kept.get(_KEPT)
    if kept is None:
        kept = plan.kept[_KEPT] = _find(plan)
    return kept


_KEPT = "steps that find their partitions"


def _find(plan: ExecutionPlan) -> frozenset[str]:
    kinds = {id(step.assets_def.partitions_def): step.assets_def.partitions_def for step in plan if step.assets_def}
    if not any(map(has_kept_keys, kinds.values())):
        return frozenset()  # before anybody asks what the steps depend on: plans of many are made without
    below: set[str] = set()
    found: set[str] = set()
    for key, step in plan.step_dict.items():
        definition = step.assets_def
        if definition is None:
            continue
        is_below = any(parent in below for parent in step.parent_keys)
        if definition.partitions_def is None:
            below.add(key)
        elif is_below:
            below.add(key)
            if step.is_whole_asset and definition.execution_type == "MATERIALIZATION":
                found.update([key] if has_kept_keys(definition.partitions_def) else [])
    return frozenset(found)


def finds_all_partitions(plan: ExecutionPlan) -> bool:
    """Tell whether a run that was given no partition finds those of each of its assets that has some."""
    found = discovering_steps(plan)
    return all(
        step.assets_def is None or step.assets_def.partitions_def is None or step.key in found for step in plan.steps
    )
