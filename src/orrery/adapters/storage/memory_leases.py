"""
Leases and claims on pools, in memory.
"""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from collections.abc import Sequence

import msgspec

from orrery.base.errors import RunAlreadyExistsError
from orrery.model.automation.pools import Claim, Pool
from orrery.model.records.lease import Lease
from orrery.model.records.run import Run
from orrery.runtime.ports.leases import GrantClaims

__all__ = ["MemoryLeases"]


class MemoryLeases:
    """Keeps leases and claims of one process; the storage of records in memory derives from it."""

    def __init__(self) -> None:
        super().__init__()
        self._leases: dict[str, Lease] = {}
        self._pools: dict[str, Pool] = {}
        self._claims: dict[str, Claim] = {}
        self._claim_count = 0
        self._lease_lock = threading.RLock()

    def _end_leases_of(self, run_id: str) -> None:
        """Forget what a run had in hand."""
        with self._lease_lock:
            self._leases = {name: each for name, each in self._leases.items() if each.run_id != run_id}
            self._claims = {token: each for token, each in self._claims.items() if each.run_id != run_id}

    def _catch_up(self) -> None:
        """Learn of the runs that have ended since the last question."""

    def get_lease_time(self) -> float:
        """Return the present instant."""
        return time.time()

    @abstractmethod
    def add_run(self, run: Run) -> Run:
        """Keep a new run."""

    def put_lease(self, lease: Lease, *, instead_of: str | None = None, new_run: Run | None = None) -> bool:
        """Keep a lease, and a new run with it; tell whether it was kept."""
        self._catch_up()
        with self._lease_lock:
            found = self._leases.get(lease.name)
            if (None if found is None else found.token) != instead_of:
                return False
            self._leases[lease.name] = lease
        if new_run is not None:
            try:
                self.add_run(new_run)  # takes a lock of its own, under which leases end
            except RunAlreadyExistsError:
                self.delete_lease(lease.name, lease.token)
                raise
        return True

    def put_new_run(self, run: Run, lease: Lease) -> None:
        """Record a run of which nobody knows yet, and its lease."""
        self.put_lease(lease, new_run=run)

    def get_leases(self, name: str | None = None) -> Sequence[Lease]:
        """Return the lease of this name, or all, in the order of their names."""
        self._catch_up()
        with self._lease_lock:
            return [self._leases[each] for each in sorted(self._leases) if name in (None, each)]

    def delete_lease(self, name: str, token: str) -> bool:
        """Give a lease back; tell whether it was still that of *token*."""
        with self._lease_lock:
            found = self._leases.get(name)
            if found is None or found.token != token:
                return False
            del self._leases[name]
            return True

    def renew_leases(self, tokens: Sequence[str], expires: float) -> Sequence[str]:
        """Let leases and claims hold until *expires*; return the tokens of those that there still are."""
        self._catch_up()
        with self._lease_lock:
            left = []
            for name, lease in self._leases.items():
                if lease.token in tokens:
                    self._leases[name] = msgspec.structs.replace(lease, expires=expires)
                    left.append(lease.token)
            for token, claim in self._claims.items():
                if token in tokens:
                    self._claims[token] = msgspec.structs.replace(claim, expires=expires)
                    left.append(token)
            return left

    def get_pools(self) -> Sequence[Pool]:
        """Return the pools whose slots are counted, in the order of their names."""
        with self._lease_lock:
            return [self._pools[name] for name in sorted(self._pools)]

    def set_pool(self, pool: Pool) -> None:
        """Keep the number of slots of a pool."""
        with self._lease_lock:
            self._pools[pool.name] = pool

    def delete_pool(self, name: str) -> bool:
        """Count the slots of a pool no more; tell whether they were counted."""
        with self._lease_lock:
            return self._pools.pop(name, None) is not None

    def get_claims(self) -> Sequence[Claim]:
        """Return all claims, in the order in which they were made."""
        self._catch_up()
        with self._lease_lock:
            return list(self._claims.values())

    def exchange_claims(
        self, grant: GrantClaims, *, add: Sequence[Claim] = (), remove: Sequence[str] = ()
    ) -> Sequence[Claim]:
        """Change the claims at once, and return all of them as they then stand."""
        self._catch_up()
        with self._lease_lock:
            for token in remove:
                self._claims.pop(token, None)
            for claim in add:
                self._claim_count += 1
                self._claims[claim.token] = msgspec.structs.replace(claim, number=self._claim_count)
            slots = {pool.name: pool.slots for pool in self._pools.values()}
            for token in grant(slots, list(self._claims.values())):
                self._claims[token] = msgspec.structs.replace(self._claims[token], is_held=True)
            return list(self._claims.values())
