"""
Which partitions that were made are out of date, by what else was made since and by what they took.

Pure: the assets, the facts of the event log, and answers about single partitions go in; sets come out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from orrery.base.keys import AssetKey
from orrery.model.assets.graph import AssetGraph
from orrery.model.automation.backfill_groups import is_identity, mapping_between
from orrery.model.automation.backfill_progress import WHOLE
from orrery.model.events.reuse import InputPart
from orrery.model.partitions.definition import PartitionsDefinition
from orrery.model.partitions.mapping import PartitionMapping
from orrery.model.partitions.subset import PartitionsSubset

__all__ = ["AssetFacts", "Recorded", "Unchanged", "following", "outdated", "taken_of"]

Unchanged = Callable[[AssetKey, Collection[str]], Collection[str]]
"""Names those of some partitions for which what they need is still what it was, though it is newer."""

Recorded = Callable[[AssetKey, str], Mapping[str, InputPart]]
"""Tells of a partition that was made what it took of each input, by the name of the asset; nothing where that is not known."""


class AssetFacts(NamedTuple):
    """
    What is known of the partitions of an asset ("" stands for an asset without partitions).

    Attributes:
        made: The storage id of the latest materialization of each partition that has one; of an asset that the project does
            not make that of its latest observation, if it is later.
        failed: Partitions whose latest attempt failed.
        other_code: Partitions that were made by other code, or with another config, than would be used now.
    """

    made: Mapping[str, int]
    failed: AbstractSet[str]
    other_code: AbstractSet[str] = frozenset()


def taken_of(graph: AssetGraph, parent: AssetKey, key: AssetKey, subset: PartitionsSubset) -> PartitionsSubset:
    """Return what partitions of an asset take of a parent; ``WHOLE`` of one without partitions."""
    mapping, own_def = mapping_between(graph, parent, key), graph.get(key).partitions_def
    if mapping is None:
        return WHOLE
    return mapping.get_upstream_mapped_partitions_result_for_partitions(
        None if own_def is None else subset, own_def, graph.get(parent).partitions_def
    ).partitions_subset


def outdated(
    graph: AssetGraph,
    key: AssetKey,
    made: PartitionsSubset,
    facts: Mapping[AssetKey, AssetFacts],
    needed: Mapping[AssetKey, PartitionsSubset],
    unchanged: Unchanged | None,
    recorded: Recorded | None,
) -> PartitionsSubset:
    """Return those of the made partitions that other code made, or older than something they need, or than what comes."""
    same: set[str] = set()
    old = made & made.empty_subset().with_partition_keys(facts[key].other_code)
    itself = (key,) if graph.get(key).has_self_dependency else ()
    for parent in (*graph.get_parents(key), *itself):
        mapping = mapping_between(graph, parent, key)
        coming = needed.get(parent)
        if coming is not None and not coming.is_empty:
            old = old | _needing(graph, mapping, parent, key, coming, made)
        newer = facts[parent].made if parent in facts else {}
        fresh = made - old
        if fresh.is_empty:
            continue
        late = dict.fromkeys(_late(graph, mapping, parent, key, fresh, facts[key].made, newer)) if newer else {}
        if recorded is not None:
            late.update(dict.fromkeys(_taking_others(graph, mapping, parent, key, fresh, newer, recorded)))
        if late and unchanged is not None:
            same.update(unchanged(key, [item for item in late if item not in same]))
        old = old | made.empty_subset().with_partition_keys([item for item in late if item not in same])
    return old


def following(graph: AssetGraph, key: AssetKey, coming: PartitionsSubset, made: PartitionsSubset) -> PartitionsSubset:
    """Return those of the made partitions that need one of *coming* of the same asset, or one that needs one, and so on."""
    mapping = mapping_between(graph, key, key)
    found = made.empty_subset()
    while not coming.is_empty:
        coming = _needing(graph, mapping, key, key, coming, made) - found
        found = found | coming
    return found


def _late(
    graph: AssetGraph,
    mapping: PartitionMapping | None,
    parent: AssetKey,
    key: AssetKey,
    fresh: PartitionsSubset,
    own: Mapping[str, int],
    newer: Mapping[str, int],
) -> list[str]:
    """Return those of some partitions that are older than what they need of a parent."""
    if _needs_its_own_key(graph, parent, key):
        return [item for item in fresh if newer.get(item, -1) > own[item]]
    oldest = min(map(own.__getitem__, fresh))
    moved = [each for each, number in newer.items() if number > oldest]
    if not moved:
        return []
    parent_def = graph.get(parent).partitions_def
    since = WHOLE if parent_def is None else parent_def.empty_subset().with_partition_keys(moved)
    return [
        item
        for item in _needing(graph, mapping, parent, key, since, fresh)
        if any(newer.get(each, -1) > own[item] for each in _needed(graph, parent, key, item))
    ]


def _taking_others(
    graph: AssetGraph,
    mapping: PartitionMapping | None,
    parent: AssetKey,
    key: AssetKey,
    fresh: PartitionsSubset,
    newer: Mapping[str, int],
    recorded: Recorded,
) -> Iterator[str]:
    """
    Iterate those of some partitions that may take something else of a parent than they took.

    It is told by how many partitions they took, and by which of these was made last. Where that is not known (what their own run
    made), or another mapping may have been given that takes as many, they may.
    """
    name = parent.to_user_string()
    has_own_key = _needs_its_own_key(graph, parent, key)
    is_given = parent in graph.get(key).partition_mappings
    is_cut_otherwise = mapping is not None and not has_own_key
    same: _Share | None = None  # partitions beside each other take the same, as a rule
    for item in fresh:
        part = recorded(key, item).get(name)
        if part is None:
            continue
        if has_own_key:
            many, newest, are_some = 1, newer.get(item), False
        else:
            taken = _needed(graph, parent, key, item)
            if same is None or same.partitions != taken:
                same = _Share.of(taken, newer, graph.get(parent).partitions_def)
            _, many, newest, are_some = same
        is_other = newest is not None and part.storage_id not in (None, newest)
        is_unknown = is_cut_otherwise and (part.storage_id is None or (is_given and are_some))
        if part.partitions != many or is_other or is_unknown:
            yield item


class _Share(NamedTuple):
    """
    What partitions of an asset take of a parent.

    Attributes:
        partitions: Those.
        many: How many they are.
        newest: The storage id of the one that was made last; None if none was.
        are_some: Whether they are several and not all, so that others may be as many.
    """

    partitions: PartitionsSubset
    many: int
    newest: int | None
    are_some: bool

    @staticmethod
    def of(
        partitions: PartitionsSubset, newer: Mapping[str, int], parent_def: PartitionsDefinition[Any] | None
    ) -> _Share:
        keys = list(partitions)
        are_some = len(keys) > 1 and parent_def is not None and partitions != parent_def.subset_with_all_partitions()
        return _Share(
            partitions, len(keys), max((newer[each] for each in keys if each in newer), default=None), are_some
        )


def _needs_its_own_key(graph: AssetGraph, parent: AssetKey, key: AssetKey) -> bool:
    own_def = graph.get(key).partitions_def
    return own_def is not None and own_def == graph.get(parent).partitions_def and is_identity(graph, parent, key)


def _needing(
    graph: AssetGraph,
    mapping: PartitionMapping | None,
    parent: AssetKey,
    key: AssetKey,
    upstream: PartitionsSubset,
    among: PartitionsSubset,
) -> PartitionsSubset:
    """Return those of some partitions of an asset that need one of *upstream*."""
    own_def = graph.get(key).partitions_def
    if mapping is None:
        return among
    if own_def is None:
        needed = _needed(graph, parent, key, "")
        return among.empty_subset() if (needed & upstream).is_empty else among
    return among & mapping.get_downstream_partitions_for_partitions(upstream, graph.get(parent).partitions_def, own_def)


def _needed(graph: AssetGraph, parent: AssetKey, key: AssetKey, item: str) -> PartitionsSubset:
    """Return what one partition of an asset needs of a parent."""
    own_def = graph.get(key).partitions_def
    return taken_of(graph, parent, key, WHOLE if own_def is None else own_def.subset_with_partition_keys([item]))
