"""
How far a backfill is, and which runs come next.

Pure: what is wanted, what was made and what failed go in as sets; runs come out. An item is ready when all
that it needs of the backfill is made, or is made in the same run; it is blocked when something that it
needs failed. Sets are combined whole, so that a hundred thousand partitions cost no more than some.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from typing import NamedTuple

from orrery.base.keys import AssetKey
from orrery.model.assets.graph import AssetGraph
from orrery.model.automation.backfill_groups import RunGroup, group_assets, is_identity, mapping_between
from orrery.model.partitions.keys import MultiPartitionKey, PartitionKeyRange
from orrery.model.partitions.multi_subset import MultiPartitionsSubset
from orrery.model.partitions.subset import DefaultPartitionsSubset, PartitionsSubset
from orrery.model.records.backfill import BackfillRun, BackfillRunState

__all__ = [
    "WHOLE",
    "BackfillPlan",
    "BackfillProgress",
    "Chunk",
    "ItemCounts",
    "keys_of_run",
    "next_chunks",
    "progress_of",
]

WHOLE = DefaultPartitionsSubset([""])
"""The one item of an asset without partitions."""


class Chunk(NamedTuple):
    """
    What one run makes.

    Attributes:
        asset_keys: The assets, upstream first.
        partitions: The first and last of the partitions; None for assets without partitions.
    """

    asset_keys: tuple[AssetKey, ...]
    partitions: PartitionKeyRange | None = None


class ItemCounts(NamedTuple):
    """
    How many items of a backfill stand how.

    Attributes:
        made: Are made.
        current: Were left alone, as they were current when their turn came.
        failed: Failed.
        blocked: Will not be made, as something that they need failed.
        open: Are still to be made.
    """

    made: int
    current: int
    failed: int
    blocked: int
    open: int

    @property
    def all(self) -> int:
        """Return how many items there are."""
        return sum(self)


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """
    What is to be made, and which assets share runs.

    Attributes:
        graph: The assets.
        targets: The partitions of each asset that are to be made; :data:`WHOLE` for one without.
        groups: Assets that are made together, upstream first.
        growing: Assets of which more partitions may be found on the way, each with those that may add them.
        job_name: The job that is run for each partition; it is then the one node of the graph. None for assets.
        leaves_current: Whether what is current when its turn comes is left alone.
    """

    graph: AssetGraph
    targets: Mapping[AssetKey, PartitionsSubset]
    groups: tuple[RunGroup, ...]
    growing: Mapping[AssetKey, tuple[AssetKey, ...]] = field(default_factory=dict)
    job_name: str | None = None
    leaves_current: bool = False

    @staticmethod
    def of(
        graph: AssetGraph,
        targets: Mapping[AssetKey, PartitionsSubset],
        growing: Collection[AssetKey] = (),
        *,
        job_name: str | None = None,
        leaves_current: bool = False,
    ) -> BackfillPlan:
        """
        Return the plan that makes *targets*.

        Args:
            graph: The assets.
            targets: The partitions of each asset; assets of which nothing is wanted are left out.
            growing: Assets whose partitions may become more while it goes on. One with nothing upstream that is
                made does not grow.
            job_name: The job, if it is about one.
            leaves_current: Leave alone what is current when its turn comes.
        """
        feeders: dict[AssetKey, tuple[AssetKey, ...]] = {}
        for key in growing:
            upstream = graph.get_ancestors(key)
            found = [each for each in targets if each in upstream and each not in growing]
            if any(not targets[each].is_empty for each in found):
                feeders[key] = tuple(each for each in found if not targets[each].is_empty)
        wanted = {key: targets[key] for key in graph.sort_keys(targets) if key in feeders or not targets[key].is_empty}
        return BackfillPlan(graph, wanted, group_assets(graph, wanted), feeders, job_name, leaves_current)

    def fed_by(self, parent: AssetKey, key: AssetKey) -> tuple[AssetKey, ...]:
        """
        Return the assets that may yet add partitions of *parent* which *key* would need.

        None where each partition of *key* needs that of the same key alone.
        """
        if parent not in self.growing:
            return ()
        own_def = self.graph.get(key).partitions_def
        if own_def == self.graph.get(parent).partitions_def and is_identity(self.graph, parent, key):
            return ()
        return self.growing[parent]

    @property
    def size(self) -> int:
        """Return how many items it is."""
        return sum(map(len, self.targets.values()))

    def count_of_runs(self, group: RunGroup) -> int:
        """Return how many runs make all of a group, if each succeeds."""
        subset = self.targets[group.keys[0]]
        if group.partitions_def is None:
            return 1
        if group.max_partitions_per_run == 1:
            return len(subset)
        return sum(1 for _ in _ranges(subset, group))


@dataclass(frozen=True, slots=True)
class BackfillProgress:
    """
    What was made and what failed.

    Attributes:
        plan: What is to be made.
        made: The partitions that are there, of each asset: made, or left alone.
        failed: Those that failed.
        current: Those that were left alone.
    """

    plan: BackfillPlan
    made: Mapping[AssetKey, PartitionsSubset]
    failed: Mapping[AssetKey, PartitionsSubset]
    current: Mapping[AssetKey, PartitionsSubset] = field(default_factory=dict)

    def pending(self, key: AssetKey) -> PartitionsSubset:
        """Return what is to be made of an asset, and was not tried yet."""
        left = self.plan.targets[key]
        for tried in (self.made.get(key), self.failed.get(key)):
            if tried is not None:
                left = left - tried
        return left

    def in_plan(self, plan: BackfillPlan) -> BackfillProgress:
        """Return the same in a plan that makes more."""
        return BackfillProgress(plan, self.made, self.failed, self.current)

    def unmade(self, key: AssetKey) -> PartitionsSubset:
        """Return what is not made of an asset: not tried, or failed."""
        made = self.made.get(key)
        return self.plan.targets[key] if made is None else self.plan.targets[key] - made

    def with_runs(self, runs: Iterable[BackfillRun]) -> BackfillProgress:
        """Return the progress after these runs, all of which are over."""
        made, failed, current = _Gathered(), _Gathered(), _Gathered()
        for run in runs:
            keys = keys_of_run(run, self.plan)
            for asset in run.current:
                current.add(asset, keys)
            if run.state is BackfillRunState.SUCCESS:
                for asset in run.asset_keys:
                    made.add(asset, keys)
                continue
            partly = {**dict(run.made), **dict.fromkeys(run.current, keys)}
            for asset in run.asset_keys:
                done = partly.get(asset, ())
                made.add(asset, done)
                if run.state is BackfillRunState.FAILURE:
                    failed.add(asset, [key for key in keys if key not in done] if done else keys)
        return BackfillProgress(
            self.plan,
            made.onto(self.made, self.plan),
            failed.onto(self.failed, self.plan),
            current.onto(self.current, self.plan),
        )

    def blocked(self) -> Mapping[AssetKey, PartitionsSubset]:
        """Return what will not be made of each asset, as something that it needs failed."""
        found: dict[AssetKey, PartitionsSubset] = {}
        for key in self.plan.targets:
            lost: PartitionsSubset | None = None
            pending = self.pending(key)
            for parent in self._parents(key):
                bad = _either(self.failed.get(parent), found.get(parent))
                if bad is not None and not bad.is_empty:
                    lost = _either(lost, _needing(self.plan, parent, key, bad, pending))
                for feeder in self.plan.fed_by(parent, key):
                    if any(self.failed.get(feeder, ())) or feeder in found:
                        lost = pending
            if lost is not None and not lost.is_empty:
                found[key] = lost
        return found

    def counts(self, *, is_over: bool = False) -> ItemCounts:
        """
        Return how many items stand how.

        Args:
            is_over: Whether no run comes any more, so that all that is left is blocked.
        """
        made = sum(map(len, self.made.values()))
        current = sum(map(len, self.current.values()))
        failed = sum(map(len, self.failed.values()))
        left = self.plan.size - made - failed
        blocked = left if is_over else (sum(map(len, self.blocked().values())) if failed else 0)
        return ItemCounts(made - current, current, failed, blocked, left - blocked)

    def _parents(self, key: AssetKey) -> list[AssetKey]:
        return [parent for parent in self.plan.graph.get_parents(key) if parent in self.plan.targets]


def progress_of(plan: BackfillPlan, runs: Iterable[BackfillRun] = ()) -> BackfillProgress:
    """Return how far a backfill is, after the runs that are over."""
    over = [run for run in runs if run.state is not BackfillRunState.REQUESTED]
    return BackfillProgress(plan, {}, {}).with_runs(over)


def next_chunks(progress: BackfillProgress, *, limit: int) -> list[Chunk]:
    """
    Return runs that can be made now, in order; none when the backfill has come to its end.

    No run is going on. None of the runs needs what another one of them makes.

    Args:
        progress: What was made and what failed.
        limit: At most so many runs.
    """
    blocked = progress.blocked()
    chunks = _chunks(progress, blocked, hold=True)
    found = list(islice(chunks, limit))
    return found or list(islice(_chunks(progress, blocked, hold=False), limit))


def _chunks(progress: BackfillProgress, blocked: Mapping[AssetKey, PartitionsSubset], *, hold: bool) -> Iterator[Chunk]:
    """
    Yield what can be made now.

    Args:
        progress: What was made and what failed.
        blocked: What will not be made.
        hold: Let runs of several partitions wait until all of theirs are ready.
    """
    for group in progress.plan.groups:
        ready, is_waiting = _ready(progress, group, blocked)
        if hold and is_waiting and group.max_partitions_per_run != 1 and not group.depends_on_itself:
            continue
        for keys, subset in _patterns(group, ready):
            if group.partitions_def is None:
                yield Chunk(keys)
            elif group.depends_on_itself:
                yield from _own_next(progress, group, keys, subset)
            elif group.max_partitions_per_run == 1:
                yield from (Chunk(keys, PartitionKeyRange(key, key)) for key in subset)
            else:
                yield from (Chunk(keys, found) for found in _ranges(subset, group))


def _ready(
    progress: BackfillProgress, group: RunGroup, blocked: Mapping[AssetKey, PartitionsSubset]
) -> tuple[dict[AssetKey, PartitionsSubset], bool]:
    """Return what is ready of each asset of a group, and whether more of it will be, later."""
    ready: dict[AssetKey, PartitionsSubset] = {}
    is_waiting = False
    for key in group.keys:
        pending = progress.pending(key)
        if pending.is_empty:
            continue
        held: PartitionsSubset | None = None
        for parent in progress._parents(key):
            unmade = progress.unmade(parent)
            if parent in group.keys and parent in ready:
                unmade = unmade - ready[parent]  # made in the same run
            if not unmade.is_empty:
                held = _either(held, _needing(progress.plan, parent, key, unmade, pending))
            if any(not progress.unmade(feeder).is_empty for feeder in progress.plan.fed_by(parent, key)):
                held = pending
        free = pending if held is None else pending - held
        if not free.is_empty:
            ready[key] = free
        if held is not None:
            lost = blocked.get(key)
            is_waiting = is_waiting or not (held if lost is None else held - lost).is_empty
    return ready, is_waiting


def _needing(
    plan: BackfillPlan, upstream: AssetKey, downstream: AssetKey, unmade: PartitionsSubset, pending: PartitionsSubset
) -> PartitionsSubset:
    """Return those of the *pending* items of an asset that need any of the *unmade* ones of another."""
    upstream_def = plan.graph.get(upstream).partitions_def
    downstream_def = plan.graph.get(downstream).partitions_def
    mapping = mapping_between(plan.graph, upstream, downstream)
    if mapping is None:
        return pending
    if downstream_def is None:
        needed = mapping.get_upstream_mapped_partitions_result_for_partitions(None, None, upstream_def)
        return pending.empty_subset() if (needed.partitions_subset & unmade).is_empty else pending
    return pending & mapping.get_downstream_partitions_for_partitions(unmade, upstream_def, downstream_def)


def _patterns(
    group: RunGroup, ready: Mapping[AssetKey, PartitionsSubset]
) -> Iterator[tuple[tuple[AssetKey, ...], PartitionsSubset]]:
    """Yield sets of partitions that share no member, each with the assets of which they are to be made."""
    found: list[tuple[tuple[AssetKey, ...], PartitionsSubset]] = []
    for key, subset in ready.items():
        left, refined = subset, []
        for keys, members in found:
            both = members & left
            if both.is_empty:
                refined.append((keys, members))
                continue
            refined.append(((*keys, key), both))
            rest, left = members - both, left - both
            if not rest.is_empty:
                refined.append((keys, rest))
        if not left.is_empty:
            refined.append(((key,), left))
        found = refined
    yield from found


def _own_next(
    progress: BackfillProgress, group: RunGroup, keys: tuple[AssetKey, ...], ready: PartitionsSubset
) -> Iterator[Chunk]:
    """
    Yield the next run of assets whose partitions need earlier ones of themselves.

    One after the other; a policy of several partitions a run makes as many neighbours at once as need nothing
    outside the run that is not made.
    """
    key = keys[0]
    mapping = mapping_between(progress.plan.graph, key, key)
    unmade = progress.unmade(key)
    assert mapping is not None
    definition = group.partitions_def
    held = mapping.get_downstream_partitions_for_partitions(unmade, definition, definition)
    free = ready - held
    if group.max_partitions_per_run == 1:
        yield from (Chunk(keys, PartitionKeyRange(each, each)) for each in free)
        return
    for found in _ranges(ready, group):
        members = definition.subset_with_partition_keys(definition.get_partition_keys_in_range(found))
        needed = mapping.get_upstream_mapped_partitions_result_for_partitions(members, definition, definition)
        if ((needed.partitions_subset & unmade) - members).is_empty:
            yield Chunk(keys, found)


def _ranges(subset: PartitionsSubset, group: RunGroup) -> Iterator[PartitionKeyRange]:
    """Yield the partitions as ranges of the definition, none longer than the policy allows."""
    definition, most = group.partitions_def, group.max_partitions_per_run
    if isinstance(subset, MultiPartitionsSubset):
        yield from _ranges_of_boxes(subset, most)
        return
    for found in subset.get_partition_key_ranges(definition):
        if most is None:
            yield found
            continue
        keys = definition.get_partition_keys_in_range(found)
        for first in range(0, len(keys), most):
            yield PartitionKeyRange(keys[first], keys[min(first + most, len(keys)) - 1])


def _ranges_of_boxes(subset: MultiPartitionsSubset, most: int | None) -> Iterator[PartitionKeyRange]:
    """Yield products of ranges, one of each dimension, cut in halves until they are small enough."""
    definition = subset.partitions_def
    names = definition.partition_dimension_names
    dimensions = [each.partitions_def for each in definition.partitions_defs]
    for box in subset.boxes():
        lines = [
            [dimension.get_partition_keys_in_range(each) for each in members.get_partition_key_ranges(dimension)]
            for members, dimension in zip(box, dimensions, strict=True)
        ]
        for sides in product(*lines):
            for cut in _cut(list(sides), most):
                ends = ([side[0] for side in cut], [side[-1] for side in cut])
                yield PartitionKeyRange(*(MultiPartitionKey.of(names, end) for end in ends))


def _cut(sides: list[Sequence[str]], most: int | None) -> Iterator[list[Sequence[str]]]:
    size = 1
    for side in sides:
        size *= len(side)
    if most is None or size <= most:
        yield sides
        return
    place = next(at for at, side in enumerate(sides) if len(side) > 1)
    half = (len(sides[place]) + 1) // 2
    for part in (sides[place][:half], sides[place][half:]):
        yield from _cut([*sides[:place], part, *sides[place + 1 :]], most)


def _either(first: PartitionsSubset | None, second: PartitionsSubset | None) -> PartitionsSubset | None:
    if first is None or second is None:
        return first if second is None else second
    return first | second


def keys_of_run(run: BackfillRun, plan: BackfillPlan) -> Sequence[str]:
    """Return the partitions that a run was about; "" for assets without partitions."""
    if run.start is None or run.end is None:
        return ("",)
    if run.start == run.end:
        return (run.start,)
    definition = plan.graph.get(run.asset_keys[0]).partitions_def
    keys: Sequence[str] = definition.get_partition_keys_in_range(PartitionKeyRange(run.start, run.end))
    return keys


class _Gathered:
    """Keys by asset, gathered before sets are made of them."""

    def __init__(self) -> None:
        self._keys: dict[AssetKey, list[str]] = {}

    def add(self, asset: AssetKey, keys: Iterable[str]) -> None:
        self._keys.setdefault(asset, []).extend(keys)

    def onto(self, sets: Mapping[AssetKey, PartitionsSubset], plan: BackfillPlan) -> dict[AssetKey, PartitionsSubset]:
        joined = dict(sets)
        for asset, keys in self._keys.items():
            if keys and asset in plan.targets:
                before = joined.get(asset)
                added = (plan.targets[asset].empty_subset() if before is None else before).with_partition_keys(keys)
                joined[asset] = added
        return joined
