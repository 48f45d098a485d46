"""
Partitions: into which slices data is cut, sets of slices, and which slice needs which.

Any floor from ``model`` up may come in. Begin with ``definition.py`` (what a definition answers),
then ``time_window.py`` and ``grid.py`` (windows of time as arithmetic), ``subset.py`` (sets) and
``mapping.py`` (what needs what).
"""

from __future__ import annotations

from orrery.model.partitions.backfill_policy import BackfillPolicy, BackfillPolicyType
from orrery.model.partitions.definition import PaginatedResults, PartitionsDefinition
from orrery.model.partitions.dynamic import (
    AddDynamicPartitionsRequest,
    DeleteDynamicPartitionsRequest,
    DynamicPartitionsDefinition,
)
from orrery.model.partitions.keys import MultiPartitionKey, PartitionDimensionKey, PartitionKeyRange
from orrery.model.partitions.loading import (
    DynamicPartitionsStore,
    PartitionLoadingContext,
    TemporalContext,
    partition_loading_context,
)
from orrery.model.partitions.mapping import (
    AllPartitionMapping,
    DimensionPartitionMapping,
    IdentityPartitionMapping,
    LastPartitionMapping,
    MultiPartitionMapping,
    MultiToSingleDimensionPartitionMapping,
    PartitionMapping,
    SpecificPartitionsPartitionMapping,
    StaticPartitionMapping,
    SubsetPartitionMapping,
    TimeWindowPartitionMapping,
    UpstreamPartitionsResult,
)
from orrery.model.partitions.multi import MultiPartitionsDefinition
from orrery.model.partitions.partition import AssetPartitionStatus, Partition
from orrery.model.partitions.static import StaticPartitionsDefinition
from orrery.model.partitions.subset import DefaultPartitionsSubset, PartitionsSubset
from orrery.model.partitions.time_window import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    TimeWindow,
    TimeWindowPartitionsDefinition,
    WeeklyPartitionsDefinition,
)

__all__ = [
    "AddDynamicPartitionsRequest",
    "AllPartitionMapping",
    "AssetPartitionStatus",
    "BackfillPolicy",
    "BackfillPolicyType",
    "DailyPartitionsDefinition",
    "DefaultPartitionsSubset",
    "DeleteDynamicPartitionsRequest",
    "DimensionPartitionMapping",
    "DynamicPartitionsDefinition",
    "DynamicPartitionsStore",
    "HourlyPartitionsDefinition",
    "IdentityPartitionMapping",
    "LastPartitionMapping",
    "MonthlyPartitionsDefinition",
    "MultiPartitionKey",
    "MultiPartitionMapping",
    "MultiPartitionsDefinition",
    "MultiToSingleDimensionPartitionMapping",
    "PaginatedResults",
    "Partition",
    "PartitionDimensionKey",
    "PartitionKeyRange",
    "PartitionLoadingContext",
    "PartitionMapping",
    "PartitionsDefinition",
    "PartitionsSubset",
    "SpecificPartitionsPartitionMapping",
    "StaticPartitionMapping",
    "StaticPartitionsDefinition",
    "SubsetPartitionMapping",
    "TemporalContext",
    "TimeWindow",
    "TimeWindowPartitionMapping",
    "TimeWindowPartitionsDefinition",
    "UpstreamPartitionsResult",
    "WeeklyPartitionsDefinition",
    "partition_loading_context",
]
