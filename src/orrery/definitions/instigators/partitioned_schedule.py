"""Schedules that run the newest partition of a job as soon as its window has ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orrery.base.errors import InvalidDefinitionError
from orrery.definitions.assets.unresolved_asset_job import UnresolvedAssetJobDefinition
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.instigators.schedule import DefaultScheduleStatus, ScheduleDefinition
from orrery.definitions.parts.naming import check_name
from orrery.model.partitions.keys import MultiPartitionKey
from orrery.model.partitions.loading import partition_loading_context
from orrery.model.partitions.multi import MultiPartitionsDefinition
from orrery.model.partitions.partitioned_config import PartitionedConfig
from orrery.model.partitions.static import StaticPartitionsDefinition
from orrery.model.partitions.time_window import TimeWindowPartitionsDefinition
from orrery.model.records.run_request import SkipReason

__all__ = ["UnresolvedPartitionedAssetScheduleDefinition", "build_schedule_from_partitioned_job"]


class UnresolvedPartitionedAssetScheduleDefinition:
    """A schedule of the partitions of an asset job, before the assets are known."""

    def __init__(self, name: str, job: UnresolvedAssetJobDefinition, options: Mapping[str, Any]) -> None:
        self.name = name
        self.job = job
        self._options = dict(options)

    @property
    def description(self) -> str | None:
        """Return the description, if any."""
        return self._options.get("description")

    @property
    def default_status(self) -> DefaultScheduleStatus:
        """Return whether the schedule runs before anybody switched it."""
        status: DefaultScheduleStatus = self._options["default_status"]
        return status

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Return the metadata."""
        return self._options.get("metadata") or {}

    @property
    def job_name(self) -> str:
        """Return the name of the job."""
        return self.job.name

    @property
    def own_jobs(self) -> list[UnresolvedAssetJobDefinition]:
        """Return the jobs that the schedule brings with it."""
        return [self.job]

    @property
    def own_assets(self) -> list[Any]:
        """Return the assets that the schedule brings with it: none."""
        return []

    @property
    def job_names_wanted(self) -> list[str]:
        """Return the names of the jobs that must be there."""
        return [self.job.name]

    def with_attributes(
        self, *, job: Any = None, metadata: Mapping[str, Any] | None = None
    ) -> UnresolvedPartitionedAssetScheduleDefinition:
        """Return the schedule with another job or metadata."""
        options = {**self._options, "metadata": metadata} if metadata is not None else self._options
        return UnresolvedPartitionedAssetScheduleDefinition(self.name, job or self.job, options)

    def resolve(self, repository_data: Any) -> ScheduleDefinition:
        """Return the schedule, the job found in *repository_data*."""
        job = repository_data.get_job(self.job.name)
        if job.partitions_def is None:
            raise InvalidDefinitionError(
                f"Job '{job.name}' of schedule '{self.name}' is not partitioned: none of its assets has partitions.",
                mend="give the assets partitions_def=..., or use ScheduleDefinition.",
            )
        return _build(job, job.partitions_def, self.name, self._options)


def build_schedule_from_partitioned_job(
    job: JobDefinition | UnresolvedAssetJobDefinition,
    description: str | None = None,
    name: str | None = None,
    minute_of_hour: int | None = None,
    hour_of_day: int | None = None,
    day_of_week: int | None = None,
    day_of_month: int | None = None,
    default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
    tags: Mapping[str, str] | None = None,
    cron_schedule: str | None = None,
    execution_timezone: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    owners: Sequence[str] | None = None,
) -> Any:
    """
    Return a schedule that runs the newest partition of *job* as soon as its window has ended.

    A job of static partitions needs a *cron_schedule*; all its partitions are wished for at each tick.

    Args:
        job: A partitioned job, or a job of partitioned assets.
        description: Text for people.
        name: Name; that of the job with ``_schedule`` if not given.
        minute_of_hour: Minute at which to run, in place of the end of the window.
        hour_of_day: Hour at which to run; not for hourly partitions.
        day_of_week: Day of the week (0 is Sunday), for weekly partitions.
        day_of_month: Day of the month, for monthly partitions.
        default_status: Whether it runs before anybody switched it.
        tags: Tags of the runs.
        cron_schedule: When to run, for partitions that are not of time.
        execution_timezone: Time zone of *cron_schedule*.
        metadata: Any metadata, by name.
        owners: E-mail addresses, or teams as ``team:name``.

    Raises:
        InvalidDefinitionError: The job is not partitioned, or arguments do not fit its partitions.
    """
    options = {
        "description": description,
        "minute_of_hour": minute_of_hour,
        "hour_of_day": hour_of_day,
        "day_of_week": day_of_week,
        "day_of_month": day_of_month,
        "default_status": default_status,
        "tags": tags,
        "cron_schedule": cron_schedule,
        "execution_timezone": execution_timezone,
        "metadata": metadata,
        "owners": owners,
    }
    shown = check_name(name or f"{job.name}_schedule", noun="a schedule", reserved=False)
    partitions_def = job.partitions_def
    if partitions_def is None and isinstance(job, UnresolvedAssetJobDefinition):
        if isinstance(job.config, PartitionedConfig):
            partitions_def = job.config.partitions_def
        else:
            return UnresolvedPartitionedAssetScheduleDefinition(shown, job, options)
    if partitions_def is None:
        raise InvalidDefinitionError(
            f"The job '{job.name}' is not partitioned.", mend="give it partitions_def=..., or use ScheduleDefinition."
        )
    return _build(job, partitions_def, shown, options)


