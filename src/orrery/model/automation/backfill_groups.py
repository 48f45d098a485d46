"""
Which assets of a backfill share runs.

Assets that are cut alike, and need of one another only the same partition, are made together: one run for
a day makes all that the day is made of. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orrery.base.keys import AssetKey
from orrery.model.assets.graph import AssetGraph
from orrery.model.partitions.mapping import IdentityPartitionMapping, PartitionMapping, TimeWindowPartitionMapping
from orrery.model.partitions.multi_mapping import default_partition_mapping
from orrery.model.partitions.subset import PartitionsSubset

__all__ = ["RunGroup", "group_assets", "is_identity", "mapping_between"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunGroup:
    """
    Assets whose equal partitions are made in one run.

    Attributes:
        keys: The assets, upstream first.
        partitions_def: How they are cut; None for assets without partitions.
        max_partitions_per_run: At most so many partitions in a run; None for as many as there are.
        depends_on_itself: Whether a partition needs an earlier one of the same asset.
    """

    keys: tuple[AssetKey, ...]
    partitions_def: Any = None
    max_partitions_per_run: int | None = 1
    depends_on_itself: bool = False


def mapping_between(graph: AssetGraph, upstream: AssetKey, downstream: AssetKey) -> PartitionMapping | None:
    """Return which partitions of *upstream* those of *downstream* need; None if *upstream* has none."""
    upstream_def = graph.get(upstream).partitions_def
    if upstream_def is None:
        return None
    node = graph.get(downstream)
    given: PartitionMapping | None = node.partition_mappings.get(upstream)
    return given if given is not None else default_partition_mapping(node.partitions_def, upstream_def)


def group_assets(graph: AssetGraph, targets: Mapping[AssetKey, PartitionsSubset]) -> tuple[RunGroup, ...]:
    """
    Return the groups of assets that are made together, upstream first.

    Two assets share a group if they have equal partitions and an equal policy, and if no path between them
    leaves the group. What can only be made together shares a group in any case.

    Args:
        graph: The assets.
        targets: The partitions of each asset that are to be made.
    """
    grouping = _Grouping(graph, targets)
    for key in graph.sort_keys(targets):
        grouping.place(key)
    return grouping.groups()


class _Grouping:
    def __init__(self, graph: AssetGraph, targets: Mapping[AssetKey, PartitionsSubset]) -> None:
        self._graph = graph
        self._targets = targets
        self._members: list[list[AssetKey]] = []
        self._before: list[set[int]] = []  # groups that a group waits for
        self._like: dict[Any, list[int]] = {}
        self._group_of: dict[AssetKey, int] = {}
        self._bound: dict[Any, int] = {}

    def place(self, key: AssetKey) -> None:
        node = self._graph.get(key)
        parents = [parent for parent in self._graph.get_parents(key) if parent in self._targets]
        number = self._bound.get(node.execution_set) if node.execution_set is not None else None
        if number is None and not node.has_self_dependency:
            kind = (node.partitions_def, _policy(node))
            for candidate in self._like.setdefault(kind, []):
                if self._fits(candidate, key, parents):
                    number = candidate
                    break
        if number is None:
            number = len(self._members)
            self._members.append([])
            self._before.append(set())
            if not node.has_self_dependency:
                self._like[node.partitions_def, _policy(node)].append(number)
        self._members[number].append(key)
        self._group_of[key] = number
        if node.execution_set is not None:
            self._bound[node.execution_set] = number
        self._before[number].update(self._group_of[parent] for parent in parents if self._group_of[parent] != number)

    def _fits(self, number: int, key: AssetKey, parents: Sequence[AssetKey]) -> bool:
        """Tell whether an asset may join a group: the same items, and no way round outside the group."""
        if self._targets[self._members[number][0]] != self._targets[key]:
            return False
        for parent in parents:
            group = self._group_of[parent]
            if group == number:
                if not is_identity(self._graph, parent, key):
                    return False
            elif self._waits_for(group, number):
                return False
        return True

    def _waits_for(self, group: int, other: int) -> bool:
        seen, left = {group}, [group]
        while left:
            for each in self._before[left.pop()]:
                if each == other:
                    return True
                if each not in seen:
                    seen.add(each)
                    left.append(each)
        return False

    def groups(self) -> tuple[RunGroup, ...]:
        order: list[int] = []
        placed: set[int] = set()
        for start in range(len(self._members)):
            left = [start]
            while left:
                open_before = [each for each in self._before[left[-1]] if each not in placed]
                if open_before:
                    left.append(min(open_before))
                    continue
                number = left.pop()
                if number not in placed:
                    placed.add(number)
                    order.append(number)
        return tuple(self._group(self._members[number]) for number in order)

    def _group(self, members: Sequence[AssetKey]) -> RunGroup:
        node = self._graph.get(members[0])
        return RunGroup(
            keys=tuple(members),
            partitions_def=node.partitions_def,
            max_partitions_per_run=_policy(node),
            depends_on_itself=any(self._graph.get(key).has_self_dependency for key in members),
        )


def _policy(node: Any) -> int | None:
    """Return how many partitions a run makes; None for all."""
    policy = node.backfill_policy
    if policy is None:
        return 1
    found: int | None = policy.max_partitions_per_run
    return found


def is_identity(graph: AssetGraph, upstream: AssetKey, downstream: AssetKey) -> bool:
    """Tell whether each partition needs the one with the same key, and no other; the two are cut alike."""
    mapping = mapping_between(graph, upstream, downstream)
    if mapping is None or isinstance(mapping, IdentityPartitionMapping):
        return True
    return isinstance(mapping, TimeWindowPartitionMapping) and not (mapping.start_offset or mapping.end_offset)
