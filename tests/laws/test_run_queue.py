"""Laws of the queue of runs, and of pools."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orrery.model.automation.pool_rules import PoolRoom, PoolRules, pool_rules
from orrery.model.automation.pools import Claim, granted, hindrances
from orrery.model.automation.queue import QueueLimits, TagLimit, queue_limits, runs_to_launch
from orrery.model.records.lease import Owner
from orrery.model.records.run import Run, RunStatus
from orrery.model.records.run_pools import RunOpConcurrency

VALUES = st.sampled_from(["a", "b", "c"])
RUNS = st.lists(
    st.builds(
        lambda priority, tags: {"dagster/priority": str(priority), **tags},
        st.integers(-2, 2),
        st.dictionaries(st.sampled_from(["team", "kind"]), VALUES),
    ),
    max_size=12,
).map(lambda all_tags: [Run(job_name="j", run_id=str(n), tags=tags) for n, tags in enumerate(all_tags)])
LIMITS = st.builds(
    lambda runs, tags: QueueLimits(runs=runs, tags=tuple(tags)),
    st.none() | st.integers(0, 6),
    st.lists(
        st.builds(
            TagLimit,
            key=st.sampled_from(["team", "kind"]),
            limit=st.integers(0, 3),
            value=st.none() | VALUES,
            is_per_value=st.booleans(),
        ),
        max_size=3,
    ),
)


def holds(runs: list[Run], limits: QueueLimits) -> bool:
    """The limits, said plainly."""
    if limits.runs is not None and len(runs) > limits.runs:
        return False
    for limit in limits.tags:
        about = [run.tags[limit.key] for run in runs if limit.key in run.tags]
        about = [value for value in about if limit.value in (None, value)]
        most = max((about.count(value) for value in about), default=0) if limit.is_per_value else len(about)
        if most > limit.limit:
            return False
    return True


@given(RUNS, st.integers(0, 12), LIMITS)
def test_no_limit_is_exceeded_and_no_room_is_left(runs: list[Run], many: int, limits: QueueLimits) -> None:
    """What goes on and what is launched keep to the limits, if what goes on did; each who stays would break one."""
    going_on, queued = runs[:many], runs[many:]
    if not holds(going_on, limits):
        return
    chosen = list(runs_to_launch(queued, going_on, limits))
    assert holds(going_on + chosen, limits)
    for run in queued:
        if run not in chosen:
            assert not holds([*going_on, *chosen, run], limits)


@given(RUNS, LIMITS)
def test_of_two_alike_the_first_goes_first(runs: list[Run], limits: QueueLimits) -> None:
    """And the higher priority before the lower."""
    chosen = runs_to_launch(runs, [], limits)
    priorities = [int(run.tags["orrery/priority"]) for run in chosen]
    assert priorities == sorted(priorities, reverse=True)
    for earlier in range(len(runs)):
        for later in range(earlier + 1, len(runs)):
            if runs[earlier].tags == runs[later].tags and runs[later] in chosen:
                assert runs[earlier] in chosen
                assert chosen.index(runs[earlier]) < chosen.index(runs[later])


def test_a_priority_that_is_no_number_is_none() -> None:
    """It neither stops the queue nor comes first."""
    odd = Run(job_name="j", run_id="odd", tags={"dagster/priority": "soon"})
    first = Run(job_name="j", run_id="first", tags={"dagster/priority": "1"})
    assert [run.run_id for run in runs_to_launch([odd, first], [], QueueLimits())] == ["first", "odd"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"max_runs": 1}, "'max_runs' is unknown"),
        ({"max_concurrent_runs": "4"}, "a number from 0"),
        ({"max_concurrent_runs": True}, "a number from 0"),
        ({"tag_concurrency_limits": "team"}, "is a list"),
        ({"tag_concurrency_limits": [{"limit": 1}]}, "has a 'key'"),
        ({"tag_concurrency_limits": [{"key": "team", "limit": -1}]}, "of the tag 'team'"),
        ({"tag_concurrency_limits": [{"key": "team", "limit": 1, "value": 3}]}, "applyLimitPerUniqueValue"),
    ],
)
def test_settings_that_nobody_understands_are_told(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        queue_limits(settings)


def test_settings_are_read() -> None:
    given_settings = {
        "max_concurrent_runs": -1,
        "tag_concurrency_limits": [
            {"key": "dagster/partition", "limit": 1, "value": {"applyLimitPerUniqueValue": True}},
            {"key": "team", "value": "a", "limit": 2},
        ],
    }
    assert queue_limits(given_settings) == QueueLimits(
        runs=None,
        tags=(TagLimit(key="orrery/partition", limit=1, is_per_value=True), TagLimit(key="team", value="a", limit=2)),
    )


# -- pools -------------------------------------------------------------------------------------

OWNER = Owner(host="here", machine="m", pid=1, started=1)
WANTS = st.dictionaries(st.sampled_from(["db", "api", "free"]), st.integers(1, 3), min_size=1)
CLAIMS = st.lists(st.tuples(WANTS, st.integers(-1, 1)), max_size=8).map(
    lambda given_claims: [
        Claim(
            token=str(n),
            run_id="r",
            step_key="s",
            wants=wants,
            priority=priority,
            owner=OWNER,
            asked=0.0,
            expires=0.0,
            number=n + 1,
        )
        for n, (wants, priority) in enumerate(given_claims)
    ]
)
SLOTS = st.dictionaries(st.sampled_from(["db", "api"]), st.integers(0, 4))


def taken(claims: list[Claim], tokens: set[str], pool: str) -> int:
    return sum(claim.wants.get(pool, 0) for claim in claims if claim.is_held or claim.token in tokens)


@given(CLAIMS, SLOTS)
def test_no_pool_gives_more_than_it_has(claims: list[Claim], slots: dict[str, int]) -> None:
    served = set(granted(slots, claims))
    for pool, many in slots.items():
        assert taken(claims, served, pool) <= many


@given(CLAIMS, SLOTS)
def test_who_is_not_served_is_told_who_stands_in_the_way(claims: list[Claim], slots: dict[str, int]) -> None:
    """And whom nobody stands in the way is served, unless the pool is too small for it."""
    served = set(granted(slots, claims))
    now = [msgspec.structs.replace(claim, is_held=claim.token in served) for claim in claims]
    for claim in now:
        assert bool(hindrances(claim.token, slots, now)) is not claim.is_held
    assert granted(slots, now) == ()


@given(CLAIMS, SLOTS)
def test_a_heavy_claim_is_not_starved(claims: list[Claim], slots: dict[str, int]) -> None:
    """Nobody who comes later takes a slot of a pool that it waits for."""
    served = set(granted(slots, claims))
    order = sorted(claims, key=lambda claim: (-claim.priority, claim.number))
    for place, claim in enumerate(order):
        if claim.token not in served:
            for later in order[place + 1 :]:
                if later.token in served:
                    assert not set(later.wants) & set(claim.wants) & set(slots)


# -- pools in the queue ------------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(st.booleans(), st.dictionaries(st.sampled_from(["db", "api", "free"]), st.integers(1, 3))), max_size=3
)
POOLED = st.lists(st.tuples(STEPS, st.integers(-1, 1)), max_size=8).map(
    lambda given_runs: [
        Run(
            job_name="j",
            run_id=str(n),
            tags={"orrery/priority": str(priority)},
            run_op_concurrency=RunOpConcurrency.of_steps(steps),
            status=RunStatus.STARTED,
        )
        for n, (steps, priority) in enumerate(given_runs)
    ]
)
OF_RUNS = PoolRules(is_of_runs=True)


def weight(run: Run, pool: str, slots: dict[str, int]) -> int:
    told = run.run_op_concurrency
    return min(told.pools.get(pool, 0), slots[pool]) if told is not None else 0


@given(POOLED, st.integers(0, 8), SLOTS)
def test_no_pool_has_more_runs_than_slots(runs: list[Run], many: int, slots: dict[str, int]) -> None:
    """Whoever goes on already; each who stays would take a slot too many, or one that another waits for."""
    going_on, queued = runs[:many], runs[many:]
    chosen = runs_to_launch(queued, going_on, QueueLimits(runs=None), PoolRoom(OF_RUNS, slots, (), going_on))
    for pool, limit in slots.items():
        before = sum(weight(run, pool, slots) for run in going_on)
        taken_now = sum(weight(run, pool, slots) for run in chosen)
        assert taken_now == 0 or before + taken_now <= limit
    waiting: set[str] = set()
    room = {pool: limit - sum(weight(run, pool, slots) for run in going_on) for pool, limit in slots.items()}
    for run in sorted(queued, key=lambda run: -int(run.tags["orrery/priority"])):
        pools = run.run_op_concurrency.all_pools if run.run_op_concurrency is not None else frozenset()
        if run in chosen:
            assert not pools & waiting & slots.keys()
            room = {pool: left - weight(run, pool, slots) for pool, left in room.items()}
        else:
            zero = any(slots.get(pool) == 0 for pool in pools)
            assert (
                zero or pools & waiting or any(room[pool] < weight(run, pool, slots) for pool in pools & slots.keys())
            )
            waiting |= pools


@given(POOLED, CLAIMS, SLOTS, st.integers(0, 2))
def test_only_a_run_that_could_not_begin_is_kept_back_by_pools_of_steps(
    runs: list[Run], claims: list[Claim], slots: dict[str, int], buffer: int
) -> None:
    """One whose first steps would all wait; a step that takes no slot lets it go."""
    room = PoolRoom(PoolRules(buffer=buffer), slots, claims)
    asked = {pool: sum(claim.wants.get(pool, 0) for claim in claims) for pool in slots}
    for run in runs:
        told = run.run_op_concurrency
        full = told is not None and [p for p in told.root_key_counts if p in slots and asked[p] >= slots[p] + buffer]
        held = bool(room.hinders(run))
        assert held is (
            told is not None
            and not told.has_unconstrained_root_nodes
            and len(full or ()) == len(told.root_key_counts) > 0
        )


def test_a_run_that_only_just_starts_counts_with_its_first_steps() -> None:
    """It has asked for nothing yet; once it has, its claims count instead."""
    told = RunOpConcurrency.of_steps([(True, {"db": 1})])
    starting = Run(job_name="j", run_id="r", status=RunStatus.STARTING, run_op_concurrency=told)
    waits = Run(job_name="j", run_id="w", run_op_concurrency=told)
    claim = Claim(token="t", run_id="r", step_key="s", wants={"db": 1}, owner=OWNER, asked=0.0, expires=0.0)
    assert PoolRoom(PoolRules(), {"db": 1}, (), [starting]).hinders(waits) == ("db",)
    assert PoolRoom(PoolRules(), {"db": 2}, [claim], [starting]).hinders(waits) == ()
    assert PoolRoom(PoolRules(buffer=1), {"db": 1}, (), [starting]).hinders(waits) == ()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"granularity": "step"}, "is 'op' or 'run', not 'step'"),
        ({"default_limit": "1"}, "'default_limit' is '1', no number"),
        ({"default_limit": True}, "no number"),
        ({"op_granularity_run_buffer": -1}, "'op_granularity_run_buffer' is -1"),
        ({"granlarity": "run"}, "'granlarity' is unknown"),
    ],
)
def test_settings_of_pools_that_nobody_understands_are_told(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        pool_rules(settings)


def test_settings_of_pools_are_read() -> None:
    assert pool_rules({"granularity": "run", "default_limit": 2}) == PoolRules(is_of_runs=True, default=2)
    assert pool_rules({"op_granularity_run_buffer": 3}) == PoolRules(buffer=3)
