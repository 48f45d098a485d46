"""The decorators that make sensors of functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, overload

from orrery.base.keys import CoercibleToAssetKey
from orrery.definitions.instigators.asset_sensors import AssetSensorDefinition, MultiAssetSensorDefinition
from orrery.definitions.instigators.run_status_sensors import RunStatusSensorDefinition
from orrery.definitions.instigators.sensor import DefaultSensorStatus, SensorDefinition
from orrery.model.records.run import RunStatus

__all__ = ["asset_sensor", "multi_asset_sensor", "run_failure_sensor", "run_status_sensor", "sensor"]

STOPPED = DefaultSensorStatus.STOPPED


def sensor(
    job_name: str | None = None,
    *,
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    job: Any = None,
    jobs: Sequence[Any] | None = None,
    default_status: DefaultSensorStatus = STOPPED,
    asset_selection: Any = None,
    required_resource_keys: AbstractSet[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    target: Any = None,
    owners: Sequence[str] | None = None,
) -> Callable[[Callable[..., Any]], SensorDefinition]:
    """
    Make a sensor of the decorated function.

    The function takes a :class:`SensorEvaluationContext` or nothing, and resources as annotated parameters.
    It returns a :class:`RunRequest`, a list of these, a :class:`SkipReason`, a :class:`SensorResult` or
    nothing; or it yields such.

    Args:
        job_name: Name of the job; in place of *job*.
        name: Name; that of the function if not given.
        minimum_interval_seconds: Seconds between two ticks, at least.
        description: Text for people; by default the function's docstring.
        job: The job.
        jobs: Several jobs; requests say which one they mean.
        default_status: Whether it runs before anybody switched it.
        asset_selection: Assets that requests may name; in place of a job.
        required_resource_keys: Resources that the function uses.
        tags: Tags of the sensor.
        metadata: Any metadata, by name.
        target: A job or assets; in place of all of these.
        owners: E-mail addresses, or teams as ``team:name``.

    Raises:
        InvalidDefinitionError: Arguments contradict one another.
    """

    def decorate(function: Callable[..., Any]) -> SensorDefinition:
        return SensorDefinition(
            name=name or function.__name__,
            evaluation_fn=function,
            job_name=job_name,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description or function.__doc__,
            job=job,
            jobs=jobs,
            default_status=default_status,
            asset_selection=asset_selection,
            required_resource_keys=required_resource_keys,
            tags=tags,
            metadata=metadata,
            target=target,
            owners=owners,
        )

    return decorate


def asset_sensor(
    asset_key: CoercibleToAssetKey,
    *,
    job_name: str | None = None,
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    job: Any = None,
    jobs: Sequence[Any] | None = None,
    default_status: DefaultSensorStatus = STOPPED,
    required_resource_keys: AbstractSet[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], AssetSensorDefinition]:
    """
    Make a sensor that calls the decorated function with the newest materialization of an asset.

    The function takes the context and an :class:`EventLogEntry`, and gives what that of a :func:`sensor` may.

    Args:
        asset_key: The asset.
        job_name: Name of the job; in place of *job*.
        name: Name; that of the function if not given.
        minimum_interval_seconds: Seconds between two ticks, at least.
        description: Text for people; by default the function's docstring.
        job: The job.
        jobs: Several jobs; requests say which one they mean.
        default_status: Whether it runs before anybody switched it.
        required_resource_keys: Resources that the function uses.
        tags: Tags of the sensor.
        metadata: Any metadata, by name.
    """

    def decorate(function: Callable[..., Any]) -> AssetSensorDefinition:
        return AssetSensorDefinition(
            name or function.__name__,
            asset_key,
            job_name,
            function,
            minimum_interval_seconds,
            description or function.__doc__,
            job,
            jobs,
            default_status,
            required_resource_keys,
            tags,
            metadata,
        )

    return decorate


def multi_asset_sensor(
    monitored_assets: Any,
    *,
    job_name: str | None = None,
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    job: Any = None,
    jobs: Sequence[Any] | None = None,
    default_status: DefaultSensorStatus = STOPPED,
    request_assets: Any = None,
    required_resource_keys: AbstractSet[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], MultiAssetSensorDefinition]:
    """
    Make a sensor that calls the decorated function with a view of the materializations of several assets.

    The function takes a :class:`MultiAssetSensorEvaluationContext`, on which it advances the cursor past what
    it has dealt with.

    Args:
        monitored_assets: The assets: keys, or a selection.
        job_name: Name of the job; in place of *job*.
        name: Name; that of the function if not given.
        minimum_interval_seconds: Seconds between two ticks, at least.
        description: Text for people; by default the function's docstring.
        job: The job.
        jobs: Several jobs; requests say which one they mean.
        default_status: Whether it runs before anybody switched it.
        request_assets: Assets that requests may name, in place of a job.
        required_resource_keys: Resources that the function uses.
        tags: Tags of the sensor.
        metadata: Any metadata, by name.
    """

    def decorate(function: Callable[..., Any]) -> MultiAssetSensorDefinition:
        return MultiAssetSensorDefinition(
            name or function.__name__,
            monitored_assets,
            job_name,
            function,
            minimum_interval_seconds,
            description or function.__doc__,
            job,
            jobs,
            default_status,
            request_assets,
            required_resource_keys,
            tags,
            metadata,
        )

    return decorate


def run_status_sensor(
    run_status: RunStatus,
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    monitored_jobs: Sequence[Any] | None = None,
    job_selection: Sequence[Any] | None = None,
    monitor_all_code_locations: bool | None = None,
    default_status: DefaultSensorStatus = STOPPED,
    request_job: Any = None,
    request_jobs: Sequence[Any] | None = None,
    monitor_all_repositories: bool | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], RunStatusSensorDefinition]:
    """
    Make a sensor that calls the decorated function for each run that came into *run_status*.

    The function takes a :class:`RunStatusSensorContext` or nothing, and gives what that of a :func:`sensor` may.

    Args:
        run_status: The status.
        name: Name; that of the function if not given.
        minimum_interval_seconds: Seconds between two ticks, at least.
        description: Text for people; by default the function's docstring.
        monitored_jobs: Jobs to look at; all of the project if not given.
        job_selection: Older name of *monitored_jobs*.
        monitor_all_code_locations: Look at the jobs of all projects.
        default_status: Whether it runs before anybody switched it.
        request_job: Job that the function wishes for.
        request_jobs: Several such jobs.
        monitor_all_repositories: Older name of *monitor_all_code_locations*.
        tags: Tags of the sensor.
        metadata: Any metadata, by name.
    """

    def decorate(function: Callable[..., Any]) -> RunStatusSensorDefinition:
        return RunStatusSensorDefinition(
            name or function.__name__,
            run_status,
            function,
            minimum_interval_seconds,
            description or function.__doc__,
            monitored_jobs or job_selection,
            monitor_all_code_locations or monitor_all_repositories,
            default_status,
            request_job,
            request_jobs,
            tags,
            metadata,
        )

    return decorate


@overload
def run_failure_sensor(name: Callable[..., Any]) -> RunStatusSensorDefinition: ...


@overload
def run_failure_sensor(
    name: str | Callable[..., Any] | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    monitored_jobs: Sequence[Any] | None = None,
    job_selection: Sequence[Any] | None = None,
    monitor_all_code_locations: bool | None = None,
    default_status: DefaultSensorStatus = STOPPED,
    request_job: Any = None,
    request_jobs: Sequence[Any] | None = None,
    monitor_all_repositories: bool | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], RunStatusSensorDefinition]: ...


def run_failure_sensor(
    name: str | Callable[..., Any] | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    monitored_jobs: Sequence[Any] | None = None,
    job_selection: Sequence[Any] | None = None,
    monitor_all_code_locations: bool | None = None,
    default_status: DefaultSensorStatus = STOPPED,
    request_job: Any = None,
    request_jobs: Sequence[Any] | None = None,
    monitor_all_repositories: bool | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Any:
    """
    Make a sensor that calls the decorated function for each run that failed.

    The function takes a :class:`RunFailureSensorContext`, or nothing. Args are those of :func:`run_status_sensor`;
    the decorator may also stand without arguments.
    """

    def decorate(function: Callable[..., Any]) -> RunStatusSensorDefinition:
        return run_status_sensor(
            RunStatus.FAILURE,
            None if callable(name) else name,
            minimum_interval_seconds,
            description,
            monitored_jobs,
            job_selection,
            monitor_all_code_locations,
            default_status,
            request_job,
            request_jobs,
            monitor_all_repositories,
            tags,
            metadata,
        )(function)

    return decorate(name) if callable(name) else decorate
