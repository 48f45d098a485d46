"""
What a backfill is to make: of which assets which partitions, and which of them are good already.

Pure: the assets, what the user named, and the facts of the event log go in; sets come out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Any, NamedTuple

from orrery.base.errors import InvalidInvocationError, OrreryError, UnknownPartitionError
from orrery.base.keys import AssetKey
from orrery.model.assets.graph import AssetGraph
from orrery.model.automation.backfill_groups import is_identity, mapping_between
from orrery.model.automation.backfill_progress import WHOLE
from orrery.model.events.reuse import InputPart
from orrery.model.partitions.definition import PartitionsDefinition
from orrery.model.partitions.mapping import PartitionMapping
from orrery.model.partitions.spoken import partitions_named
from orrery.model.partitions.subset import PartitionsSubset

__all__ = [
    "AssetFacts",
    "Recorded",
    "Unchanged",
    "Which",
    "chosen_partitions",
    "needed_above",
    "needed_of",
    "taken_from_outside",
]

Unchanged = Callable[[AssetKey, Collection[str]], Collection[str]]
"""Names those of some partitions for which what they need is still what it was, though it is newer."""

Recorded = Callable[[AssetKey, str], Mapping[str, InputPart]]
"""Tells of a partition that was made what it took of each input, by the name of the asset; nothing where that is not known."""


class Which(Enum):
    """Which of the named partitions are made."""

    MISSING = "missing"
    FAILED = "failed"
    STALE = "stale"
    ALL = "all"


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
        mapping = mapping_between(graph, key, child)
        if child in found and mapping is not None:
            needed = mapping.get_upstream_mapped_partitions_result_for_partitions(
                found[child], graph.get(child).partitions_def, graph.get(key).partitions_def
            ).partitions_subset
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
            lacking = lacking | _outdated(graph, key, made, facts, needed, unchanged, recorded)
            if graph.get(key).has_self_dependency:
                lacking = lacking | _following(graph, key, lacking, made)
        needed[key] = lacking
    return needed


def taken_from_outside(
    graph: AssetGraph, named: Mapping[AssetKey, PartitionsSubset]
) -> dict[AssetKey, PartitionsSubset | None]:
    """Return what the named partitions take of each asset that the project does not make; None of one without partitions."""
    taken: dict[AssetKey, PartitionsSubset | None] = {}
    for key, subset in named.items():
        for parent in graph.get_parents(key):
            if graph.get(parent).is_external:
                needed, known = _taken(graph, parent, key, subset), taken.get(parent)
                taken[parent] = needed if needed is None or known is None else known | needed
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
                taken = _taken(graph, each, child, found[child])
                needed = WHOLE if taken is None else taken
                found[each] = found[each] | needed if each in found else needed
    for each in [*found]:
        for mate in graph.with_required_neighbors([each]) - {each}:
            found[mate] = found[mate] | found[each] if mate in found else found[each]
    return {each: found[each] for each in graph.sort_keys(found)}


def _taken(graph: AssetGraph, parent: AssetKey, key: AssetKey, subset: PartitionsSubset) -> PartitionsSubset | None:
    """Return what partitions of an asset take of a parent; None of one without partitions."""
    mapping, own_def = mapping_between(graph, parent, key), graph.get(key).partitions_def
    if mapping is None:
        return None
    return mapping.get_upstream_mapped_partitions_result_for_partitions(
        None if own_def is None else subset, own_def, graph.get(parent).partitions_def
    ).partitions_subset


def _outdated(
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


def _following(graph: AssetGraph, key: AssetKey, coming: PartitionsSubset, made: PartitionsSubset) -> PartitionsSubset:
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
        if any(newer.get(each, -1) > own[item] for each in _needed(graph, mapping, parent, key, item))
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
    same: _Needed | None = None  # partitions beside each other take the same, as a rule
    for item in fresh:
        part = recorded(key, item).get(name)
        if part is None:
            continue
        if has_own_key:
            many, newest, are_some = 1, newer.get(item), False
        else:
            taken = _needed(graph, mapping, parent, key, item)
            if same is None or same.partitions != taken:
                same = _Needed.of(taken, newer, graph.get(parent).partitions_def)
            _, many, newest, are_some = same
        is_other = newest is not None and part.storage_id not in (None, newest)
        is_unknown = is_cut_otherwise and (part.storage_id is None or (is_given and are_some))
        if part.partitions != many or is_other or is_unknown:
            yield item


class _Needed(NamedTuple):
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
    ) -> _Needed:
        keys = list(partitions)
        are_some = len(keys) > 1 and parent_def is not None and partitions != parent_def.subset_with_all_partitions()
        return _Needed(
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
        needed = _needed(graph, mapping, parent, key, "")
        return among.empty_subset() if (needed & upstream).is_empty else among
    return among & mapping.get_downstream_partitions_for_partitions(upstream, graph.get(parent).partitions_def, own_def)


def _needed(
    graph: AssetGraph, mapping: PartitionMapping | None, parent: AssetKey, key: AssetKey, item: str
) -> PartitionsSubset:
    """Return what one partition of an asset needs of a parent."""
    own_def = graph.get(key).partitions_def
    if mapping is None:
        return WHOLE
    return mapping.get_upstream_mapped_partitions_result_for_partitions(
        None if own_def is None else own_def.subset_with_partition_keys([item]),
        own_def,
        graph.get(parent).partitions_def,
    ).partitions_subset
