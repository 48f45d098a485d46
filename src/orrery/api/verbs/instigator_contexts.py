"""Contexts for calling the functions of schedules and sensors directly, as in tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from orrery.base.errors import (
    InvalidInvocationError,
)
from orrery.base.keys import AssetKey
from orrery.runtime.contexts.instigator import (
    RunStatusSensorContext,
    ScheduleEvaluationContext,
    SensorEvaluationContext,
)
from orrery.runtime.contexts.multi_asset_sensor import MultiAssetSensorEvaluationContext

__all__ = [
    "build_multi_asset_sensor_context",
    "build_run_status_sensor_context",
    "build_schedule_context",
    "build_sensor_context",
]


def build_schedule_context(
    instance: Any = None,
    scheduled_execution_time: datetime | None = None,
    resources: Mapping[str, object] | None = None,
    repository_def: Any = None,
    instance_ref: Any = None,
) -> ScheduleEvaluationContext:
    """
    Return a context with which to try a schedule.

    Args:
        instance: The instance that the function sees.
        scheduled_execution_time: The instant of the tick (aware; a naive one counts as UTC).
        resources: Resources by key.
        repository_def: The definitions that the schedule belongs to.
        instance_ref: Reference to an instance; in place of *instance*.
    """
    if scheduled_execution_time is not None and scheduled_execution_time.tzinfo is None:
        scheduled_execution_time = scheduled_execution_time.replace(tzinfo=UTC)
    return ScheduleEvaluationContext(
        instance if instance is not None else instance_ref,
        scheduled_execution_time,
        resources=resources,
        repository_def=_repository(repository_def),
    )


def build_sensor_context(
    instance: Any = None,
    cursor: str | None = None,
    repository_name: str | None = None,
    repository_def: Any = None,
    sensor_name: str | None = None,
    resources: Mapping[str, object] | None = None,
    definitions: Any = None,
    instance_ref: Any = None,
    last_sensor_start_time: float | None = None,
) -> SensorEvaluationContext:
    """
    Return a context with which to try a sensor.

    Args:
        instance: The instance that the function sees.
        cursor: What the last tick left.
        repository_name: Name of the repository.
        repository_def: The definitions that the sensor belongs to, whose resources it sees.
        sensor_name: Name of the sensor.
        resources: Resources by key; they take the place of the project's.
        definitions: In place of *repository_def*.
        instance_ref: Reference to an instance; in place of *instance*.
        last_sensor_start_time: When the sensor was switched on, in seconds since 1970 (UTC).
    """
    return SensorEvaluationContext(
        instance_ref,
        cursor=cursor,
        repository_name=repository_name,
        repository_def=repository_def,
        instance=instance,
        sensor_name=sensor_name,
        resources=resources,
        definitions=definitions,
        last_sensor_start_time=last_sensor_start_time,
    )


def build_multi_asset_sensor_context(
    *,
    monitored_assets: Any,
    repository_def: Any = None,
    instance: Any = None,
    cursor: str | None = None,
    repository_name: str | None = None,
    cursor_from_latest_materializations: bool = False,
    resources: Mapping[str, object] | None = None,
    definitions: Any = None,
    last_sensor_start_time: float | None = None,
) -> MultiAssetSensorEvaluationContext:
    """
    Return a context with which to try a multi-asset sensor.

    Args:
        monitored_assets: Keys of the assets, or a selection.
        repository_def: The definitions that the sensor belongs to.
        instance: The instance that the function sees.
        cursor: What the last tick left.
        repository_name: Name of the repository.
        cursor_from_latest_materializations: Begin after the newest materialization of each asset.
        resources: Resources by key.
        definitions: In place of *repository_def*.
        last_sensor_start_time: When the sensor was switched on, in seconds since 1970 (UTC).

    Raises:
        InvalidInvocationError: A cursor was given in both ways.
    """
    if cursor is not None and cursor_from_latest_materializations:
        raise InvalidInvocationError(
            "Cannot provide both cursor and cursor_from_latest_materializations.", mend="give one of them."
        )
    made = MultiAssetSensorEvaluationContext(
        None,
        [AssetKey.from_coercible(each) for each in monitored_assets]
        if isinstance(monitored_assets, list | tuple)
        else monitored_assets,
        cursor=cursor,
        repository_name=repository_name,
        repository_def=repository_def,
        instance=instance,
        resource_defs=resources,
        definitions=definitions,
        last_sensor_start_time=last_sensor_start_time,
    )
    if not cursor_from_latest_materializations:
        return made
    made.advance_all_cursors()
    return build_multi_asset_sensor_context(
        monitored_assets=monitored_assets,
        repository_def=repository_def,
        instance=instance,
        cursor=made.cursor,
        repository_name=repository_name,
        resources=resources,
        definitions=definitions,
        last_sensor_start_time=last_sensor_start_time,
    )


def build_run_status_sensor_context(
    sensor_name: str,
    dagster_event: Any,
    dagster_instance: Any,
    dagster_run: Any,
    context: Any = None,
    resources: Mapping[str, object] | None = None,
    partition_key: str | None = None,
    *,
    repository_def: Any = None,
) -> RunStatusSensorContext:
    """
    Return a context with which to try a run status sensor.

    Args:
        sensor_name: Name of the sensor.
        dagster_event: The event that says that the run came into the status.
        dagster_instance: The instance.
        dagster_run: The run.
        context: The context of a tick.
        resources: Resources by key.
        partition_key: The partition of the run.
        repository_def: The definitions that the sensor belongs to.
    """
    return RunStatusSensorContext(
        sensor_name,
        dagster_run,
        dagster_event,
        dagster_instance,
        context=context,
        resource_defs=resources,
        partition_key=partition_key,
        repository_def=_repository(repository_def),
    )


def _repository(given: Any) -> Any:
    return given.get_repository_def() if hasattr(given, "get_repository_def") else given
