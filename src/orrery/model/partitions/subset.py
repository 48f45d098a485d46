"""
Sets of partitions.

Three kinds for three kinds of definitions: :class:`IndexedPartitionsSubset` holds bits for
partitions that can be numbered (time, static), :class:`DefaultPartitionsSubset` holds the keys
themselves (dynamic, user-defined), and ``multi.MultiPartitionsSubset`` holds products of the two.
All are immutable values: equal if they hold the same partitions.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol

from orrery.base.errors import StorageError
from orrery.model.partitions.index_set import EMPTY, IndexSet
from orrery.model.partitions.keys import PartitionKeyRange
from orrery.model.partitions.loading import DynamicPartitionsStore

__all__ = [
    "DefaultPartitionsSubset",
    "IndexedPartitions",
    "IndexedPartitionsSubset",
    "Partitioned",
    "PartitionsSubset",
    "ranges_of_keys",
    "read_serialized",
]


class Partitioned(Protocol):
    """Say what a set must know of the definition that it belongs to."""

    def get_partition_keys(
        self, current_time: Any = None, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> Sequence[str]:
        """Return all keys, in order."""
        ...

    def get_partition_keys_in_range(self, partition_key_range: PartitionKeyRange) -> Sequence[str]:
        """Return the keys from the start of the range to its end."""
        ...

    def has_partition_key(self, partition_key: str) -> bool:
        """Tell whether the key exists."""
        ...

    def get_serializable_unique_identifier(self, dynamic_partitions_store: DynamicPartitionsStore | None = None) -> str:
        """Return a digest of the definition."""
        ...


class IndexedPartitions(Partitioned, Protocol):
    """Say what a set of numbers must know of the definition that gives the numbers."""

    def index_of(self, partition_key: str) -> int | None:
        """Return the number of the key, or None if no partition has it."""
        ...

    def indexes_of(self, partition_keys: Iterable[str]) -> tuple[IndexSet, tuple[str, ...]]:
        """Return the numbers of the keys, and the keys that have none."""
        ...

    def keys_at(self, start: int, stop: int) -> Sequence[str]:
        """Return the keys with the numbers from *start* to before *stop*."""
        ...

    def existing_indexes(self) -> range:
        """Return the numbers of the partitions that exist now."""
        ...

    def serialize_indexes(self, indexes: IndexSet) -> str:
        """Return the set as text that stays true when the definition grows."""
        ...


def read_serialized(serialized: str) -> dict[str, Any]:
    """
    Return the object that a serialized set holds.

    Raises:
        StorageError: *serialized* is no such text, or of a version that this release does not know.
    """
    try:
        data = json.loads(serialized)
    except ValueError:
        data = None
    if not isinstance(data, dict) or "version" not in data:
        raise StorageError(
            f"This is no serialized set of partitions: {serialized[:200]!r}.",
            mend="pass what `serialize()` of a set returned.",
        )
    if data["version"] not in (1, 2):
        raise StorageError(
            f"This serialized set of partitions is of version {data['version']!r}; versions 1 and 2 are known.",
            mend="read it with the release that wrote it, or a newer one.",
        )
    return data


class PartitionsSubset(ABC):
    """
    Hold some partitions of a definition.

    ``|``, ``&`` and ``-`` give union, intersection and difference; ``in``, ``len`` and iteration
    (in the order of the definition, where it has one) speak of keys.
    """

    __slots__ = ()

    SERIALIZATION_VERSION = 1

    @classmethod
    @abstractmethod
    def create_empty_subset(cls, partitions_def: Any = None) -> PartitionsSubset:
        """Return the set of *partitions_def* that holds nothing."""

    @classmethod
    @abstractmethod
    def can_deserialize(
        cls,
        partitions_def: Any,
        serialized: str,
        serialized_partitions_def_unique_id: str | None,
        serialized_partitions_def_class_name: str | None,
    ) -> bool:
        """Tell whether *serialized* is a set of *partitions_def*."""

    @classmethod
    @abstractmethod
    def from_serialized(cls, partitions_def: Any, serialized: str) -> PartitionsSubset:
        """Return the set that ``serialize`` wrote."""

    @abstractmethod
    def serialize(self) -> str:
        """Return the set as text (JSON, with its version)."""

    @abstractmethod
    def get_partition_keys(self) -> Iterable[str]:
        """Return the keys of the partitions in the set."""

    @abstractmethod
    def with_partition_keys(self, partition_keys: Iterable[str]) -> PartitionsSubset:
        """Return the set with these partitions added."""

    @abstractmethod
    def empty_subset(self) -> PartitionsSubset:
        """Return the set of the same definition that holds nothing."""

    @abstractmethod
    def _joined(self, other: Any) -> PartitionsSubset | None:
        """Return the union with a set of the same kind and definition; None if *other* is of another."""

    @abstractmethod
    def _shared(self, other: Any) -> PartitionsSubset | None:
        """Return the intersection with a set of the same kind and definition, else None."""

    @abstractmethod
    def _without(self, other: Any) -> PartitionsSubset | None:
        """Return the difference from a set of the same kind and definition, else None."""

    @abstractmethod
    def __contains__(self, partition_key: object) -> bool: ...

    @abstractmethod
    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[str]:
        return iter(self.get_partition_keys())

    def __or__(self, other: PartitionsSubset) -> PartitionsSubset:
        joined = self._joined(other)
        return _as_keys(self)._joined(_as_keys(other)) if joined is None else joined

    def __and__(self, other: PartitionsSubset) -> PartitionsSubset:
        shared = self._shared(other)
        return _as_keys(self)._shared(_as_keys(other)) if shared is None else shared

    def __sub__(self, other: PartitionsSubset) -> PartitionsSubset:
        left = self._without(other)
        return _as_keys(self)._without(_as_keys(other)) if left is None else left

    @property
    def is_empty(self) -> bool:
        """Tell whether the set holds nothing."""
        return len(self) == 0

    def with_partition_key_range(
        self, partitions_def: Partitioned, partition_key_range: PartitionKeyRange
    ) -> PartitionsSubset:
        """Return the set with the partitions of the range added."""
        return self.with_partition_keys(partitions_def.get_partition_keys_in_range(partition_key_range))

    def get_partition_keys_not_in_subset(self, partitions_def: Partitioned) -> Iterable[str]:
        """Return the keys of *partitions_def* that are not in the set, in order."""
        return [key for key in partitions_def.get_partition_keys() if key not in self]

    def get_partition_key_ranges(
        self,
        partitions_def: Partitioned,
        current_time: Any = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
        respect_bounds: bool = True,
    ) -> Sequence[PartitionKeyRange]:
        """
        Return the longest ranges of neighbours, in the order of *partitions_def*.

        Args:
            partitions_def: The definition that says who is whose neighbour.
            current_time: The present, for partitions in time.
            dynamic_partitions_store: The store of dynamic keys.
            respect_bounds: Leave out what does not exist in *partitions_def* (only partitions in time can tell
                where others would stand).
        """
        return ranges_of_keys(self, partitions_def.get_partition_keys(current_time, dynamic_partitions_store))

    def to_serializable_subset(self) -> PartitionsSubset:
        """Return a set that needs nothing but itself to be stored: this one."""
        return self


def ranges_of_keys(members: Any, keys: Iterable[str]) -> list[PartitionKeyRange]:
    """Return the longest ranges of neighbours among *keys* that are in *members*."""
    ranges: list[PartitionKeyRange] = []
    first: str | None = None
    last = ""
    for key in keys:
        if key in members:
            first, last = key if first is None else first, key
        elif first is not None:
            ranges.append(PartitionKeyRange(first, last))
            first = None
    if first is not None:
        ranges.append(PartitionKeyRange(first, last))
    return ranges


class DefaultPartitionsSubset(PartitionsSubset):
    """
    Hold partitions by their keys, which need not exist (any more).

    Args:
        subset: The keys.

    >>> sorted(DefaultPartitionsSubset({"b"}) | DefaultPartitionsSubset({"a"}))
    ['a', 'b']
    """

    __slots__ = ("subset",)

    subset: frozenset[str]

    def __init__(self, subset: Iterable[str] = ()) -> None:
        self.subset = frozenset(subset)

    @classmethod
    def create_empty_subset(cls, partitions_def: Any = None) -> DefaultPartitionsSubset:
        """Return the set that holds nothing."""
        return cls()

    @classmethod
    def from_serialized(cls, partitions_def: Any, serialized: str) -> PartitionsSubset:
        """Return the set that ``serialize`` wrote."""
        data = read_serialized(serialized)
        if "subset" not in data:
            raise StorageError(
                f"This serialized set of partitions holds no keys: {serialized[:200]!r}.",
                mend="read it with the definition whose set wrote it.",
            )
        return cls(data["subset"])

    @classmethod
    def can_deserialize(
        cls,
        partitions_def: Any,
        serialized: str,
        serialized_partitions_def_unique_id: str | None,
        serialized_partitions_def_class_name: str | None,
    ) -> bool:
        """Tell whether *serialized* is a set of keys."""
        try:
            return "subset" in read_serialized(serialized)
        except StorageError:
            return False

    def serialize(self) -> str:
        """Return the keys as JSON, sorted."""
        return json.dumps({"version": 1, "subset": sorted(self.subset)})

    def get_partition_keys(self) -> Iterable[str]:
        """Return the keys, sorted as text."""
        return sorted(self.subset)

    def with_partition_keys(self, partition_keys: Iterable[str]) -> DefaultPartitionsSubset:
        """Return the set with these keys added."""
        return DefaultPartitionsSubset(self.subset.union(partition_keys))

    def empty_subset(self) -> DefaultPartitionsSubset:
        """Return the set that holds nothing."""
        return DefaultPartitionsSubset()

    def _joined(self, other: Any) -> Any:
        return DefaultPartitionsSubset(self.subset | other.subset) if type(other) is DefaultPartitionsSubset else None

    def _shared(self, other: Any) -> Any:
        return DefaultPartitionsSubset(self.subset & other.subset) if type(other) is DefaultPartitionsSubset else None

    def _without(self, other: Any) -> Any:
        return DefaultPartitionsSubset(self.subset - other.subset) if type(other) is DefaultPartitionsSubset else None

    def __contains__(self, partition_key: object) -> bool:
        return partition_key in self.subset

    def __len__(self) -> int:
        return len(self.subset)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DefaultPartitionsSubset):
            return self.subset == other.subset
        if isinstance(other, PartitionsSubset):
            return len(self.subset) == len(other) and all(key in other for key in self.subset)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.subset)

    def __repr__(self) -> str:
        return f"DefaultPartitionsSubset(subset={{{', '.join(map(repr, sorted(self.subset)))}}})"


def _as_keys(subset: PartitionsSubset) -> Any:
    if type(subset) is DefaultPartitionsSubset:
        return subset
    return DefaultPartitionsSubset(subset.get_partition_keys())


class IndexedPartitionsSubset(PartitionsSubset):
    """
    Hold partitions by their numbers in a definition, as bits.

    Args:
        partitions_def: The definition that gives the numbers.
        indexes: The numbers of the partitions in the set.
    """

    __slots__ = ("indexes", "partitions_def")

    indexes: IndexSet
    partitions_def: Any

    def __init__(self, partitions_def: Any, indexes: IndexSet = EMPTY) -> None:
        self.partitions_def = partitions_def
        self.indexes = indexes

    @classmethod
    def create_empty_subset(cls, partitions_def: Any = None) -> PartitionsSubset:
        """Return the set of *partitions_def* that holds nothing."""
        return cls(partitions_def)

    @classmethod
    def from_serialized(cls, partitions_def: Any, serialized: str) -> PartitionsSubset:
        """Return the set that ``serialize`` wrote."""
        deserialized: PartitionsSubset = partitions_def.deserialize_subset(serialized)
        return deserialized

    @classmethod
    def can_deserialize(
        cls,
        partitions_def: Any,
        serialized: str,
        serialized_partitions_def_unique_id: str | None,
        serialized_partitions_def_class_name: str | None,
    ) -> bool:
        """Tell whether *serialized* is a set of *partitions_def*."""
        return bool(
            partitions_def.can_deserialize_subset(
                serialized, serialized_partitions_def_unique_id, serialized_partitions_def_class_name
            )
        )

    def _with(self, indexes: IndexSet) -> IndexedPartitionsSubset:
        return self if indexes is self.indexes else type(self)(self.partitions_def, indexes)

    def serialize(self) -> str:
        """Return the set as text, as compact as it goes."""
        serialized: str = self.partitions_def.serialize_indexes(self.indexes)
        return serialized

    def get_partition_keys(self) -> Iterable[str]:
        """Return the keys, in order."""
        keys: list[str] = []
        for start, stop in self.indexes.runs():
            keys.extend(self.partitions_def.keys_at(start, stop))
        return keys

    def __iter__(self) -> Iterator[str]:
        for start, stop in self.indexes.runs():
            for chunk in range(start, stop, 1_000):
                yield from self.partitions_def.keys_at(chunk, min(chunk + 1_000, stop))

    def with_partition_keys(self, partition_keys: Iterable[str]) -> PartitionsSubset:
        """Return the set with these partitions added; keys that do not exist are kept as keys."""
        added, unknown = self.partitions_def.indexes_of(partition_keys)
        known = self._with(self.indexes | added)
        return known | DefaultPartitionsSubset(unknown) if unknown else known

    def with_partition_key_range(self, partitions_def: Any, partition_key_range: PartitionKeyRange) -> PartitionsSubset:
        """Return the set with the partitions of the range added."""
        if partitions_def != self.partitions_def:
            return super().with_partition_key_range(partitions_def, partition_key_range)
        return self._with(self.indexes | IndexSet.of_range(*partitions_def.range_indexes(partition_key_range)))

    def get_partition_keys_not_in_subset(self, partitions_def: Any) -> Iterable[str]:
        """Return the keys of *partitions_def* that are not in the set, in order."""
        if partitions_def != self.partitions_def:
            return super().get_partition_keys_not_in_subset(partitions_def)
        existing = partitions_def.existing_indexes()
        others = IndexSet.of_range(existing.start, existing.stop) - self.indexes
        return self._with(others).get_partition_keys()

    def get_partition_key_ranges(
        self,
        partitions_def: Any,
        current_time: Any = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
        respect_bounds: bool = True,
    ) -> Sequence[PartitionKeyRange]:
        """Return the longest ranges of neighbours, in order."""
        if partitions_def != self.partitions_def:
            return super().get_partition_key_ranges(partitions_def, current_time, dynamic_partitions_store)
        key_at = partitions_def.key_at
        return [PartitionKeyRange(key_at(start), key_at(stop - 1)) for start, stop in self.indexes.runs()]

    def empty_subset(self) -> PartitionsSubset:
        """Return the set of the same definition that holds nothing."""
        return self._with(EMPTY)

    def _alike(self, other: Any) -> bool:
        return type(other) is type(self) and (
            other.partitions_def is self.partitions_def or other.partitions_def == self.partitions_def
        )

    def _joined(self, other: Any) -> PartitionsSubset | None:
        return self._with(self.indexes | other.indexes) if self._alike(other) else None

    def _shared(self, other: Any) -> PartitionsSubset | None:
        return self._with(self.indexes & other.indexes) if self._alike(other) else None

    def _without(self, other: Any) -> PartitionsSubset | None:
        return self._with(self.indexes - other.indexes) if self._alike(other) else None

    def __contains__(self, partition_key: object) -> bool:
        if not isinstance(partition_key, str):
            return False
        index = self.partitions_def.index_of(partition_key)
        return index is not None and index in self.indexes

    def __len__(self) -> int:
        return len(self.indexes)

    def __eq__(self, other: object) -> bool:
        if self._alike(other):
            return self.indexes == getattr(other, "indexes", None)
        if isinstance(other, PartitionsSubset):
            return len(self) == len(other) and set(self) == set(other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.indexes)

    def __repr__(self) -> str:
        runs = list(islice(self.indexes.runs(), 6))
        key_at = self.partitions_def.key_at
        shown = [repr(PartitionKeyRange(key_at(start), key_at(stop - 1))) for start, stop in runs[:5]]
        return f"{type(self).__name__}([{', '.join(shown)}{', ...' if len(runs) > 5 else ''}])"
