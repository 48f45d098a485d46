"""
Pools in the queue of runs: which run has to wait because of what its steps share with others.

Pure. With the granularity ``run``, a pool limits the runs that go on and have a step of it; with ``op`` it limits the
steps, and the queue only keeps back a run that could not begin: each of its first steps would wait for a slot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from orrery.model.automation.pools import Claim
from orrery.model.records.run import Run, RunStatus

__all__ = ["PoolRoom", "PoolRules", "pool_rules"]

_KNOWN = ("default_limit", "granularity", "op_granularity_run_buffer")


class PoolRules(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the settings of an instance say of pools.

    Attributes:
        is_of_runs: Whether pools limit runs, and not steps.
        default: How many slots a pool has whose number nobody set; None for as many as are wanted.
        buffer: How many slots more than there are the queue counts with, where pools limit steps.
    """

    is_of_runs: bool = False
    default: int | None = None
    buffer: int = 0


def pool_rules(settings: Mapping[str, object]) -> PoolRules:
    """
    Return what ``concurrency: {pools: ...}`` of an instance's settings says.

    Raises:
        ValueError: An entry is unknown, or of another type; says which, and what may stand there.
    """
    unknown = sorted(set(settings) - set(_KNOWN))
    if unknown:
        raise ValueError(
            f"'{unknown[0]}' is unknown there: write {', '.join(map(repr, _KNOWN[:-1]))} or {_KNOWN[-1]!r}"
        )
    granularity = settings.get("granularity", "op")
    if granularity not in ("op", "run"):
        raise ValueError(f"'granularity' is 'op' or 'run', not {granularity!r}")
    default = settings.get("default_limit")
    return PoolRules(
        is_of_runs=granularity == "run",
        default=None if default is None else _number("default_limit", default),
        buffer=_number("op_granularity_run_buffer", settings.get("op_granularity_run_buffer", 0)),
    )


def _number(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"'{name}' is {value!r}, no number from 0")
    return value


class PoolRoom:
    """
    The room that is left in pools while runs are chosen.

    Args:
        rules: What the settings say.
        slots: How many slots each counted pool has.
        claims: What steps have and wait for.
        going_on: The runs that were launched and have not ended.
    """

    def __init__(
        self, rules: PoolRules, slots: Mapping[str, int], claims: Iterable[Claim] = (), going_on: Iterable[Run] = ()
    ) -> None:
        self._rules = rules
        self._slots = slots
        self._taken: dict[str, int] = {}
        self._closed: set[str] = set()
        claims = [] if rules.is_of_runs else list(claims)
        asked = {claim.run_id for claim in claims}
        for claim in claims:
            self._take(claim.wants)
        for run in going_on:
            # A run that only just starts has asked for nothing yet: it will, for its first steps.
            if rules.is_of_runs or (run.status is RunStatus.STARTING and run.run_id not in asked):
                self.take(run)

    def take(self, run: Run) -> None:
        """Take in that *run* goes on."""
        told = run.run_op_concurrency
        if told is not None:
            self._take(self._weights(told.pools) if self._rules.is_of_runs else told.root_key_counts)

    def hinders(self, run: Run) -> tuple[str, ...]:
        """
        Return the pools that a run has to wait for; none if it may go on.

        A run that waits keeps its pools for itself: nobody who is looked at later takes what it waits for.
        """
        told = run.run_op_concurrency
        if told is None:
            return ()
        if self._rules.is_of_runs:
            found = [pool for pool, many in self._weights(told.pools).items() if not self._has_room(pool, many)]
            if found:
                self._closed.update(told.pools)
            return tuple(found)
        if told.has_unconstrained_root_nodes or any(self._has_room(pool, 1) for pool in told.root_key_counts):
            return ()
        return tuple(told.root_key_counts)

    def _has_room(self, pool: str, many: int) -> bool:
        limit = self._limit(pool)
        if limit is None:
            return True
        buffer = 0 if self._rules.is_of_runs else self._rules.buffer
        return pool not in self._closed and self._taken.get(pool, 0) + many <= limit + buffer

    def _weights(self, wants: Mapping[str, int]) -> dict[str, int]:
        """Return what a run takes: never more than there is, as it would wait for ever, and not alone."""
        found = {}
        for pool, many in wants.items():
            limit = self._limit(pool)
            found[pool] = many if not limit else min(many, limit)
        return found

    def _limit(self, pool: str) -> int | None:
        return self._slots.get(pool, self._rules.default)

    def _take(self, wants: Mapping[str, int]) -> None:
        for pool, many in wants.items():
            self._taken[pool] = self._taken.get(pool, 0) + many
