"""Mappings: which partitions of an upstream asset a partition needs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from orrery.model.partitions.definition import PartitionsDefinition
from orrery.model.partitions.loading import DynamicPartitionsStore
from orrery.model.partitions.subset import PartitionsSubset


class UpstreamPartitionsResult(NamedTuple):
    """Hold the upstream partitions that are needed, apart those that do not exist."""

    partitions_subset: PartitionsSubset
    required_but_nonexistent_subset: PartitionsSubset


class PartitionMapping(ABC):
    """Say which partitions of an upstream asset a partition of an asset needs."""

    __slots__ = ("__weakref__",)

    @abstractmethod
    def get_downstream_partitions_for_partitions(self, upstream_partitions_subset: PartitionsSubset, upstream_partitions_def: PartitionsDefinition[Any], downstream_partitions_def: PartitionsDefinition[Any], current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None) -> PartitionsSubset:
        """Return the downstream partitions that need any of these."""

    @abstractmethod
    def get_upstream_mapped_partitions_result_for_partitions(self, downstream_partitions_subset: PartitionsSubset | None, downstream_partitions_def: PartitionsDefinition[Any] | None, upstream_partitions_def: PartitionsDefinition[Any], current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None) -> UpstreamPartitionsResult:
        """Return the upstream partitions that these need."""

    @abstractmethod
    def validate_partition_mapping(self, upstream_partitions_def: PartitionsDefinition[Any], downstream_partitions_def: PartitionsDefinition[Any] | None) -> None:
        """Raise if the definitions cannot be mapped so."""


class IdentityPartitionMapping(PartitionMapping):
    """Map each key to the same key."""


class AllPartitionMapping(PartitionMapping):
    """Map each partition to all upstream partitions."""


class LastPartitionMapping(PartitionMapping):
    """Map each partition to the last upstream partition."""


class SpecificPartitionsPartitionMapping(PartitionMapping):
    """Map each partition to the same few upstream partitions."""

    def __init__(self, partition_keys: Sequence[str]) -> None:
        self.partition_keys = partition_keys


class StaticPartitionMapping(PartitionMapping):
    """Map keys to keys by a table."""

    def __init__(self, downstream_partition_keys_by_upstream_partition_key: Mapping[str, str | Collection[str]]) -> None:
        self.downstream_partition_keys_by_upstream_partition_key = downstream_partition_keys_by_upstream_partition_key


class TimeWindowPartitionMapping(PartitionMapping):
    """Map each window of time to those that it overlaps."""

    def __init__(self, start_offset: int = 0, end_offset: int = 0, allow_nonexistent_upstream_partitions: bool = False) -> None:
        self.start_offset, self.end_offset = start_offset, end_offset
        self.allow_nonexistent_upstream_partitions = allow_nonexistent_upstream_partitions


class DimensionPartitionMapping(NamedTuple):
    """Pair a downstream dimension with the mapping that leads to it."""

    dimension_name: str
    partition_mapping: PartitionMapping


class MultiPartitionMapping(PartitionMapping):
    """Map dimensions to dimensions."""

    def __init__(self, downstream_mappings_by_upstream_dimension: Mapping[str, DimensionPartitionMapping]) -> None:
        self.downstream_mappings_by_upstream_dimension = downstream_mappings_by_upstream_dimension


class MultiToSingleDimensionPartitionMapping(PartitionMapping):
    """Map one dimension of several to a definition of one dimension."""

    def __init__(self, partition_dimension_name: str | None = None) -> None:
        self.partition_dimension_name = partition_dimension_name


class SubsetPartitionMapping(PartitionMapping):
    """Map each key to the same key where it exists."""
