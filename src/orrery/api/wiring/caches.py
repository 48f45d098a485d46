"""
The caches and stores among the resources of a project.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from orrery.adapters.cache.blobs import BlobStore, Collected, Fault
from orrery.adapters.cache.cached import CachedIOManager
from orrery.adapters.cache.records import Owners, pull_records, push_records
from orrery.adapters.cache.signing import Signing, check_signature
from orrery.adapters.cache.stored import BlobIOManager
from orrery.adapters.cache.transfer import copy_each
from orrery.base.errors import DamagedValueError, UntrustedValueError

__all__ = [
    "BlobStore",
    "Collected",
    "Fault",
    "FoundStore",
    "Owners",
    "copy_each",
    "pull_records",
    "push_records",
    "refused_names",
    "stores_of",
]


class FoundStore(NamedTuple):
    """
    One store.

    Attributes:
        key: The resource.
        store: Its store: the local one of a cache.
        remote: Of a cache over a location, the store there.
        signing: Whose pickles are loaded from it.
        max_bytes: How much a cache may hold; None for any amount.
    """

    key: str
    store: BlobStore
    remote: BlobStore | None
    signing: Signing
    max_bytes: int | None = None


def stores_of(resources: Mapping[str, Any]) -> list[FoundStore]:
    """Return the stores among *resources*, by key."""
    found = []
    for key, given in sorted(resources.items()):
        value = getattr(given, "cache", None) or getattr(given, "constant", given)
        if isinstance(value, CachedIOManager):
            remote = value.remote.store if isinstance(value.remote, BlobIOManager) else None
            found.append(FoundStore(key, value.store, remote, value.signing, value.max_bytes))
        elif isinstance(value, BlobIOManager):
            found.append(FoundStore(key, value.store, None, value.signing))
    return found


def refused_names(found: FoundStore, instance: Any) -> list[str]:
    """Return the names in a store whose values *instance* would not load: pickles that it did not sign."""
    key = found.signing.key_for(instance)
    refused = []
    for name in found.store.names():
        pointer = found.store.read_pointer(name)
        if pointer is not None:
            try:
                check_signature(pointer, name, key, what=name, place=found.store.name_url(name))
            except (UntrustedValueError, DamagedValueError):
                refused.append(name)
    return refused
