"""What a function asks of dynamic partitions: to add keys, or to remove some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["AddDynamicPartitionsRequest", "DeleteDynamicPartitionsRequest"]


class AddDynamicPartitionsRequest(NamedTuple):
    """
    Ask that keys be added to dynamic partitions; sensors and schedules return it.

    Attributes:
        partitions_def_name: Name of the definition.
        partition_keys: The keys to add.
    """

    partitions_def_name: str
    partition_keys: Sequence[str]


class DeleteDynamicPartitionsRequest(NamedTuple):
    """
    Ask that keys be removed from dynamic partitions; sensors and schedules return it.

    Attributes:
        partitions_def_name: Name of the definition.
        partition_keys: The keys to remove.
    """

    partitions_def_name: str
    partition_keys: Sequence[str]
