"""What a backfill makes, which assets share runs, and which runs come next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from orrery.base.errors import InvalidInvocationError, UnknownPartitionError
from orrery.base.keys import AssetKey
from orrery.model.assets.graph import AssetGraph
from orrery.model.assets.node import AssetNode
from orrery.model.automation.backfill_choice import Which, chosen_partitions, needed_of
from orrery.model.automation.backfill_outdated import AssetFacts
from orrery.model.automation.backfill_progress import WHOLE, BackfillPlan, Chunk, next_chunks, progress_of
from orrery.model.partitions import (
    BackfillPolicy,
    DailyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    MultiPartitionsDefinition,
    PartitionKeyRange,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
)
from orrery.model.partitions.spoken import partitions_named
from orrery.model.records.backfill import BackfillRun, BackfillRunState

DAYS = DailyPartitionsDefinition("2013-01-01", end_date="2013-03-01")
MONTHS = MonthlyPartitionsDefinition("2013-01-01", end_date="2013-03-01")
LETTERS = StaticPartitionsDefinition(["a", "b", "c", "d"])
GRID = MultiPartitionsDefinition({"day": DAYS, "letter": LETTERS})


def asset(name: str, *parents: str, cut: Any = None, policy: Any = None, **fields: Any) -> AssetNode:
    return AssetNode(
        key=AssetKey(name),
        parent_keys=tuple(map(AssetKey, parents)),
        partitions_def=cut,
        backfill_policy=policy,
        is_materializable=True,
        **fields,
    )


def plan_of(*nodes: AssetNode, **texts: Any) -> BackfillPlan:
    graph = AssetGraph(nodes)
    return BackfillPlan.of(graph, chosen_partitions(graph, graph.assets, **texts))


def names(keys: tuple[AssetKey, ...]) -> list[str]:
    return [key.to_user_string() for key in keys]


def ended(number: int, chunk: Chunk, state: BackfillRunState, made: Any = ()) -> BackfillRun:
    start, end = chunk.partitions or (None, None)
    return BackfillRun(
        number=number, run_id=str(number), asset_keys=chunk.asset_keys, start=start, end=end, state=state, made=made
    )


# -- partitions as people type them --------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "keys"),
    [
        (["b"], "b"),
        (["a,c"], "ac"),
        (["b...d"], "bcd"),
        (["...b"], "ab"),
        (["c..."], "cd"),
        (["*"], "abcd"),
        (["a", "c...d"], "acd"),
        ([], ""),
    ],
)
def test_keys_and_ranges_are_read(texts: list[str], keys: str) -> None:
    assert "".join(partitions_named(texts, LETTERS)) == keys


def test_a_key_that_looks_like_a_list_is_a_key() -> None:
    assert list(partitions_named(["a,b"], StaticPartitionsDefinition(["a,b", "a", "b"]))) == ["a,b"]


def test_a_dimension_is_named_and_the_others_are_whole() -> None:
    named = partitions_named(["letter=a,b"], GRID)
    assert len(named) == 2 * len(DAYS.get_partition_keys())
    assert len(partitions_named(["letter=a", "day=2013-01-01...2013-01-03"], GRID)) == 3


def test_an_unknown_key_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownPartitionError, match="2013-01-32"):
        partitions_named(["2013-01-32"], DAYS)


def test_an_unknown_dimension_is_told() -> None:
    with pytest.raises(InvalidInvocationError, match=r"'leter'.*\n.*letter"):
        partitions_named(["leter=a"], GRID)


def test_a_range_the_wrong_way_round_is_told() -> None:
    with pytest.raises(InvalidInvocationError, match="'a' comes before 'c'"):
        partitions_named(["c...a"], LETTERS)


# -- what is chosen ------------------------------------------------------------------------------


def test_assets_that_are_cut_otherwise_follow_from_the_keys() -> None:
    plan = plan_of(asset("daily", cut=DAYS), asset("monthly", "daily", cut=MONTHS), texts=["2013-01-30...2013-02-02"])
    assert list(plan.targets[AssetKey("daily")]) == ["2013-01-30", "2013-01-31", "2013-02-01", "2013-02-02"]
    assert list(plan.targets[AssetKey("monthly")]) == ["2013-01-01", "2013-02-01"]


def test_upstream_follows_too_where_the_keys_are_those_of_a_named_asset() -> None:
    graph = AssetGraph([asset("daily", cut=DAYS), asset("monthly", "daily", cut=MONTHS)])
    found = chosen_partitions(graph, graph.assets, ["2013-02-01"], of=AssetKey("monthly"))
    assert len(found[AssetKey("daily")]) == 28


def test_keys_are_those_of_the_first_asset_that_has_them() -> None:
    graph = AssetGraph([asset("letters", cut=LETTERS), asset("daily", "letters", cut=DAYS)])
    found = chosen_partitions(graph, graph.assets, ["2013-01-05"])
    assert list(found[AssetKey("daily")]) == ["2013-01-05"]
    assert list(found[AssetKey("letters")]) == ["a", "b", "c", "d"]  # it needs them all


def test_an_asset_that_the_keys_say_nothing_of_is_told() -> None:
    graph = AssetGraph([asset("letters", cut=LETTERS), asset("daily", cut=DAYS)])
    with pytest.raises(InvalidInvocationError, match="say nothing of asset 'letters'"):
        chosen_partitions(graph, graph.assets, ["2013-01-05"])


def facts(**made: Mapping[str, int]) -> dict[AssetKey, AssetFacts]:
    return {AssetKey(name): AssetFacts(found, frozenset({"c"})) for name, found in made.items()}


def test_what_is_missing_failed_and_stale() -> None:
    graph = AssetGraph([asset("up", cut=LETTERS), asset("down", "up", cut=LETTERS)])
    named = chosen_partitions(graph, graph.assets)
    known = facts(up={"a": 5, "b": 1, "c": 1}, down={"a": 4, "b": 3, "c": 4, "d": 4})

    def chosen(which: Which) -> list[str]:
        found = needed_of(graph, named, which, known)
        return ["".join(found[AssetKey(name)]) for name in ("up", "down")]

    assert chosen(Which.MISSING) == ["d", ""]
    assert chosen(Which.FAILED) == ["c", "c"]
    assert chosen(Which.STALE) == ["d", "ad"]  # "a" is older than what it needs; "d" will be
    assert chosen(Which.ALL) == ["abcd", "abcd"]


def test_an_asset_without_partitions_is_stale_as_a_whole() -> None:
    graph = AssetGraph([asset("up", cut=LETTERS), asset("whole", "up")])
    named = chosen_partitions(graph, graph.assets)
    known = facts(up={"a": 1, "b": 1, "c": 1, "d": 9}, whole={"": 5})
    assert list(needed_of(graph, named, Which.STALE, known)[AssetKey("whole")]) == [""]
    assert needed_of(graph, named, Which.MISSING, known)[AssetKey("whole")].is_empty


# -- who shares runs -----------------------------------------------------------------------------


def groups(*nodes: AssetNode) -> list[list[str]]:
    return [names(group.keys) for group in plan_of(*nodes).groups]


def test_assets_that_are_cut_alike_share_runs() -> None:
    assert groups(asset("a", cut=DAYS), asset("b", "a", cut=DAYS), asset("m", "b", cut=MONTHS)) == [["a", "b"], ["m"]]


def test_a_way_round_outside_parts_them() -> None:
    assert groups(asset("a", cut=DAYS), asset("m", "a", cut=MONTHS), asset("b", "a", "m", cut=DAYS)) == [
        ["a"],
        ["m"],
        ["b"],
    ]


def test_another_policy_parts_them() -> None:
    assert groups(asset("a", cut=DAYS), asset("b", "a", cut=DAYS, policy=BackfillPolicy.single_run())) == [["a"], ["b"]]


def test_an_offset_parts_them() -> None:
    shifted = {AssetKey("a"): TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)}
    assert groups(asset("a", cut=DAYS), asset("b", "a", cut=DAYS, mappings=shifted)) == [["a"], ["b"]]


def test_groups_that_wait_for_one_another_never_arise() -> None:
    """Two ways over two kinds of partitions: whoever would close the circle stays out."""
    found = groups(asset("a", cut=DAYS), asset("x", cut=MONTHS), asset("b", "x", cut=DAYS), asset("y", "a", cut=MONTHS))
    assert sorted(map(sorted, found)) in ([["a", "b"], ["x"], ["y"]], [["a"], ["b"], ["x", "y"]])


# -- what comes next -----------------------------------------------------------------------------


def test_a_policy_cuts_ranges() -> None:
    plan = plan_of(asset("a", cut=LETTERS, policy=BackfillPolicy.multi_run(3)))
    assert [chunk.partitions for chunk in next_chunks(progress_of(plan), limit=9)] == [("a", "c"), ("d", "d")]
    assert plan.count_of_runs(plan.groups[0]) == 2


def test_a_box_of_two_dimensions_is_one_run() -> None:
    plan = plan_of(asset("a", cut=GRID, policy=BackfillPolicy.single_run()))
    chunks = next_chunks(progress_of(plan), limit=9)
    assert [chunk.partitions for chunk in chunks] == [PartitionKeyRange("2013-01-01|a", "2013-02-28|d")]


def test_a_single_run_waits_until_all_of_it_is_ready() -> None:
    plan = plan_of(asset("a", cut=LETTERS), asset("b", "a", cut=LETTERS, policy=BackfillPolicy.single_run()))
    first = next_chunks(progress_of(plan), limit=2)
    assert [chunk.partitions for chunk in first] == [("a", "a"), ("b", "b")]
    progress = progress_of(plan, [ended(n, chunk, BackfillRunState.SUCCESS) for n, chunk in enumerate(first)])
    assert [names(chunk.asset_keys) for chunk in next_chunks(progress, limit=9)] == [["a"], ["a"]]


def test_a_single_run_takes_what_is_left_when_the_rest_failed() -> None:
    plan = plan_of(asset("a", cut=LETTERS), asset("b", "a", cut=LETTERS, policy=BackfillPolicy.single_run()))
    runs = [
        ended(n, chunk, BackfillRunState.FAILURE if n == 1 else BackfillRunState.SUCCESS)
        for n, chunk in enumerate(next_chunks(progress_of(plan), limit=9))
    ]
    progress = progress_of(plan, runs)
    assert [chunk.partitions for chunk in next_chunks(progress, limit=9)] == [("a", "a"), ("c", "d")]
    assert progress.counts() == (3, 0, 1, 1, 3)


def test_what_a_failed_run_has_made_is_made() -> None:
    plan = plan_of(asset("a", cut=LETTERS), asset("b", "a", cut=LETTERS))
    chunk = next_chunks(progress_of(plan), limit=1)[0]
    assert names(chunk.asset_keys) == ["a", "b"]
    progress = progress_of(plan, [ended(0, chunk, BackfillRunState.FAILURE, ((AssetKey("a"), ("a",)),))])
    assert list(progress.made[AssetKey("a")]) == ["a"]
    assert list(progress.failed[AssetKey("b")]) == ["a"]


def test_what_was_cut_short_is_open_again_and_only_that() -> None:
    plan = plan_of(asset("a", cut=LETTERS), asset("b", "a", cut=LETTERS))
    chunk = next_chunks(progress_of(plan), limit=1)[0]
    progress = progress_of(plan, [ended(0, chunk, BackfillRunState.GIVEN_UP, ((AssetKey("a"), ("a",)),))])
    again = next_chunks(progress, limit=9)
    assert (["b"], ("a", "a")) in [(names(each.asset_keys), each.partitions) for each in again]
    assert (["a", "b"], ("b", "b")) in [(names(each.asset_keys), each.partitions) for each in again]


def test_an_asset_that_needs_its_own_past_goes_day_by_day() -> None:
    past = {AssetKey("a"): TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)}
    plan = plan_of(asset("a", "a", cut=DAYS, mappings=past), texts=["2013-01-05...2013-01-07"])
    progress, made = progress_of(plan), []
    while chunks := next_chunks(progress, limit=9):
        assert len(chunks) == 1
        made.append(chunks[0].partitions)
        progress = progress.with_runs([ended(len(made), chunks[0], BackfillRunState.SUCCESS)])
    assert [each.start for each in made if each] == ["2013-01-05", "2013-01-06", "2013-01-07"]


def test_an_asset_that_needs_its_own_past_is_made_at_once_where_its_policy_says_so() -> None:
    past = {AssetKey("a"): TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)}
    plan = plan_of(asset("a", "a", cut=DAYS, mappings=past, policy=BackfillPolicy.single_run()))
    chunks = next_chunks(progress_of(plan), limit=9)
    assert [chunk.partitions for chunk in chunks] == [("2013-01-01", "2013-02-28")]


def test_an_asset_without_partitions_comes_when_all_is_made() -> None:
    plan = plan_of(asset("a", cut=LETTERS), asset("whole", "a"))
    assert plan.targets[AssetKey("whole")] is WHOLE
    progress = progress_of(plan)
    first = next_chunks(progress, limit=9)
    assert all(chunk.partitions is not None for chunk in first)
    progress = progress.with_runs([ended(n, chunk, BackfillRunState.SUCCESS) for n, chunk in enumerate(first)])
    assert next_chunks(progress, limit=9) == [Chunk((AssetKey("whole"),))]