def _time_part(partitions_def: Any) -> TimeWindowPartitionsDefinition | None:
    if isinstance(partitions_def, TimeWindowPartitionsDefinition):
        return partitions_def
    if isinstance(partitions_def, MultiPartitionsDefinition):
        for each in partitions_def.partitions_defs:
            if isinstance(each.partitions_def, TimeWindowPartitionsDefinition):
                return each.partitions_def
    return None


def _build(job: Any, partitions_def: Any, name: str, options: Mapping[str, Any]) -> ScheduleDefinition:
    time_part = _time_part(partitions_def)
    given = options["cron_schedule"], options["execution_timezone"]
    if time_part is not None:
        if any(each is not None for each in given):
            raise InvalidDefinitionError(
                f"Cannot provide cron_schedule or execution_timezone to the schedule of job '{job.name}': its partitions "
                "of time say both.",
                mend="use minute_of_hour, hour_of_day, day_of_week or day_of_month.",
            )
        cron = time_part.get_cron_schedule(
            options["minute_of_hour"], options["hour_of_day"], options["day_of_week"], options["day_of_month"]
        )
        timezone: str | None = time_part.timezone
    else:
        if not isinstance(partitions_def, StaticPartitionsDefinition | MultiPartitionsDefinition):
            raise InvalidDefinitionError(
                f"The partitions of job '{job.name}' are neither of time nor static, so that no schedule follows from them."
            )
        if options["cron_schedule"] is None:
            raise InvalidDefinitionError(
                f"Creating a schedule from the static partitions of job '{job.name}' requires a cron schedule.",
                mend="give cron_schedule='0 0 * * *', for example.",
            )
        cron, timezone = given

    def wished(context: Any) -> Any:
        now = context.scheduled_execution_time
        with partition_loading_context(now, context.instance if context.has_instance else None):
            keys = _keys_at(partitions_def, time_part)
            if not keys:
                return SkipReason("The job's PartitionsDefinition has no partitions")
            requests = [
                job.run_request_for_partition(
                    partition_key=key, run_key=str(key), tags=options["tags"], current_time=now
                )
                for key in keys
            ]
            return requests[0] if partitions_def is time_part else requests

    return ScheduleDefinition(
        name=name,
        job=job,
        cron_schedule=cron,
        execution_timezone=timezone,
        execution_fn=wished,
        description=options["description"],
        default_status=options["default_status"],
        tags=options["tags"],
        metadata=options["metadata"],
        owners=options["owners"],
    )


def _keys_at(partitions_def: Any, time_part: TimeWindowPartitionsDefinition | None) -> list[str]:
    """Return the partitions to run now: the newest of time, all of the others."""
    if time_part is None:
        return list(partitions_def.get_partition_keys())
    last = time_part.get_last_partition_key()
    if last is None:
        return []
    if partitions_def is time_part:
        return [last]
    name = next(each.name for each in partitions_def.partitions_defs if each.partitions_def is time_part)
    return [
        key
        for key in partitions_def.get_partition_keys()
        if isinstance(key, MultiPartitionKey) and key.keys_by_dimension[name] == last
    ]
