"""The decorator that makes a schedule of a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orrery.definitions.instigators.function import InstigatorFunction
from orrery.definitions.instigators.schedule import DefaultScheduleStatus, ScheduleDefinition

__all__ = ["schedule"]


def schedule(
    cron_schedule: str | Sequence[str],
    *,
    job_name: str | None = None,
    name: str | None = None,
    tags: Mapping[str, Any] | None = None,
    tags_fn: Callable[..., Mapping[str, str] | None] | None = None,
    metadata: Mapping[str, Any] | None = None,
    should_execute: Callable[..., bool] | None = None,
    environment_vars: Mapping[str, str] | None = None,
    execution_timezone: str | None = None,
    description: str | None = None,
    job: Any = None,
    default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
    required_resource_keys: AbstractSet[str] | None = None,
    target: Any = None,
    owners: Sequence[str] | None = None,
) -> Callable[[Callable[..., Any]], ScheduleDefinition]:
    """
    Make a schedule of the decorated function.

    The function takes a :class:`ScheduleEvaluationContext` or nothing, and resources as annotated parameters.
    It returns a :class:`RunRequest`, a list of these, run config as a dictionary, a :class:`SkipReason` or
    nothing; or it yields such.

    Args:
        cron_schedule: A cron string of five fields, or several.
        job_name: Name of the job; in place of *job*.
        name: Name; that of the function if not given.
        tags: Tags of the schedule, and of runs for which the function returns a dictionary.
        tags_fn: Function of the context that returns tags of the runs.
        metadata: Any metadata, by name.
        should_execute: Function of the context that tells whether to do anything.
        environment_vars: No longer used.
        execution_timezone: Time zone of the cron string, as ``Europe/Berlin``; UTC if not given.
        description: Text for people; by default the function's docstring.
        job: The job.
        default_status: Whether it runs before anybody switched it.
        required_resource_keys: Resources that the function uses.
        target: The job, or assets; in place of *job*.
        owners: E-mail addresses, or teams as ``team:name``.

    Raises:
        InvalidDefinitionError: The cron string or time zone is none, or arguments contradict one another.
    """

    def decorate(function: Callable[..., Any]) -> ScheduleDefinition:
        made = ScheduleDefinition(
            name=name or function.__name__,
            cron_schedule=cron_schedule,
            job_name=job_name,
            tags=tags,
            tags_fn=None if tags else tags_fn,
            metadata=metadata,
            should_execute=should_execute,
            environment_vars=environment_vars,
            execution_timezone=execution_timezone,
            description=description or function.__doc__,
            job=job,
            default_status=default_status,
            required_resource_keys=required_resource_keys,
            target=target,
            owners=owners,
        )
        own = InstigatorFunction(function, noun="schedule")
        return made._changed(
            _execution_fn=own, _required_resource_keys=made.required_resource_keys | set(own.resource_names)
        )

    return decorate
