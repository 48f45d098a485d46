"""Partitions whose keys are written down."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from orrery.base.errors import InvalidDefinitionError, StorageError
from orrery.model.partitions.definition import PartitionsDefinition, digest_of, invalid_range
from orrery.model.partitions.index_set import IndexSet
from orrery.model.partitions.keys import PartitionKeyRange, PartitionKeys, check_partition_keys
from orrery.model.partitions.loading import DynamicPartitionsStore
from orrery.model.partitions.subset import (
    DefaultPartitionsSubset,
    IndexedPartitionsSubset,
    PartitionsSubset,
    read_serialized,
)

__all__ = ["StaticPartitionsDefinition", "StaticPartitionsSubset"]

_FEW_KEYS = 64


class StaticPartitionsSubset(IndexedPartitionsSubset):
    """Hold some of the partitions of a :class:`StaticPartitionsDefinition`."""

    __slots__ = ()


class StaticPartitionsDefinition(PartitionsDefinition[str]):
    """
    Cut data into partitions whose keys are written down, in this order.

    Args:
        partition_keys: The keys: text, each once.

    Raises:
        InvalidDefinitionError: A key is not text, cannot be stored, or stands twice; the message names it.

    >>> oceans = StaticPartitionsDefinition(["arctic", "atlantic", "indian", "pacific", "southern"])
    >>> oceans.get_partition_keys_in_range(PartitionKeyRange("atlantic", "pacific"))
    ['atlantic', 'indian', 'pacific']
    """

    __slots__ = ("_digest", "_hash", "_indexes", "_keys")

    _keys: PartitionKeys
    _indexes: dict[str, int]
    _digest: str | None
    _hash: int | None

    def __init__(self, partition_keys: Sequence[str]) -> None:
        given: Any = partition_keys
        if isinstance(given, str) or not isinstance(given, Iterable):
            raise InvalidDefinitionError(
                f"The keys of static partitions are {partition_keys!r}, not a sequence of text.",
                mend=f"write [{given!r}]." if isinstance(given, str) else "write a list of keys.",
            )
        keys = PartitionKeys(partition_keys)
        check_partition_keys(keys, where="static partitions")
        self._keys = keys
        self._indexes = dict(zip(keys, range(len(keys)), strict=True))
        self._digest = None
        self._hash = None
        if len(self._indexes) != len(keys):
            seen: set[str] = set()
            twice = list(dict.fromkeys(key for key in keys if key in seen or seen.add(key)))  # type: ignore[func-returns-value]  # add returns None, which reads as "not seen"
            raise InvalidDefinitionError(
                f"Partition keys must be unique. Duplicate instances of partition keys: {twice}.",
                mend="write each key once.",
            )

    @property
    def partitions_subset_class(self) -> type[PartitionsSubset]:
        """Return the kind of set that holds partitions of this definition."""
        return StaticPartitionsSubset

    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> Sequence[str]:
        """
        Return the keys in the order in which they were written; the arguments are not looked at.

        Args:
            current_time: Not looked at.
            dynamic_partitions_store: Not looked at.
        """
        return self._keys

    def get_num_partitions(self) -> int:
        """Return how many partitions there are."""
        return len(self._keys)

    def has_partition_key(self, partition_key: str) -> bool:
        """Tell whether the key exists."""
        return partition_key in self._indexes

    def filter_valid_partition_keys(self, partition_keys: set[str]) -> AbstractSet[str]:
        """Return those of *partition_keys* that exist."""
        return partition_keys & self._indexes.keys()

    def get_partition_keys_in_range(self, partition_key_range: PartitionKeyRange) -> Sequence[str]:
        """
        Return the keys from the start of the range to its end, both included.

        Raises:
            InvalidInvocationError: An end of the range does not exist; the message names it.
        """
        start, stop = self.range_indexes(partition_key_range)
        return list(self._keys[start:stop])

    def subset_with_all_partitions(self) -> PartitionsSubset:
        """Return the set of all partitions."""
        return StaticPartitionsSubset(self, IndexSet.of_range(0, len(self._keys)))

    def deserialize_subset(self, serialized: str) -> PartitionsSubset:
        """
        Return the set that ``serialize`` of a set of this definition wrote.

        Keys may have been added at the end since.

        Raises:
            StorageError: The text is damaged, or was written for other keys.
        """
        data = read_serialized(serialized)
        if "subset" in data:
            return self.subset_with_partition_keys(data["subset"])
        if not self._wrote(data):
            raise StorageError(
                "This serialized set belongs to static partitions with other keys.",
                mend="read it with the definition that wrote it, or choose the partitions anew.",
            )
        return StaticPartitionsSubset(
            self, IndexSet.of_bytes(data["first"], zlib.decompress(base64.b85decode(data["bits"])))
        )

    def can_deserialize_subset(
        self,
        serialized: str,
        serialized_partitions_def_unique_id: str | None,
        serialized_partitions_def_class_name: str | None,
    ) -> bool:
        """Tell whether *serialized* was written by a set of this definition, or of one that it continues."""
        try:
            data = read_serialized(serialized)
        except StorageError:
            return False
        return "subset" in data or self._wrote(data)

    def _wrote(self, data: dict[str, Any]) -> bool:
        count = data.get("of", -1)
        if not 0 <= count <= len(self._keys):
            return False
        digest = (
            self.get_serializable_unique_identifier() if count == len(self._keys) else digest_of(self._keys[:count])
        )
        return bool(data.get("keys") == digest)

    def get_serializable_unique_identifier(self, dynamic_partitions_store: DynamicPartitionsStore | None = None) -> str:
        """Return a digest of the keys in their order."""
        if self._digest is None:
            self._digest = digest_of(self._keys)
        return self._digest

    def index_of(self, partition_key: str) -> int | None:
        """Return the place of the key, counted from zero, or None if it does not exist."""
        return self._indexes.get(partition_key)

    def indexes_of(self, partition_keys: Iterable[str]) -> tuple[IndexSet, tuple[str, ...]]:
        """Return the places of the keys, and the keys that do not exist."""
        if partition_keys is self._keys:
            return IndexSet.of_range(0, len(self._keys)), ()
        keys = partition_keys if isinstance(partition_keys, list | tuple | set | frozenset) else list(partition_keys)
        found = list(map(self._indexes.get, keys))
        if None not in found:
            return IndexSet.of(found), ()  # type: ignore[arg-type]  # the line above: there is no None in it
        unknown = tuple(key for key, index in zip(keys, found, strict=True) if index is None)
        return IndexSet.of([index for index in found if index is not None]), unknown

    def key_at(self, index: int) -> str:
        """Return the key at this place."""
        return self._keys[index]

    def keys_at(self, start: int, stop: int) -> Sequence[str]:
        """Return the keys at the places from *start* to before *stop*."""
        return self._keys[start:stop]

    def existing_indexes(self) -> range:
        """Return the places of all keys."""
        return range(len(self._keys))

    def range_indexes(self, partition_key_range: PartitionKeyRange) -> tuple[int, int]:
        """Return the places of a range of keys, half-open."""
        start, end = (self._indexes.get(key) for key in partition_key_range)
        if start is None or end is None:
            missing = [key for key in dict.fromkeys(partition_key_range) if key not in self._indexes]
            raise invalid_range(partition_key_range, missing, self._keys_to_suggest())
        return start, end + 1

    def serialize_indexes(self, indexes: IndexSet) -> str:
        """Return the set as text: few as keys, many as bits with a digest of the keys that they stand for."""
        if len(indexes) <= _FEW_KEYS:
            return DefaultPartitionsSubset(self._keys[index] for index in indexes).serialize()
        return json.dumps(
            {
                "version": 2,
                "first": indexes.base,
                "bits": base64.b85encode(zlib.compress(indexes.to_bytes())).decode(),
                "of": len(self._keys),
                "keys": self.get_serializable_unique_identifier(),
            }
        )

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if isinstance(other, StaticPartitionsDefinition):
            return self._keys == other._keys
        return NotImplemented

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(tuple(self._keys))
        return self._hash

    def __repr__(self) -> str:
        return f"StaticPartitionsDefinition(partition_keys={list(self._keys)!r})"

    def __reduce__(self) -> tuple[type[StaticPartitionsDefinition], tuple[list[str]]]:
        return StaticPartitionsDefinition, (list(self._keys),)
