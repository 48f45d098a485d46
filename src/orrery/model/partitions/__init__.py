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
    IdentityPartitionMapping,
    LastPartitionMapping,
    PartitionMapping,
    SpecificPartitionsPartitionMapping,
    StaticPartitionMapping,
    SubsetPartitionMapping,
    TimeWindowPartitionMapping,
    UpstreamPartitionsResult,
)
from orrery.model.partitions.multi import MultiPartitionsDefinition, MultiPartitionsSubset, PartitionDimensionDefinition
from orrery.model.partitions.multi_mapping import (
    DimensionPartitionMapping,
    MultiPartitionMapping,
    MultiToSingleDimensionPartitionMapping,
    default_partition_mapping,
)
from orrery.model.partitions.partition import AssetPartitionStatus, Partition
from orrery.model.partitions.periods import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from orrery.model.partitions.static import StaticPartitionsDefinition
from orrery.model.partitions.subset import DefaultPartitionsSubset, PartitionsSubset
from orrery.model.partitions.time_window import TimeWindowPartitionsDefinition, TimeWindowPartitionsSubset
from orrery.model.partitions.windows import ScheduleType, TimestampWithTimezone, TimeWindow

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
    "MultiPartitionsSubset",
    "MultiToSingleDimensionPartitionMapping",
    "PaginatedResults",
    "Partition",
    "PartitionDimensionDefinition",
    "PartitionDimensionKey",
    "PartitionKeyRange",
    "PartitionLoadingContext",
    "PartitionMapping",
    "PartitionsDefinition",
    "PartitionsSubset",
    "ScheduleType",
    "SpecificPartitionsPartitionMapping",
    "StaticPartitionMapping",
    "StaticPartitionsDefinition",
    "SubsetPartitionMapping",
    "TemporalContext",
    "TimeWindow",
    "TimeWindowPartitionMapping",
    "TimeWindowPartitionsDefinition",
    "TimeWindowPartitionsSubset",
    "TimestampWithTimezone",
    "UpstreamPartitionsResult",
    "WeeklyPartitionsDefinition",
    "default_partition_mapping",
    "partition_loading_context",
]
