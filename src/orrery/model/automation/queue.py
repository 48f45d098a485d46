"""
The queue of runs: which of them may be launched now.

Pure: the runs that wait, the runs that go on, and the limits in; the runs to launch out, in order. Higher priorities
go first, then who came first. A run that a limit of a tag, or a pool, holds back lets those behind it pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from orrery.base.tags import PRIORITY_TAG, canonical_tag
from orrery.model.automation.pool_rules import PoolRoom, PoolRules
from orrery.model.records.run import Run

__all__ = ["QueueLimits", "TagLimit", "in_order_of_queue", "priority_of", "queue_limits", "runs_to_launch"]

DEFAULT_RUNS = 10


class TagLimit(msgspec.Struct, frozen=True, kw_only=True):
    """
    How many runs with one tag may go on at once.

    Attributes:
        key: The tag.
        limit: How many.
        value: Only runs with this value; None for any.
        is_per_value: Count each value of the tag by itself.
    """

    key: str
    limit: int
    value: str | None = None
    is_per_value: bool = False


class QueueLimits(msgspec.Struct, frozen=True, kw_only=True):
    """
    The limits of a queue.

    Attributes:
        runs: How many runs may go on at once; None for as many as there are.
        tags: Limits of tags.
        pools: What pools limit.
    """

    runs: int | None = DEFAULT_RUNS
    tags: tuple[TagLimit, ...] = ()
    pools: PoolRules = PoolRules()


def queue_limits(settings: Mapping[str, object]) -> QueueLimits:
    """
    Return the limits that ``concurrency: {runs: ...}`` of an instance's settings gives.

    Args:
        settings: ``max_concurrent_runs`` (-1 for no limit) and ``tag_concurrency_limits``.

    Raises:
        ValueError: An entry is unknown, or of another type; says which, and what may stand there.
    """
    unknown = sorted(set(settings) - {"max_concurrent_runs", "tag_concurrency_limits"})
    if unknown:
        raise ValueError(f"'{unknown[0]}' is unknown there: write 'max_concurrent_runs' or 'tag_concurrency_limits'")
    runs = settings.get("max_concurrent_runs", DEFAULT_RUNS)
    if isinstance(runs, bool) or not isinstance(runs, int) or runs < -1:
        raise ValueError(f"'max_concurrent_runs' is a number from 0, or -1 for no limit, not {runs!r}")
    limits = settings.get("tag_concurrency_limits") or ()
    if not isinstance(limits, Sequence) or isinstance(limits, str):
        raise ValueError(f"'tag_concurrency_limits' is a list, not {limits!r}")
    return QueueLimits(runs=None if runs == -1 else runs, tags=tuple(_tag_limit(each) for each in limits))


def _tag_limit(given: object) -> TagLimit:
    if not isinstance(given, Mapping) or not isinstance(given.get("key"), str):
        raise ValueError(f"an entry of 'tag_concurrency_limits' has a 'key' and a 'limit'; this has not: {given!r}")
    limit, value = given.get("limit"), given.get("value")
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
        raise ValueError(f"the 'limit' of the tag '{given['key']}' is a number from 0, not {limit!r}")
    per_value = isinstance(value, Mapping) and bool(value.get("applyLimitPerUniqueValue"))
    if value is not None and not isinstance(value, str) and not per_value:
        raise ValueError(
            f"the 'value' of the tag '{given['key']}' is text or {{applyLimitPerUniqueValue: true}}, not {value!r}"
        )
    return TagLimit(
        key=canonical_tag(given["key"]),
        limit=limit,
        value=value if isinstance(value, str) else None,
        is_per_value=per_value,
    )


def priority_of(run: Run) -> int:
    """Return the priority of a run: that of its tag, or 0 where there is none or no number."""
    text = run.tags.get(PRIORITY_TAG, "0").strip()
    return int(text) if text.lstrip("+-").isdigit() else 0


def in_order_of_queue(queued: Iterable[Run]) -> list[Run]:
    """Return the runs that wait, oldest first, in the order in which they are looked at."""
    return sorted(queued, key=lambda run: -priority_of(run))


def runs_to_launch(
    queued: Sequence[Run], going_on: Iterable[Run], limits: QueueLimits, pools: PoolRoom | None = None
) -> tuple[Run, ...]:
    """
    Return the runs to launch now, in order.

    Args:
        queued: The runs that wait, oldest first.
        going_on: The runs that were launched and have not ended.
        limits: The limits.
        pools: The room that is left in pools; None where none is counted.

    >>> waiting = [Run(job_name="j", run_id=each) for each in "abc"]
    >>> [run.run_id for run in runs_to_launch(waiting, [], QueueLimits(runs=2))]
    ['a', 'b']
    """
    counts: dict[tuple[TagLimit, str | None], int] = {}
    many = 0
    for run in going_on:
        many += 1
        for place in _places(run, limits):
            counts[place] = counts.get(place, 0) + 1
    chosen = []
    for run in in_order_of_queue(queued):
        if limits.runs is not None and many >= limits.runs:
            break
        places = _places(run, limits)
        if any(counts.get(place, 0) >= place[0].limit for place in places):
            continue
        if pools is not None:
            if pools.hinders(run):
                continue
            pools.take(run)
        many += 1
        for place in places:
            counts[place] = counts.get(place, 0) + 1
        chosen.append(run)
    return tuple(chosen)


def _places(run: Run, limits: QueueLimits) -> list[tuple[TagLimit, str | None]]:
    """Return what a run counts for: each limit that is about it, with the value where values are counted apart."""
    places = [
        (limit, run.tags[limit.key] if limit.is_per_value else None)
        for limit in limits.tags
        if limit.key in run.tags and limit.value in (None, run.tags[limit.key])
    ]
    return list(dict.fromkeys(places))  # a limit that is given twice counts once
