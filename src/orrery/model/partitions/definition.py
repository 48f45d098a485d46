"""
The base of all partitions definitions: into which partitions data is cut.

A definition answers which keys there are. Whoever writes a new kind gives ``get_partition_keys``;
all else follows from it, and kinds that can answer without making lists override it.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from orrery.base.errors import InvalidInvocationError, UnknownPartitionError, nearest
from orrery.model.partitions.keys import PartitionKeyRange
from orrery.model.partitions.loading import (
    DynamicPartitionsStore,
    PartitionLoadingContext,
    partition_loading_context,
)
from orrery.model.partitions.subset import DefaultPartitionsSubset, PartitionsSubset

__all__ = ["PARTITION_TAG", "PaginatedResults", "PartitionsDefinition", "page_of", "unknown_partition"]

PARTITION_TAG = "dagster/partition"
_FEW = 10

if TYPE_CHECKING:  # the default, which Python has from 3.13 on, lets the bare name stand for any
    from typing_extensions import TypeVar as WithDefault

    T_co = WithDefault("T_co", bound=str, covariant=True, default=str)
else:
    T_co = TypeVar("T_co", bound=str, covariant=True)
T = TypeVar("T")


class PaginatedResults(NamedTuple, Generic[T]):
    """
    Hold one page of results.

    Attributes:
        results: What is on the page.
        cursor: Where the next page begins; opaque.
        has_more: Whether there is a next page.
    """

    results: Sequence[T]
    cursor: str
    has_more: bool

    @classmethod
    def create_from_sequence(
        cls, seq: Sequence[T], limit: int, ascending: bool, cursor: str | None = None
    ) -> PaginatedResults[T]:
        """
        Return the page of *seq* that follows *cursor*, the last element of the page before, as text.

        Args:
            seq: All elements, in order.
            limit: At most so many.
            ascending: Whether to go from the first to the last.
            cursor: That of the page before; None for the first page. One whose element has gone starts anew.

        >>> PaginatedResults.create_from_sequence(["a", "b", "c"], limit=2, ascending=False)
        PaginatedResults(results=['c', 'b'], cursor='b', has_more=True)
        """
        ordered = seq if ascending else seq[::-1]
        start = 0
        if cursor:
            start = next((index + 1 for index, each in enumerate(ordered) if str(each) == cursor), 0)
        results = list(ordered[start : start + limit])
        last = str(results[-1]) if results else (cursor or "")
        return cls(results, last, has_more=start + len(results) < len(ordered))


def unknown_partition(key: str, known: Iterable[str] = ()) -> UnknownPartitionError:
    """Return the error that says that *key* does not exist, with the nearest of *known*."""
    names = list(known)
    near = nearest(key, names)
    listed = (
        f"use one of {', '.join(map(repr, names))}." if 0 < len(names) <= _FEW else "ask the definition for its keys."
    )
    return UnknownPartitionError(
        f"Could not find a partition with key `{key}`.",
        mend=f"write '{near}', the nearest key that exists." if near else listed,
    )


def page_of(keys: Sequence[str], limit: int, ascending: bool, cursor: str | None) -> PaginatedResults[str]:
    """
    Return the page of *keys* that follows *cursor*, the last key of the page before.

    A cursor whose key has gone starts from the beginning.
    """
    return PaginatedResults.create_from_sequence(keys, limit, ascending, cursor)


class PartitionsDefinition(ABC, Generic[T_co]):
    """
    Say into which partitions an asset or a job is cut.

    Definitions are values: two that cut alike are equal. Those that depend on the present or on
    stored keys read them from their arguments or from ``partition_loading_context``.
    """

    __slots__ = ("__weakref__",)

    @abstractmethod
    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> Sequence[T_co]:
        """
        Return all keys, in order.

        Args:
            current_time: The instant that counts as the present (naive means UTC); only partitions in
                time ask for it.
            dynamic_partitions_store: Where dynamic keys are kept, as a rule the instance.
        """

    @property
    def partitions_subset_class(self) -> type[PartitionsSubset]:
        """Return the kind of set that holds partitions of this definition."""
        return DefaultPartitionsSubset

    def __str__(self) -> str:
        return ", ".join(f"'{key}'" for key in self.get_partition_keys())

    def validate_partition_definition(self) -> None:
        """Raise if the definition cannot stand; called when definitions are put together."""

    def get_paginated_partition_keys(
        self, context: PartitionLoadingContext, limit: int, ascending: bool, cursor: str | None = None
    ) -> PaginatedResults[str]:
        """
        Return a page of the keys.

        Args:
            context: When and from which store keys are read.
            limit: At most so many keys.
            ascending: Whether to begin with the first key.
            cursor: The cursor of the page before.
        """
        with partition_loading_context(new_ctx=context):
            return page_of(self.get_partition_keys(), limit, ascending, cursor)

    def get_first_partition_key(self) -> T_co | None:
        """Return the first key, or None if there is none."""
        keys = self.get_partition_keys()
        return keys[0] if keys else None

    def get_last_partition_key(self) -> T_co | None:
        """Return the last key, or None if there is none."""
        keys = self.get_partition_keys()
        return keys[-1] if keys else None

    def get_partition_keys_in_range(self, partition_key_range: PartitionKeyRange) -> Sequence[T_co]:
        """
        Return the keys from the start of the range to its end, both included.

        Raises:
            InvalidInvocationError: An end of the range does not exist; the message names it.
        """
        keys = self.get_partition_keys()
        first, last = _range_indexes(keys, partition_key_range)
        return list(keys[first : last + 1])

    def empty_subset(self) -> PartitionsSubset:
        """Return the set that holds no partition."""
        return self.partitions_subset_class.create_empty_subset(self)

    def subset_with_partition_keys(self, partition_keys: Iterable[str]) -> PartitionsSubset:
        """Return the set of these partitions."""
        return self.empty_subset().with_partition_keys(partition_keys)

    def subset_with_all_partitions(self) -> PartitionsSubset:
        """Return the set of all partitions."""
        return self.subset_with_partition_keys(self.get_partition_keys())

    def deserialize_subset(self, serialized: str) -> PartitionsSubset:
        """Return the set that ``serialize`` of a set of this definition wrote."""
        return self.partitions_subset_class.from_serialized(self, serialized)

    def can_deserialize_subset(
        self,
        serialized: str,
        serialized_partitions_def_unique_id: str | None,
        serialized_partitions_def_class_name: str | None,
    ) -> bool:
        """Tell whether *serialized* was written by a set of this, or a sufficiently like, definition."""
        return self.partitions_subset_class.can_deserialize(
            self, serialized, serialized_partitions_def_unique_id, serialized_partitions_def_class_name
        )

    def get_serializable_unique_identifier(self, dynamic_partitions_store: DynamicPartitionsStore | None = None) -> str:
        """Return a digest that two definitions share if they have the same keys."""
        keys = self.get_partition_keys(dynamic_partitions_store=dynamic_partitions_store)
        return digest_of(keys)

    def get_tags_for_partition_key(self, partition_key: str) -> Mapping[str, str]:
        """Return the tags of a run of this partition."""
        return {PARTITION_TAG: partition_key}

    def get_num_partitions(self) -> int:
        """Return how many partitions there are."""
        return len(self.get_partition_keys())

    def has_partition_key(self, partition_key: str) -> bool:
        """Tell whether the key exists."""
        return partition_key in self.get_partition_keys()

    def filter_valid_partition_keys(self, partition_keys: set[str]) -> AbstractSet[str]:
        """Return those of *partition_keys* that exist."""
        return {key for key in partition_keys if self.has_partition_key(key)}

    def validate_partition_key(self, partition_key: str, context: PartitionLoadingContext) -> None:
        """
        Raise if the key does not exist.

        Raises:
            UnknownPartitionError: No partition has this key; the message names the nearest.
        """
        with partition_loading_context(new_ctx=context):
            if not self.has_partition_key(partition_key):
                raise unknown_partition(partition_key, self._keys_to_suggest())

    def _keys_to_suggest(self) -> Sequence[str]:
        """Return keys among which the nearest to a wrong one is looked for: not too many."""
        keys = self.get_partition_keys()
        return keys if len(keys) <= 1_000 else ()


def digest_of(parts: Iterable[str]) -> str:
    """
    Return a digest of a sequence of texts in which no two sequences meet.

    >>> digest_of(["ab"]) == digest_of(["a", "b"])
    False
    """
    digest = hashlib.sha1(usedforsecurity=False)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.hexdigest()


def _range_indexes(keys: Sequence[str], wanted: PartitionKeyRange) -> tuple[int, int]:
    positions = {key: index for index, key in enumerate(keys) if key in (wanted.start, wanted.end)}
    missing = [key for key in dict.fromkeys(wanted) if key not in positions]
    if missing:
        raise invalid_range(wanted, missing, keys if len(keys) <= 1_000 else ())
    return positions[wanted.start], positions[wanted.end]


def invalid_range(wanted: PartitionKeyRange, missing: Sequence[str], known: Sequence[str]) -> InvalidInvocationError:
    """Return the error that says which ends of a range do not exist."""
    near = nearest(missing[0], known)
    return InvalidInvocationError(
        f"Partition range {wanted.start} to {wanted.end} is not a valid range. "
        f"Nonexistent partition keys: {list(missing)}",
        mend=f"write '{near}', the nearest key that exists." if near else "ask the definition for its keys.",
    )
