"""Whatever is made of whatever, in whichever order things fail: each item at most once, and after what it needs."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from orrery.base.keys import AssetKey
from orrery.model.assets.graph import AssetGraph
from orrery.model.assets.node import AssetNode
from orrery.model.automation.backfill_groups import mapping_between
from orrery.model.automation.backfill_progress import WHOLE, BackfillPlan, Chunk, next_chunks, progress_of
from orrery.model.partitions import (
    BackfillPolicy,
    DailyPartitionsDefinition,
    MultiPartitionsDefinition,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    WeeklyPartitionsDefinition,
)
from orrery.model.records.backfill import BackfillRun, BackfillRunState

DAYS = DailyPartitionsDefinition("2024-03-04", end_date="2024-03-18")
WEEKS = WeeklyPartitionsDefinition("2024-03-03", end_date="2024-03-17")
LETTERS = StaticPartitionsDefinition(["a", "b", "c"])
GRID = MultiPartitionsDefinition({"day": DAYS, "letter": LETTERS})
CUTS = [None, DAYS, DAYS, WEEKS, LETTERS, GRID]
YESTERDAY = TimeWindowPartitionMapping(start_offset=-1, end_offset=-1, allow_nonexistent_upstream_partitions=True)

Item = tuple[AssetKey, str]


@st.composite
def plans(draw: st.DrawFn) -> BackfillPlan:
    """Draw assets that are cut in many ways, and some of the partitions of each."""
    nodes: list[AssetNode] = []
    targets: dict[AssetKey, Any] = {}
    for number in range(draw(st.integers(1, 6))):
        key = AssetKey(f"asset_{number}")
        cut: Any = draw(st.sampled_from(CUTS))
        parents = [node for node in nodes if draw(st.integers(0, 2)) == 0]
        mappings = {
            parent.key: YESTERDAY
            for parent in parents
            if cut is DAYS and parent.partitions_def is DAYS and draw(st.booleans())
        }
        keys = [parent.key for parent in parents]
        if cut is DAYS and draw(st.integers(0, 3)) == 0:
            keys.append(key)
            mappings[key] = YESTERDAY
        policy = draw(st.sampled_from([None, BackfillPolicy.single_run(), BackfillPolicy.multi_run(3)]))
        nodes.append(
            AssetNode(key=key, parent_keys=tuple(keys), mappings=mappings, partitions_def=cut, backfill_policy=policy)
        )
        if cut is None:
            targets[key] = WHOLE
        else:
            known = cut.get_partition_keys()
            chosen = draw(st.one_of(st.just(known), st.lists(st.sampled_from(known), unique=True)))
            targets[key] = cut.subset_with_partition_keys(chosen)
    return BackfillPlan.of(AssetGraph(nodes), targets)


def needs(plan: BackfillPlan, item: Item) -> set[Item]:
    """The items of the backfill that an item needs, by asking each mapping for the one key."""
    key, partition = item
    node = plan.graph.get(key)
    found: set[Item] = set()
    for parent in node.parent_keys:
        if parent not in plan.targets:
            continue
        mapping = mapping_between(plan.graph, parent, key)
        if mapping is None:
            found.add((parent, ""))
            continue
        cut = node.partitions_def
        upstream = mapping.get_upstream_mapped_partitions_result_for_partitions(
            None if cut is None else cut.subset_with_partition_keys([partition]),
            cut,
            plan.graph.get(parent).partitions_def,
        ).partitions_subset
        found |= {(parent, each) for each in upstream & plan.targets[parent]}
    return found


def items_of(plan: BackfillPlan, chunk: Chunk) -> list[Item]:
    if chunk.partitions is None:
        return [(key, "") for key in chunk.asset_keys]
    cut = plan.graph.get(chunk.asset_keys[0]).partitions_def
    return [(key, each) for key in chunk.asset_keys for each in cut.get_partition_keys_in_range(chunk.partitions)]


@settings(max_examples=150, deadline=None)
@given(plans(), st.data())
def test_each_item_is_made_once_after_all_that_it_needs(plan: BackfillPlan, data: st.DataObject) -> None:
    wanted = {(key, each) for key, subset in plan.targets.items() for each in subset}
    needed = {item: needs(plan, item) for item in wanted}
    tried: set[Item] = set()
    made: set[Item] = set()
    failed: set[Item] = set()
    progress, number = progress_of(plan), 0
    limit = data.draw(st.sampled_from([1, 3, 100]))
    while chunks := next_chunks(progress, limit=limit):
        before = set(made)
        runs = []
        for chunk in chunks:
            items = items_of(plan, chunk)
            assert wanted >= set(items)
            assert not tried & set(items)
            assert len(set(items)) == len(items)
            assert all(needed[item] <= before | set(items) for item in items)
            most = next(group for group in plan.groups if set(chunk.asset_keys) <= set(group.keys))
            if most.max_partitions_per_run is not None:
                assert len({each for _, each in items}) <= most.max_partitions_per_run
            fails = data.draw(st.integers(0, 5)) == 0
            tried |= set(items)
            (failed if fails else made).update(items)
            start, end = chunk.partitions or (None, None)
            runs.append(
                BackfillRun(
                    number=number,
                    run_id=str(number),
                    asset_keys=chunk.asset_keys,
                    start=start,
                    end=end,
                    state=BackfillRunState.FAILURE if fails else BackfillRunState.SUCCESS,
                )
            )
            number += 1
        progress = progress.with_runs(runs)
    lost = set(failed)
    while grown := {item for item in wanted - lost if needed[item] & lost}:
        lost |= grown
    assert wanted - made == lost
    assert progress.counts(is_over=True) == (len(made), 0, len(failed), len(lost - failed), 0)
