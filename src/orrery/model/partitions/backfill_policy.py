"""How many runs a backfill makes."""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple

from orrery.base.errors import InvalidDefinitionError

__all__ = ["BackfillPolicy", "BackfillPolicyType"]


class BackfillPolicyType(Enum):
    """Say whether a backfill is one run or several."""

    SINGLE_RUN = "SINGLE_RUN"
    MULTI_RUN = "MULTI_RUN"


class _Policy(NamedTuple):
    max_partitions_per_run: int | None


class BackfillPolicy(_Policy):
    """
    Say how a backfill of an asset is cut into runs.

    Make it with :meth:`single_run` or :meth:`multi_run`.

    Attributes:
        max_partitions_per_run: At most so many partitions in each run; None for all in one.

    >>> BackfillPolicy.multi_run(max_partitions_per_run=10).max_partitions_per_run
    10
    """

    __slots__ = ()

    def __new__(cls, max_partitions_per_run: int | None = 1) -> BackfillPolicy:
        """Check the number."""
        given: Any = max_partitions_per_run
        if given is not None and (not isinstance(given, int) or given < 1):
            raise InvalidDefinitionError(
                f"max_partitions_per_run of a backfill policy is {max_partitions_per_run!r}, not a number from 1 up.",
                mend="write a number from 1 up, or BackfillPolicy.single_run().",
            )
        return super().__new__(cls, max_partitions_per_run)

    @staticmethod
    def single_run() -> BackfillPolicy:
        """Return the policy of one run for all partitions."""
        return BackfillPolicy(None)

    @staticmethod
    def multi_run(max_partitions_per_run: int = 1) -> BackfillPolicy:
        """
        Return the policy of several runs.

        Args:
            max_partitions_per_run: At most so many partitions in each.
        """
        return BackfillPolicy(max_partitions_per_run)

    @property
    def policy_type(self) -> BackfillPolicyType:
        """Return whether a backfill is one run or several."""
        if self.max_partitions_per_run is None:
            return BackfillPolicyType.SINGLE_RUN
        return BackfillPolicyType.MULTI_RUN

    def __str__(self) -> str:
        if self.max_partitions_per_run is None:
            return "BackfillPolicy.single_run()"
        return f"BackfillPolicy.multi_run(max_partitions_per_run={self.max_partitions_per_run})"
