"""
Who works on a backfill: one process at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from orrery.base.errors import InvariantViolationError
from orrery.runtime.instance.leases import is_gone

__all__ = ["in_hand", "is_in_hand"]


def _name(backfill_id: str) -> str:
    return f"backfill/{backfill_id}"


@contextmanager
def in_hand(backfill_id: str, instance: Any) -> Iterator[None]:
    """
    Let nobody else work on a backfill while the block runs.

    The lease of a process that is gone is taken over.

    Raises:
        InvariantViolationError: A process that lives works on it.
    """
    keeper = instance.keeper
    lease = keeper.new_lease(_name(backfill_id), "")
    if not keeper.storage.put_lease(lease):
        found = keeper.storage.get_leases(lease.name)
        is_free = not found or is_gone(found[0].owner, found[0].expires, keeper.storage.get_lease_time())
        if not is_free or not keeper.storage.put_lease(lease, instead_of=found[0].token if found else None):
            raise InvariantViolationError(
                f"Backfill {backfill_id} is worked on by {found[0].owner if found else 'another process'}.",
                mend="wait for it, or cancel it with `orrery backfills cancel`.",
            )
    keeper.hold(lease.token)
    try:
        yield
    finally:
        keeper.give_back(lease)


def is_in_hand(backfill_id: str, instance: Any) -> bool:
    """Tell whether a living process works on a backfill."""
    found = instance.leases.get_leases(_name(backfill_id))
    return bool(found) and not is_gone(found[0].owner, found[0].expires, instance.leases.get_lease_time())
