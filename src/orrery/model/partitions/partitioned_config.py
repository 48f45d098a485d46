"""
Config that depends on the partition of the run.

The decorators make a :class:`PartitionedConfig` of a function that returns run config for a key, or
for the start and the end of a window of time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from typing import Any

from orrery.base.errors import InvalidDefinitionError, InvalidInvocationError
from orrery.model.partitions.definition import PartitionsDefinition
from orrery.model.partitions.dynamic import DynamicPartitionsDefinition
from orrery.model.partitions.partition import Partition
from orrery.model.partitions.periods import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from orrery.model.partitions.static import StaticPartitionsDefinition
from orrery.model.partitions.time_window import TimeWindowPartitionsDefinition
from orrery.model.partitions.windows import TimestampWithTimezone

__all__ = [
    "PartitionedConfig",
    "daily_partitioned_config",
    "dynamic_partitioned_config",
    "hourly_partitioned_config",
    "monthly_partitioned_config",
    "partitioned_config",
    "static_partitioned_config",
    "weekly_partitioned_config",
]

_PARTITION_SET_TAG = "dagster/partition_set"
_Tags = Callable[..., Mapping[str, str]]
_Exclusions = Sequence[str | datetime | TimestampWithTimezone] | None


class PartitionedConfig:
    """
    Give the run config of each partition of a job.

    Args:
        partitions_def: The partitions.
        run_config_for_partition_fn: Takes a :class:`Partition` and returns run config; kept for old code.
        decorated_fn: The function that was decorated; called when this is called.
        tags_for_partition_fn: Takes a :class:`Partition` and returns tags; kept for old code.
        run_config_for_partition_key_fn: Takes a key and returns run config.
        tags_for_partition_key_fn: Takes a key and returns tags for its run.

    Raises:
        InvalidDefinitionError: Not exactly one function gives run config, or more than one gives tags.

    >>> config = PartitionedConfig(
    ...     StaticPartitionsDefinition(["eu", "us"]),
    ...     run_config_for_partition_key_fn=lambda key: {"ops": {"load": {"config": {"region": key}}}},
    ... )
    >>> config.get_run_config_for_partition_key("eu")
    {'ops': {'load': {'config': {'region': 'eu'}}}}
    """

    __slots__ = ("_config_fn", "_config_key_fn", "_decorated_fn", "_partitions", "_tags_fn", "_tags_key_fn")

    def __init__(
        self,
        partitions_def: PartitionsDefinition[Any],
        run_config_for_partition_fn: Callable[[Partition], Any] | None = None,
        decorated_fn: Callable[..., Any] | None = None,
        tags_for_partition_fn: Callable[[Partition], Mapping[str, str]] | None = None,
        run_config_for_partition_key_fn: Callable[[str], Any] | None = None,
        tags_for_partition_key_fn: Callable[[str], Mapping[str, str]] | None = None,
    ) -> None:
        if not isinstance(partitions_def, PartitionsDefinition):
            raise InvalidDefinitionError(
                f"Partitioned config was given {partitions_def!r}, which is no partitions definition.",
                mend='write StaticPartitionsDefinition(["a", "b"]), for example.',
            )
        if (run_config_for_partition_fn is None) == (run_config_for_partition_key_fn is None):
            raise InvalidDefinitionError(
                "Partitioned config needs exactly one of run_config_for_partition_fn and "
                "run_config_for_partition_key_fn.",
                mend="give run_config_for_partition_key_fn alone.",
            )
        if tags_for_partition_fn is not None and tags_for_partition_key_fn is not None:
            raise InvalidDefinitionError(
                "Partitioned config has both tags_for_partition_fn and tags_for_partition_key_fn.",
                mend="give tags_for_partition_key_fn alone.",
            )
        self._partitions = partitions_def
        self._decorated_fn = decorated_fn
        self._config_fn = run_config_for_partition_fn
        self._config_key_fn = run_config_for_partition_key_fn
        self._tags_fn = tags_for_partition_fn
        self._tags_key_fn = tags_for_partition_key_fn

    @property
    def partitions_def(self) -> PartitionsDefinition[Any]:
        """Return the partitions."""
        return self._partitions

    @property
    def run_config_for_partition_fn(self) -> Callable[[Partition], Any] | None:
        """Return the function of a partition that gives run config, if that is the one."""
        return self._config_fn

    @property
    def run_config_for_partition_key_fn(self) -> Callable[[str], Any] | None:
        """Return the function of a key that gives run config, if that is the one."""
        return self._config_key_fn

    @property
    def tags_for_partition_fn(self) -> Callable[[Partition], Mapping[str, str]] | None:
        """Return the function of a partition that gives tags, if there is one."""
        return self._tags_fn

    @property
    def tags_for_partition_key_fn(self) -> Callable[[str], Mapping[str, str]] | None:
        """Return the function of a key that gives tags, if there is one."""
        return self._tags_key_fn

    def get_partition_keys(self, current_time: datetime | None = None) -> Sequence[str]:
        """
        Return the keys that there is config for.

        Args:
            current_time: The instant that counts as the present.
        """
        return self._partitions.get_partition_keys(current_time)

    def _partition(self, partition_key: str) -> Partition:
        value: Any = partition_key
        if isinstance(self._partitions, TimeWindowPartitionsDefinition):
            value = self._partitions.time_window_for_partition_key(partition_key)
        return Partition(value=value, name=partition_key)

    def get_run_config_for_partition_key(self, partition_key: str) -> Mapping[str, Any]:
        """
        Return the run config of a partition, as a new dictionary.

        Args:
            partition_key: Key of the partition.
        """
        found: Any
        if self._config_key_fn is not None:
            found = self._config_key_fn(partition_key)
        else:
            assert self._config_fn is not None  # one of the two, says the constructor
            found = self._config_fn(self._partition(partition_key))
        to_dict = getattr(found, "to_config_dict", None)
        config: Mapping[str, Any] = deepcopy(found if to_dict is None else to_dict())
        return config

    def get_tags_for_partition_key(self, partition_key: str, job_name: str | None = None) -> Mapping[str, str]:
        """
        Return the tags of the run of a partition: those of the definition, and those of the function.

        Args:
            partition_key: Key of the partition.
            job_name: Name of the job, if there is one.
        """
        own: Mapping[Any, Any] = {}
        if self._tags_key_fn is not None:
            own = self._tags_key_fn(partition_key)
        elif self._tags_fn is not None:
            own = self._tags_fn(self._partition(partition_key))
        for name, value in own.items():
            if not isinstance(name, str) or not isinstance(value, str):
                raise InvalidDefinitionError(
                    f"The tag {name!r}: {value!r} of partition '{partition_key}' is not text.",
                    mend=f"return {{{str(name)!r}: {str(value)!r}}}.",
                )
        tags = {**own, **self._partitions.get_tags_for_partition_key(partition_key)}
        if job_name is not None:
            tags[_PARTITION_SET_TAG] = f"{job_name}_partition_set"
        return tags

    @classmethod
    def from_flexible_config(cls, config: Any, partitions_def: PartitionsDefinition[Any]) -> PartitionedConfig:
        """
        Return *config* as config of these partitions: the same for all, if it is not partitioned already.

        Args:
            config: Partitioned config, a dictionary, an object with ``to_config_dict``, or None.
            partitions_def: The partitions.

        Raises:
            InvalidDefinitionError: *config* belongs to other partitions, or is none of these.
        """
        if config is None:
            return cls(partitions_def, run_config_for_partition_key_fn=lambda _key: {})
        if isinstance(config, PartitionedConfig):
            if config.partitions_def != partitions_def:
                raise InvalidDefinitionError(
                    "Can't supply a PartitionedConfig for 'config' with a different PartitionsDefinition than "
                    "supplied for 'partitions_def'.",
                    mend="leave out partitions_def.",
                )
            return config
        if isinstance(config, Mapping) or hasattr(config, "to_config_dict"):
            return cls(partitions_def, run_config_for_partition_key_fn=lambda _key: config)
        raise InvalidDefinitionError(
            f"{config!r} ({type(config).__name__}) cannot be the config of a partitioned job.",
            mend="give a dictionary, a RunConfig or a PartitionedConfig.",
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """
        Call the function that was decorated.

        Raises:
            InvalidInvocationError: There is none.
        """
        if self._decorated_fn is None:
            raise InvalidInvocationError(
                "Only PartitionedConfig objects created using one of the partitioned config decorators can be "
                "directly invoked.",
                mend="call `get_run_config_for_partition_key`.",
            )
        return self._decorated_fn(*args, **kwargs)


def partitioned_config(
    partitions_def: PartitionsDefinition[Any],
    tags_for_partition_key_fn: Callable[[str], Mapping[str, str]] | None = None,
) -> Callable[[Callable[[str], Any]], PartitionedConfig]:
    """
    Make partitioned config of a function of a key.

    Args:
        partitions_def: The partitions.
        tags_for_partition_key_fn: Takes a key and returns tags for its run.
    """

    def decorate(function: Callable[[str], Any]) -> PartitionedConfig:
        return PartitionedConfig(
            partitions_def,
            decorated_fn=function,
            run_config_for_partition_key_fn=function,
            tags_for_partition_key_fn=tags_for_partition_key_fn,
        )

    return decorate


def static_partitioned_config(
    partition_keys: Sequence[str],
    tags_for_partition_fn: Callable[[str], Mapping[str, str]] | None = None,
    tags_for_partition_key_fn: Callable[[str], Mapping[str, str]] | None = None,
) -> Callable[[Callable[[str], Any]], PartitionedConfig]:
    """
    Make partitioned config, over keys that are written down, of a function of a key.

    Args:
        partition_keys: The keys.
        tags_for_partition_fn: The same as *tags_for_partition_key_fn*; kept for old code.
        tags_for_partition_key_fn: Takes a key and returns tags for its run.

    >>> @static_partitioned_config(["eu", "us"])
    ... def by_region(key):
    ...     return {"ops": {"load": {"config": {"region": key}}}}
    >>> by_region.get_partition_keys()
    ['eu', 'us']
    """
    return partitioned_config(
        StaticPartitionsDefinition(partition_keys), _one_of(tags_for_partition_fn, tags_for_partition_key_fn)
    )


def dynamic_partitioned_config(
    partition_fn: Callable[[datetime | None], Sequence[str]],
    tags_for_partition_fn: Callable[[str], Mapping[str, str]] | None = None,
    tags_for_partition_key_fn: Callable[[str], Mapping[str, str]] | None = None,
) -> Callable[[Callable[[str], Any]], PartitionedConfig]:
    """
    Make partitioned config, over keys that a function returns, of a function of a key.

    Args:
        partition_fn: Takes an instant and returns the keys.
        tags_for_partition_fn: The same as *tags_for_partition_key_fn*; kept for old code.
        tags_for_partition_key_fn: Takes a key and returns tags for its run.
    """
    return partitioned_config(
        DynamicPartitionsDefinition(partition_fn), _one_of(tags_for_partition_fn, tags_for_partition_key_fn)
    )


def _one_of(old: _Tags | None, new: _Tags | None) -> _Tags | None:
    if old is not None and new is not None:
        raise InvalidDefinitionError(
            "Both tags_for_partition_fn and tags_for_partition_key_fn are given.",
            mend="give tags_for_partition_key_fn alone.",
        )
    return old or new


def _over_windows(
    definition: TimeWindowPartitionsDefinition, tags_for_partition_fn: Callable[[datetime, datetime], Any] | None
) -> Callable[[Callable[[datetime, datetime], Any]], PartitionedConfig]:
    def of_window(function: Callable[[datetime, datetime], Any]) -> Callable[[str], Any]:
        def of_key(partition_key: str) -> Any:
            window = definition.time_window_for_partition_key(partition_key)
            return function(window.start, window.end)

        return of_key

    def decorate(function: Callable[[datetime, datetime], Any]) -> PartitionedConfig:
        return PartitionedConfig(
            definition,
            decorated_fn=function,
            run_config_for_partition_key_fn=of_window(function),
            tags_for_partition_key_fn=None if tags_for_partition_fn is None else of_window(tags_for_partition_fn),
        )

    return decorate


def daily_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    hour_offset: int = 0,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: Callable[[datetime, datetime], Mapping[str, str]] | None = None,
    exclusions: _Exclusions = None,
) -> Callable[[Callable[[datetime, datetime], Any]], PartitionedConfig]:
    """
    Make partitioned config, over days, of a function of the start and the end of a day.

    Args:
        start_date, minute_offset, hour_offset, timezone, fmt, end_offset, exclusions:
            As for :class:`DailyPartitionsDefinition`.
        tags_for_partition_fn: Takes the start and the end of a day and returns tags for its run.

    >>> @daily_partitioned_config(start_date="2022-03-12")
    ... def by_day(start, end):
    ...     return {"from": start.strftime("%d"), "to": end.strftime("%d")}
    >>> by_day.get_run_config_for_partition_key("2022-03-31")
    {'from': '31', 'to': '01'}
    """
    return _over_windows(
        DailyPartitionsDefinition(
            start_date,
            minute_offset=minute_offset,
            hour_offset=hour_offset,
            timezone=timezone,
            fmt=fmt,
            end_offset=end_offset,
            exclusions=exclusions,
        ),
        tags_for_partition_fn,
    )


def hourly_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: Callable[[datetime, datetime], Mapping[str, str]] | None = None,
    exclusions: _Exclusions = None,
) -> Callable[[Callable[[datetime, datetime], Any]], PartitionedConfig]:
    """
    Make partitioned config, over hours, of a function of the start and the end of an hour.

    Args:
        start_date, minute_offset, timezone, fmt, end_offset, exclusions:
            As for :class:`HourlyPartitionsDefinition`.
        tags_for_partition_fn: Takes the start and the end of an hour and returns tags for its run.
    """
    return _over_windows(
        HourlyPartitionsDefinition(
            start_date,
            minute_offset=minute_offset,
            timezone=timezone,
            fmt=fmt,
            end_offset=end_offset,
            exclusions=exclusions,
        ),
        tags_for_partition_fn,
    )


def weekly_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    hour_offset: int = 0,
    day_offset: int = 0,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: Callable[[datetime, datetime], Mapping[str, str]] | None = None,
    exclusions: _Exclusions = None,
) -> Callable[[Callable[[datetime, datetime], Any]], PartitionedConfig]:
    """
    Make partitioned config, over weeks, of a function of the start and the end of a week.

    Args:
        start_date, minute_offset, hour_offset, day_offset, timezone, fmt, end_offset, exclusions:
            As for :class:`WeeklyPartitionsDefinition`.
        tags_for_partition_fn: Takes the start and the end of a week and returns tags for its run.
    """
    return _over_windows(
        WeeklyPartitionsDefinition(
            start_date,
            minute_offset=minute_offset,
            hour_offset=hour_offset,
            day_offset=day_offset,
            timezone=timezone,
            fmt=fmt,
            end_offset=end_offset,
            exclusions=exclusions,
        ),
        tags_for_partition_fn,
    )


def monthly_partitioned_config(
    start_date: datetime | str,
    minute_offset: int = 0,
    hour_offset: int = 0,
    day_offset: int = 1,
    timezone: str | None = None,
    fmt: str | None = None,
    end_offset: int = 0,
    tags_for_partition_fn: Callable[[datetime, datetime], Mapping[str, str]] | None = None,
    exclusions: _Exclusions = None,
) -> Callable[[Callable[[datetime, datetime], Any]], PartitionedConfig]:
    """
    Make partitioned config, over months, of a function of the start and the end of a month.

    Args:
        start_date, minute_offset, hour_offset, day_offset, timezone, fmt, end_offset, exclusions:
            As for :class:`MonthlyPartitionsDefinition`.
        tags_for_partition_fn: Takes the start and the end of a month and returns tags for its run.
    """
    return _over_windows(
        MonthlyPartitionsDefinition(
            start_date,
            minute_offset=minute_offset,
            hour_offset=hour_offset,
            day_offset=day_offset,
            timezone=timezone,
            fmt=fmt,
            end_offset=end_offset,
            exclusions=exclusions,
        ),
        tags_for_partition_fn,
    )
