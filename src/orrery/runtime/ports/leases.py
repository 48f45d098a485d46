"""
Leases and slots: what living processes have in hand.

A lease is taken, taken over and given back by its token: a change that names a token which is no longer
that of the lease changes nothing, so that of two who want it one gets it. The storage ends the leases and
claims of a run in the same transaction in which the run ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from orrery.model.automation.pools import Claim, Pool
from orrery.model.records.lease import Lease
from orrery.model.records.run import Run

__all__ = ["GrantClaims", "LeaseStorage"]

GrantClaims = Callable[[Mapping[str, int], Sequence[Claim]], Sequence[str]]


class LeaseStorage(Protocol):
    """Keeps leases, and the claims on pools."""

    def get_lease_time(self) -> float:
        """Return the instant that all who share the leases agree on, in seconds since 1970 (UTC)."""
        ...

    def put_lease(self, lease: Lease, *, instead_of: str | None = None, new_run: Run | None = None) -> bool:
        """
        Keep a lease; tell whether it was kept.

        Args:
            lease: The lease.
            instead_of: The token of the lease that it replaces; None if there must be none of this name.
            new_run: A run that is recorded with it, in one transaction: both or neither.

        Raises:
            RunAlreadyExistsError: There is a run of the id of *new_run*.
        """
        ...

    def put_new_run(self, run: Run, lease: Lease) -> None:
        """
        Record a run of which nobody knows yet, and its lease: both or neither, before all that is stored after.

        Whoever waits for what is stored (``EventLogStorage.settle``) waits for them, too, and is told if they were lost.
        """
        ...

    def get_leases(self, name: str | None = None) -> Sequence[Lease]:
        """Return the lease of this name, or all, in the order of their names."""
        ...

    def delete_lease(self, name: str, token: str) -> bool:
        """Give a lease back; tell whether it was still that of *token*."""
        ...

    def renew_leases(self, tokens: Sequence[str], expires: float) -> Sequence[str]:
        """Let leases and claims hold until *expires*; return the tokens of those that there still are."""
        ...

    def get_pools(self) -> Sequence[Pool]:
        """Return the pools whose slots are counted, in the order of their names."""
        ...

    def set_pool(self, pool: Pool) -> None:
        """Keep the number of slots of a pool."""
        ...

    def delete_pool(self, name: str) -> bool:
        """Count the slots of a pool no more; tell whether they were counted."""
        ...

    def get_claims(self) -> Sequence[Claim]:
        """Return all claims, in the order in which they were made."""
        ...

    def exchange_claims(
        self, grant: GrantClaims, *, add: Sequence[Claim] = (), remove: Sequence[str] = ()
    ) -> Sequence[Claim]:
        """
        Change the claims in one transaction, and return all of them as they then stand.

        Args:
            grant: Given the slots by pool and all claims, returns the tokens of those that are served now.
            add: New claims.
            remove: Tokens of claims that end; those that are gone already are left out.
        """
        ...
