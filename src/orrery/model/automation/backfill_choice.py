"""
What a backfill is to make: of which assets which partitions, and which of them are good already.

Pure: the assets, what the user named, and the facts of the event log go in; sets come out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import Enum

from orrery.base.errors import InvalidInvocationError, OrreryError, UnknownPartitionError
from orrery.base.keys import AssetKey
from orrery.model.assets.graph import AssetGraph
from orrery.model.automation.backfill_groups import mapping_between
from orrery.model.automation.backfill_outdated import (
    AssetFacts,
    Recorded,
    Unchanged,
    following,
    outdated,
    taken_of,
)
from orrery.model.automation.backfill_progress import WHOLE
from orrery.model.partitions.definition import PartitionsDefinition
from orrery.model.partitions.spoken import partitions_named
from orrery.model.partitions.subset import PartitionsSubset

__all__ = ["Which", "chosen_partitions", "needed_above", "needed_of", "taken_from_outside"]


class Which(Enum):
    """Which of the named partitions are made."""

    MISSING = "missing"
    FAILED = "failed"
    STALE = "stale"
    ALL = "all"


def chosen_partitions(
    graph: AssetGraph, keys: Collection[AssetKey], texts: Sequence[str] = (), *, of: AssetKey | None = None
) -> dict[AssetKey, PartitionsSubset]:
    """
    Return the partitions of each asset that the user named.

    The keys are those of the first asset, upstream first, that has them all. Of assets that are cut otherwise
    it is what follows from these: downstream what needs them, upstream what they need.

    Args:
        graph: The assets.
        keys: Those that are chosen.
        texts: Partitions as people type them; all that exist if there are none.
        of: The asset whose keys they are.

    Raises:
        UnknownPartitionError: No asset has a key that is named.
        InvalidInvocationError: Partitions are named, and no chosen asset has any; or one is not connected.
    """
    order = graph.sort_keys(keys)
    defs = {key: graph.get(key).partitions_def for key in order}
    cut = [key for key in order if defs[key] is not None]
    if not texts:
        return {key: WHOLE if defs[key] is None else defs[key].subset_with_all_partitions() for key in order}
    if not cut:
        raise InvalidInvocationError(
            f"Partitions were named ({' '.join(texts)}), but nothing that is selected has partitions.",
            mend="leave --partitions out, or give partitions_def= to the asset.",
        )
    anchor, named = _anchor(texts, [of] if of is not None else cut, defs)
    found: dict[AssetKey, PartitionsSubset] = {key: named for key in cut if defs[key] == anchor}
    for key in order:
        if key not in found and defs[key] is not None:
            _merge(found, key, _from_parents(graph, key, found))
    for key in reversed(order):
        if key not in found and defs[key] is not None:
            _merge(found, key, _from_children(graph, key, found))
    lost = [key for key in cut if key not in found]
    if lost:
        raise InvalidInvocationError(
            f"The partitions {' '.join(texts)} say nothing of asset '{lost[0].to_user_string()}': it is cut otherwise, "
            "and not connected to those whose keys they are.",
            mend="backfill it apart.",
        )
    return {key: WHOLE if defs[key] is None else found[key] for key in order}


def _anchor(
    texts: Sequence[str],
    candidates: Sequence[AssetKey],
    defs: Mapping[AssetKey, PartitionsDefinition[str] | None],
) -> tuple[PartitionsDefinition[str], PartitionsSubset]:
    first: OrreryError | None = None
    for key in candidates:
        definition = defs.get(key)
        if definition is None:
            raise InvalidInvocationError(
                f"Asset '{key.to_user_string()}', whose partitions are meant, is not selected or has none.",
                mend="name a selected asset that has partitions.",
            )
        try:
            return definition, partitions_named(texts, definition)
        except (UnknownPartitionError, InvalidInvocationError) as error:
            first = first or error
    assert first is not None
    raise first


def _merge(found: dict[AssetKey, PartitionsSubset], key: AssetKey, subset: PartitionsSubset | None) -> None:
    if subset is not None:
        found[key] = subset


def _from_parents(
    graph: AssetGraph, key: AssetKey, found: Mapping[AssetKey, PartitionsSubset]
) -> PartitionsSubset | None:
    joined: PartitionsSubset | None = None
    for parent in graph.get_parents(key):
        mapping = mapping_between(graph, parent, key)
        if parent in found and mapping is not None:
            needing = mapping.get_downstream_partitions_for_partitions(
                found[parent], graph.get(parent).partitions_def, graph.get(key).partitions_def
            )
            joined = needing if joined is None else joined | needing
    return joined


def _from_children(
    graph: AssetGraph, key: AssetKey, found: Mapping[AssetKey, PartitionsSubset]
) -> PartitionsSubset | None:
    joined: PartitionsSubset | None = None
    for child in graph.get_children(key):
        if child in found and mapping_between(graph, key, child) is not None:
            needed = taken_of(graph, key, child, found[child])
            joined = needed if joined is None else joined | needed
    return joined


def needed_of(
    graph: AssetGraph,
    named: Mapping[AssetKey, PartitionsSubset],
    which: Which,
    facts: Mapping[AssetKey, AssetFacts],
    unchanged: Unchanged | None = None,
    recorded: Recorded | None = None,
) -> dict[AssetKey, PartitionsSubset]:
    """
    Return those of the named partitions that are to be made.

    Args:
        graph: The assets.
        named: The partitions of each asset, upstream first.
        which: ``MISSING``: never made. ``FAILED``: the latest attempt failed. ``STALE``: never made, or made by
            another version of the code, or before something that they need, or before what is going to be made now. ``ALL``: all of them.
        facts: What is known of these assets and of those that they need; not needed for ``ALL``.
        unchanged: Names those of some late partitions of an asset for which what they need is still what it was.
        recorded: Tells what those that were made took; those that would take something else now are late, too.
    """
    if which is Which.ALL:
        return dict(named)
    least: dict[AssetKey, PartitionsSubset] = {}
    while True:
        needed = _needed_once(graph, named, which, facts, unchanged, recorded, least)
        more = _made_together(graph, needed)
        if not more:
            return needed
        least.update(more)


def _made_together(graph: AssetGraph, needed: Mapping[AssetKey, PartitionsSubset]) -> dict[AssetKey, PartitionsSubset]:
    """Return what has to be made of assets that can only be made together with others, where that is more than is needed of them."""
    more: dict[AssetKey, PartitionsSubset] = {}
    for key, subset in needed.items() if graph.has_execution_sets else ():
        for mate in graph.with_required_neighbors([key]):
            if mate != key and mate in needed and not (subset - needed[mate]).is_empty:
                more[mate] = more.get(mate, needed[mate]) | subset
    return more


def _needed_once(
    graph: AssetGraph,
    named: Mapping[AssetKey, PartitionsSubset],
    which: Which,
    facts: Mapping[AssetKey, AssetFacts],
    unchanged: Unchanged | None,
    recorded: Recorded | None,
    least: Mapping[AssetKey, PartitionsSubset],
) -> dict[AssetKey, PartitionsSubset]:
    """Return what :func:`needed_of` does, and of some assets what is told in *least*, as others come with them."""
    needed: dict[AssetKey, PartitionsSubset] = {}
    for key, subset in named.items():
        known = facts[key]
        if which is Which.FAILED:
            failed = subset & subset.empty_subset().with_partition_keys(known.failed)
            needed[key] = failed | least[key] if key in least else failed
            continue
        made = subset & subset.empty_subset().with_partition_keys(known.made)
        lacking = subset - made
        if key in least:
            lacking = lacking | least[key]
        if which is Which.STALE:
            lacking = lacking | outdated(graph, key, made, facts, needed, unchanged, recorded)
            if graph.get(key).has_self_dependency:
                lacking = lacking | following(graph, key, lacking, made)
        needed[key] = lacking
    return needed


def taken_from_outside(
    graph: AssetGraph, named: Mapping[AssetKey, PartitionsSubset]
) -> dict[AssetKey, PartitionsSubset]:
    """Return what the named partitions take of each asset that the project does not make."""
    taken: dict[AssetKey, PartitionsSubset] = {}
    for key, subset in named.items():
        for parent in graph.get_parents(key):
            if graph.get(parent).is_external:
                needed = taken_of(graph, parent, key, subset)
                taken[parent] = taken[parent] | needed if parent in taken else needed
    return taken


def needed_above(
    graph: AssetGraph, key: AssetKey, wanted: PartitionsSubset, above: Collection[AssetKey]
) -> dict[AssetKey, PartitionsSubset]:
    """Return what partitions of an asset need of those *above* it, and what these need, with themselves, upstream first."""
    order = graph.sort_keys({key, *above})
    found = {key: wanted}
    for each in reversed(order):
        for child in graph.get_children(each):
            if child in found and each in order:
                needed = taken_of(graph, each, child, found[child])
                found[each] = found[each] | needed if each in found else needed
    for each in [*found]:
        for mate in graph.with_required_neighbors([each]) - {each}:
            found[mate] = found[mate] | found[each] if mate in found else found[each]
    return {each: found[each] for each in graph.sort_keys(found)}
