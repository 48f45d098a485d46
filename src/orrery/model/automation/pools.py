"""
Pools: how many steps that share something scarce may run at once.

Pure. A :class:`Claim` is what one step wants - slots of one pool or of several, all or none - and who waits or
works with it; :func:`granted` decides which of the waiting claims are served. A claim belongs to a
living process, so a slot is nobody's as soon as its process is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from orrery.model.records.lease import Owner

__all__ = ["Claim", "Pool", "granted", "hindrances"]


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """
    A pool whose slots were counted.

    Attributes:
        name: Its name.
        slots: How many there are; zero holds everything back.
    """

    name: str
    slots: int


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """
    What one step wants of pools, or has.

    Attributes:
        token: Names the claim.
        run_id: The run.
        step_key: The step.
        wants: How many slots of each pool.
        priority: Higher ones are served first.
        owner: The process for which the slots are.
        asked: When it was asked for, in seconds since 1970 (UTC).
        expires: Until when it holds, where the process cannot be looked up.
        is_held: Whether it was served.
        number: Its place among all claims; zero until it is stored.
    """

    token: str
    run_id: str
    step_key: str
    wants: Mapping[str, int]
    priority: int = 0
    owner: Owner
    asked: float
    expires: float
    is_held: bool = False
    number: int = 0


def _in_order(claims: Iterable[Claim]) -> list[Claim]:
    return sorted((claim for claim in claims if not claim.is_held), key=lambda claim: (-claim.priority, claim.number))


def granted(slots: Mapping[str, int], claims: Sequence[Claim]) -> tuple[str, ...]:
    """
    Return the tokens of the waiting claims that are served now.

    The higher priority first, then who asked first. A claim that does not fit holds its pools for itself: nobody who
    comes later takes a slot of them, so that what is heavy is not starved by what is light.

    Args:
        slots: How many slots each counted pool has; other pools have no end.
        claims: All claims, held and waiting.

    >>> owner = Owner(host="a", machine="m", pid=1, started=1)
    >>> claims = [
    ...     Claim(token=str(n), run_id="r", step_key="s", wants={"db": n}, owner=owner, asked=0.0, expires=0.0, number=n)
    ...     for n in (1, 2, 3)
    ... ]
    >>> granted({"db": 3}, claims)
    ('1', '2')
    """
    left = _left(slots, claims)
    served = []
    for claim in _in_order(claims):
        if all(left.get(pool, many) >= many for pool, many in claim.wants.items()):
            served.append(claim.token)
            for pool, many in claim.wants.items():
                if pool in left:
                    left[pool] -= many
        else:
            for pool in claim.wants:
                if pool in left:
                    left[pool] = 0
    return tuple(served)


def _left(slots: Mapping[str, int], claims: Iterable[Claim]) -> dict[str, int]:
    left = dict(slots)
    for claim in claims:
        if claim.is_held:
            for pool, many in claim.wants.items():
                if pool in left:
                    left[pool] -= many
    return left


def hindrances(token: str, slots: Mapping[str, int], claims: Sequence[Claim]) -> Mapping[str, Sequence[Claim]]:
    """
    Return for each pool that a waiting claim waits for who stands in its way: the holders, then who comes first.

    Args:
        token: The claim.
        slots: How many slots each counted pool has.
        claims: All claims.
    """
    mine = next((claim for claim in claims if claim.token == token), None)
    if mine is None or mine.is_held:
        return {}
    left = _left(slots, claims)
    order = _in_order(claims)
    before = order[: order.index(mine)]
    found: dict[str, Sequence[Claim]] = {}
    for pool, many in mine.wants.items():
        ahead = [claim for claim in before if pool in claim.wants]
        if pool in left and (left[pool] < many or ahead):
            found[pool] = [*(claim for claim in claims if claim.is_held and pool in claim.wants), *ahead]
    return found
