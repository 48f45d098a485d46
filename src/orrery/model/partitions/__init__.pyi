"""The names of this room, for type checkers; ``__init__.py`` loads the same when they are asked for."""

from orrery.model.partitions.backfill_policy import BackfillPolicy as BackfillPolicy
from orrery.model.partitions.backfill_policy import BackfillPolicyType as BackfillPolicyType
from orrery.model.partitions.definition import PaginatedResults as PaginatedResults
from orrery.model.partitions.definition import PartitionsDefinition as PartitionsDefinition
from orrery.model.partitions.dynamic import DynamicPartitionsDefinition as DynamicPartitionsDefinition
from orrery.model.partitions.keys import MultiPartitionKey as MultiPartitionKey
from orrery.model.partitions.keys import PartitionDimensionKey as PartitionDimensionKey
from orrery.model.partitions.keys import PartitionKeyRange as PartitionKeyRange
from orrery.model.partitions.loading import DynamicPartitionsStore as DynamicPartitionsStore
from orrery.model.partitions.loading import PartitionLoadingContext as PartitionLoadingContext
from orrery.model.partitions.loading import TemporalContext as TemporalContext
from orrery.model.partitions.loading import partition_loading_context as partition_loading_context
from orrery.model.partitions.mapping import AllPartitionMapping as AllPartitionMapping
from orrery.model.partitions.mapping import IdentityPartitionMapping as IdentityPartitionMapping
from orrery.model.partitions.mapping import LastPartitionMapping as LastPartitionMapping
from orrery.model.partitions.mapping import PartitionMapping as PartitionMapping
from orrery.model.partitions.mapping import SpecificPartitionsPartitionMapping as SpecificPartitionsPartitionMapping
from orrery.model.partitions.mapping import StaticPartitionMapping as StaticPartitionMapping
from orrery.model.partitions.mapping import SubsetPartitionMapping as SubsetPartitionMapping
from orrery.model.partitions.mapping import TimeWindowPartitionMapping as TimeWindowPartitionMapping
from orrery.model.partitions.mapping import UpstreamPartitionsResult as UpstreamPartitionsResult
from orrery.model.partitions.multi import MultiPartitionsDefinition as MultiPartitionsDefinition
from orrery.model.partitions.multi import PartitionDimensionDefinition as PartitionDimensionDefinition
from orrery.model.partitions.multi_mapping import DimensionPartitionMapping as DimensionPartitionMapping
from orrery.model.partitions.multi_mapping import MultiPartitionMapping as MultiPartitionMapping
from orrery.model.partitions.multi_mapping import (
    MultiToSingleDimensionPartitionMapping as MultiToSingleDimensionPartitionMapping,
)
from orrery.model.partitions.multi_mapping import default_partition_mapping as default_partition_mapping
from orrery.model.partitions.multi_subset import MultiPartitionsSubset as MultiPartitionsSubset
from orrery.model.partitions.partition import AssetPartitionStatus as AssetPartitionStatus
from orrery.model.partitions.partition import Partition as Partition
from orrery.model.partitions.periods import DailyPartitionsDefinition as DailyPartitionsDefinition
from orrery.model.partitions.periods import HourlyPartitionsDefinition as HourlyPartitionsDefinition
from orrery.model.partitions.periods import MonthlyPartitionsDefinition as MonthlyPartitionsDefinition
from orrery.model.partitions.periods import WeeklyPartitionsDefinition as WeeklyPartitionsDefinition
from orrery.model.partitions.requests import AddDynamicPartitionsRequest as AddDynamicPartitionsRequest
from orrery.model.partitions.requests import DeleteDynamicPartitionsRequest as DeleteDynamicPartitionsRequest
from orrery.model.partitions.static import StaticPartitionsDefinition as StaticPartitionsDefinition
from orrery.model.partitions.subset import DefaultPartitionsSubset as DefaultPartitionsSubset
from orrery.model.partitions.subset import PartitionsSubset as PartitionsSubset
from orrery.model.partitions.time_window import TimeWindowPartitionsDefinition as TimeWindowPartitionsDefinition
from orrery.model.partitions.time_window_subset import TimeWindowPartitionsSubset as TimeWindowPartitionsSubset
from orrery.model.partitions.windows import ScheduleType as ScheduleType
from orrery.model.partitions.windows import TimestampWithTimezone as TimestampWithTimezone
from orrery.model.partitions.windows import TimeWindow as TimeWindow
from orrery.model.partitions.windows import window_covered as window_covered
