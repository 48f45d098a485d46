"""
The caches and stores among the resources of a project.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from orrery.adapters.cache.blobs import BlobStore
from orrery.adapters.cache.cached import CachedIOManager
from orrery.adapters.cache.records import pull_records, push_records
from orrery.adapters.cache.stored import BlobIOManager
from orrery.adapters.cache.transfer import Copied, copy_values

__all__ = ["Copied", "FoundStore", "copy_values", "pull_records", "push_records", "stores_of"]


class FoundStore(NamedTuple):
    """
    One store.

    Attributes:
        key: The resource.
        store: Its store: the local one of a cache.
        remote: Of a cache over a location, the store there.
    """

    key: str
    store: BlobStore
    remote: BlobStore | None


def stores_of(resources: Mapping[str, Any]) -> list[FoundStore]:
    """Return the stores among *resources*, by key."""
    found = []
    for key, given in sorted(resources.items()):
        value = getattr(given, "constant", given)
        if isinstance(value, CachedIOManager):
            remote = value.remote.store if isinstance(value.remote, BlobIOManager) else None
            found.append(FoundStore(key, value.store, remote))
        elif isinstance(value, BlobIOManager):
            found.append(FoundStore(key, value.store, None))
    return found
