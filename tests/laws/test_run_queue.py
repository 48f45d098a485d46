"""Laws of the queue of runs, and of pools."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orrery.model.automation.pools import Claim, granted, hindrances
from orrery.model.automation.queue import QueueLimits, TagLimit, queue_limits, runs_to_launch
from orrery.model.records.lease import Owner
from orrery.model.records.run import Run

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
