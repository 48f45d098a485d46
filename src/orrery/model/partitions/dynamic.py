"""Partitions whose keys are added and removed while the system runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from orrery.base.errors import InvalidDefinitionError, InvariantViolationError
from orrery.model.partitions.definition import PartitionsDefinition
from orrery.model.partitions.keys import check_partition_keys
from orrery.model.partitions.loading import DynamicPartitionsStore, current_context, required_store
from orrery.model.partitions.partition import Partition
from orrery.model.partitions.requests import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest

__all__ = [
    "DynamicPartitionsDefinition",
    "check_dynamic_partition_keys",
]


def check_dynamic_partition_keys(partitions_def_name: str, partition_keys: Sequence[str]) -> None:
    """
    Refuse keys that cannot be stored, naming the key; stores call it before they add any.

    Raises:
        InvalidDefinitionError: A key is not text, is empty, or holds what no key may hold.
    """
    given: Any = partition_keys
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InvalidDefinitionError(
            f"The keys of dynamic partitions '{partitions_def_name}' are {partition_keys!r}, not a sequence of text.",
            mend=f"write [{partition_keys!r}].",
        )
    check_partition_keys(partition_keys, where=f"dynamic partitions '{partitions_def_name}'")


class DynamicPartitionsDefinition(PartitionsDefinition[str]):
    """
    Cut data into partitions whose keys an instance keeps, and that come and go.

    Keys are added with ``instance.add_dynamic_partitions`` or by a request that a sensor returns.

    Args:
        partition_fn: A function that returns the keys (or :class:`Partition` values) for an instant;
            kept for old code. Give this or *name*.
        name: Name under which the instance keeps the keys.

    Raises:
        InvalidDefinitionError: Neither or both are given.

    >>> DynamicPartitionsDefinition(name="fruits").build_add_request(["apple"]).partition_keys
    ['apple']
    """

    __slots__ = ("name", "partition_fn")

    name: str | None
    partition_fn: Callable[[datetime | None], Sequence[Partition] | Sequence[str]] | None

    def __init__(
        self,
        partition_fn: Callable[[datetime | None], Sequence[Partition] | Sequence[str]] | None = None,
        name: str | None = None,
    ) -> None:
        if partition_fn is None and name is None:
            raise InvalidDefinitionError(
                "Dynamic partitions have neither a name nor a function.",
                mend='write DynamicPartitionsDefinition(name="...").',
            )
        if partition_fn is not None and name is not None:
            raise InvalidDefinitionError(
                f"Dynamic partitions '{name}' have both a name and a function.", mend="leave out partition_fn."
            )
        given: Any = name
        if given is not None and (not isinstance(given, str) or not given):
            raise InvalidDefinitionError(
                f"The name of dynamic partitions is {name!r}, which is no name.", mend="write a text that is not empty."
            )
        self.name = name
        self.partition_fn = partition_fn

    def _required_name(self) -> str:
        if self.name is None:
            raise InvariantViolationError(
                "These dynamic partitions come from a function, so no instance keeps their keys.",
                mend='define them by name: DynamicPartitionsDefinition(name="...").',
            )
        return self.name

    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> Sequence[str]:
        """
        Return the keys that exist now, oldest first.

        Args:
            current_time: The instant that is handed to the function, if there is one.
            dynamic_partitions_store: Who keeps the keys, as a rule the instance.

        Raises:
            InvariantViolationError: Neither an argument nor a context says who keeps the keys.
        """
        if self.partition_fn is not None:
            now = current_context(current_time).effective_dt
            return [each.name if isinstance(each, Partition) else each for each in self.partition_fn(now)]
        name = self._required_name()
        return required_store(dynamic_partitions_store, name=name).get_dynamic_partitions(name)

    def has_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> bool:
        """
        Tell whether the key exists now.

        Args:
            partition_key: The key.
            current_time: The instant that is handed to the function, if there is one.
            dynamic_partitions_store: Who keeps the keys.
        """
        if self.partition_fn is not None:
            return partition_key in self.get_partition_keys(current_time)
        name = self._required_name()
        if not partition_key:
            return False
        return required_store(dynamic_partitions_store, name=name).has_dynamic_partition(name, partition_key)

    def filter_valid_partition_keys(self, partition_keys: set[str]) -> AbstractSet[str]:
        """Return those of *partition_keys* that exist, reading the store once."""
        return partition_keys.intersection(self.get_partition_keys())

    def build_add_request(self, partition_keys: Sequence[str]) -> AddDynamicPartitionsRequest:
        """
        Return the request that adds these keys.

        Raises:
            InvalidDefinitionError: A key cannot be stored; the message names it.
        """
        name = self._required_name()
        check_dynamic_partition_keys(name, partition_keys)
        return AddDynamicPartitionsRequest(name, partition_keys)

    def build_delete_request(self, partition_keys: Sequence[str]) -> DeleteDynamicPartitionsRequest:
        """Return the request that removes these keys."""
        return DeleteDynamicPartitionsRequest(self._required_name(), partition_keys)

    def __str__(self) -> str:
        if self.name is not None:
            return f'Dynamic partitions: "{self.name}"'
        return super().__str__()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DynamicPartitionsDefinition):
            return self.name == other.name and self.partition_fn == other.partition_fn
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self.name, self.partition_fn))

    def __repr__(self) -> str:
        return f"DynamicPartitionsDefinition(partition_fn={self.partition_fn!r}, name={self.name!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return DynamicPartitionsDefinition, (self.partition_fn, self.name)
