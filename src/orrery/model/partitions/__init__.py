"""
Partitions: into which slices data is cut, sets of slices, and which slice needs which.

Any floor from ``model`` up may come in. Begin with ``definition.py`` (what a definition answers),
then ``time_window.py`` and ``grid.py`` (windows of time as arithmetic), ``subset.py`` (sets) and
``mapping.py`` (what needs what).

Names are loaded from their modules when they are first asked for: whoever knows of partitions
without having any pays nothing. Type checkers read the same list from ``__init__.pyi``.
"""

from __future__ import annotations

import importlib

# Public name -> the module of this room that defines it.
_HOME_OF: dict[str, str] = {
    "AddDynamicPartitionsRequest": "requests",
    "AllPartitionMapping": "mapping",
    "AssetPartitionStatus": "partition",
    "BackfillPolicy": "backfill_policy",
    "BackfillPolicyType": "backfill_policy",
    "DailyPartitionsDefinition": "periods",
    "DefaultPartitionsSubset": "subset",
    "DeleteDynamicPartitionsRequest": "requests",
    "DimensionPartitionMapping": "multi_mapping",
    "DynamicPartitionsDefinition": "dynamic",
    "DynamicPartitionsStore": "loading",
    "HourlyPartitionsDefinition": "periods",
    "IdentityPartitionMapping": "mapping",
    "LastPartitionMapping": "mapping",
    "MonthlyPartitionsDefinition": "periods",
    "MultiPartitionKey": "keys",
    "MultiPartitionMapping": "multi_mapping",
    "MultiPartitionsDefinition": "multi",
    "MultiPartitionsSubset": "multi_subset",
    "MultiToSingleDimensionPartitionMapping": "multi_mapping",
    "PaginatedResults": "definition",
    "Partition": "partition",
    "PartitionDimensionDefinition": "multi",
    "PartitionDimensionKey": "keys",
    "PartitionKeyRange": "keys",
    "PartitionLoadingContext": "loading",
    "PartitionMapping": "mapping",
    "PartitionsDefinition": "definition",
    "PartitionsSubset": "subset",
    "ScheduleType": "windows",
    "SpecificPartitionsPartitionMapping": "mapping",
    "StaticPartitionMapping": "mapping",
    "StaticPartitionsDefinition": "static",
    "SubsetPartitionMapping": "mapping",
    "TemporalContext": "loading",
    "TimeWindow": "windows",
    "TimeWindowPartitionMapping": "mapping",
    "TimeWindowPartitionsDefinition": "time_window",
    "TimeWindowPartitionsSubset": "time_window_subset",
    "TimestampWithTimezone": "windows",
    "UpstreamPartitionsResult": "mapping",
    "WeeklyPartitionsDefinition": "periods",
    "default_partition_mapping": "multi_mapping",
    "partition_loading_context": "loading",
    "window_covered": "windows",
}

__all__ = list(_HOME_OF)  # the stub beside says the same, name by name


def __getattr__(name: str) -> object:
    """Load a public name from the module that defines it."""
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(_HOME_OF)
