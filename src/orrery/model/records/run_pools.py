"""
What a run takes of pools, as far as its plan says it: recorded with the run, for those who look at the queue.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

__all__ = ["RunOpConcurrency"]


class RunOpConcurrency(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What the steps of a run take of pools.

    Attributes:
        pools: Each pool that a step of the run takes slots of, with the most slots that one step takes.
        root_key_counts: The slots that the steps which wait for no other take of each pool, all together.
        has_unconstrained_root_nodes: Whether a step that waits for no other takes no slot: the run can always begin.
    """

    pools: Mapping[str, int] = {}
    root_key_counts: Mapping[str, int] = {}
    has_unconstrained_root_nodes: bool = False

    @property
    def all_pools(self) -> frozenset[str]:
        """Return the names of the pools."""
        return frozenset(self.pools)

    @staticmethod
    def of_steps(steps: Iterable[tuple[bool, Mapping[str, int]]]) -> RunOpConcurrency | None:
        """
        Return what the steps of a run take; None if they take nothing.

        Args:
            steps: Of each step, whether it waits for no other, and how many slots of each pool it takes.

        >>> RunOpConcurrency.of_steps([(True, {"db": 2}), (False, {"db": 3})]).pools
        {'db': 3}
        """
        pools: dict[str, int] = {}
        roots: dict[str, int] = {}
        is_free = False
        for is_root, wants in steps:
            is_free = is_free or (is_root and not wants)
            for pool, many in wants.items():
                pools[pool] = max(many, pools.get(pool, 0))
                if is_root:
                    roots[pool] = roots.get(pool, 0) + many
        if not pools:
            return None
        return RunOpConcurrency(pools=pools, root_key_counts=roots, has_unconstrained_root_nodes=is_free)
