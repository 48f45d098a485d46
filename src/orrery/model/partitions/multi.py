"""Partitions of several dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from orrery.model.partitions.definition import PartitionsDefinition
from orrery.model.partitions.keys import MultiPartitionKey
from orrery.model.partitions.loading import DynamicPartitionsStore


class MultiPartitionsDefinition(PartitionsDefinition[MultiPartitionKey]):
    """Cut data along any number of dimensions at once."""

    def __init__(self, partitions_defs: Mapping[str, PartitionsDefinition[str]]) -> None:
        raise NotImplementedError

    def get_partition_keys(self, current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None) -> Sequence[MultiPartitionKey]:
        """Return all keys."""
        raise NotImplementedError
