"""
What the functions of schedules and sensors see: the instant, the cursor, the instance, resources.

Instance and resources are opened when they are first asked for, and closed with the context.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self

from orrery.base.errors import InvalidInvocationError, InvariantViolationError
from orrery.definitions.parts.resource import as_resource_definitions
from orrery.definitions.verbs import verbs
from orrery.model.events.event import Event, EventType
from orrery.model.events.payloads import StepFailureData
from orrery.model.records.run import Run
from orrery.runtime.contexts.log import LogManager
from orrery.runtime.instance.instance import Instance

__all__ = [
    "RunFailureSensorContext",
    "RunStatusSensorContext",
    "ScheduleEvaluationContext",
    "SensorEvaluationContext",
]


class InstigatorContext:
    """What the contexts of schedules and sensors share."""

    _builder = "build_sensor_context"

    def __init__(
        self,
        *,
        instance_ref: Any = None,
        instance: Any = None,
        resources: Mapping[str, Any] | None = None,
        repository_def: Any = None,
        log_key: Sequence[str] | None = None,
        name: str | None = None,
    ) -> None:
        self._instance_ref = instance_ref
        self._instance = instance
        self._own_instance = False
        self._given_resources: Mapping[str, Any] = dict(resources or {})
        self._repository_def = repository_def
        self._log_key = log_key
        self._name = name
        self._log: LogManager | None = None
        self._opened: Any = None
        self._opening: Any = None

    # -- instance ------------------------------------------------------------------------------

    @property
    def instance_ref(self) -> Any:
        """Return the reference to the instance, if one was given."""
        return self._instance_ref

    @property
    def has_instance(self) -> bool:
        """Tell whether an instance was given, itself or by reference."""
        return self._instance is not None or self._instance_ref is not None

    @property
    def instance(self) -> Instance:
        """
        Return the instance.

        Raises:
            InvariantViolationError: None was given.
        """
        if self._instance is None:
            if self._instance_ref is None:
                raise InvariantViolationError(
                    "Attempted to initialize an instance, but no instance reference was provided.",
                    mend=f"give {self._builder}(instance=...).",
                )
            self._instance = Instance.from_ref(self._instance_ref)
            self._own_instance = True
        made: Instance = self._instance
        return made

    # -- definitions and resources -------------------------------------------------------------

    @property
    def repository_def(self) -> Any:
        """
        Return the definitions that the schedule or sensor belongs to, resolved.

        Raises:
            InvariantViolationError: They were not given.
        """
        if self._repository_def is None:
            raise InvariantViolationError(
                "Attempted to access repository_def, but no repository_def was provided.",
                mend=f"give {self._builder}(repository_def=...), or definitions=...",
            )
        return self._repository_def

    @property
    def has_repository_def(self) -> bool:
        """Tell whether the definitions were given."""
        return self._repository_def is not None

    @property
    def resource_defs(self) -> Mapping[str, Any]:
        """Return the resources by key, as definitions: those given, over those of the project."""
        found = dict(self._repository_def.get_top_level_resources()) if self._repository_def is not None else {}
        found.update(as_resource_definitions(self._given_resources))
        return found

    @property
    def resources(self) -> Any:
        """Return the resources, as attributes; they are opened at the first call."""
        if self._opened is None:
            self._opening = verbs().build_resources(
                self.resource_defs, instance=self._instance if self._instance is not None else None
            )
            self._opened = self._opening.__enter__()
        return self._opened

    def merge_resources(self, resources_dict: Mapping[str, Any]) -> Self:
        """
        Return a copy with further resources.

        Raises:
            InvariantViolationError: The resources of this context are open already.
        """
        if self._opened is not None:
            raise InvariantViolationError("Cannot merge resources in a context whose resources are open already.")
        copied = type(self).__new__(type(self))
        copied.__dict__.update(self.__dict__)
        copied._given_resources = {**self._given_resources, **resources_dict}
        return copied

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what the context opened."""
        opening, self._opening, self._opened = self._opening, None, None
        if self._own_instance and self._instance is not None:
            self._instance.dispose()
            self._instance, self._own_instance = None, False
        if opening is not None:
            opening.__exit__(None, None, None)

    # -- log -----------------------------------------------------------------------------------

    @property
    def log(self) -> LogManager:
        """Return the log of the tick."""
        if self._log is None:
            self._log = LogManager(managed_loggers=[logging.getLogger("orrery")])
        return self._log

    @property
    def log_key(self) -> Sequence[str] | None:
        """Return where what the function logs is kept, if it is kept."""
        return self._log_key

    def has_captured_logs(self) -> bool:
        """Tell whether what the function logs is kept."""
        return False


class ScheduleEvaluationContext(InstigatorContext):
    """
    What the functions of a schedule see.

    Args:
        instance_ref: Reference to the instance; or the instance itself.
        scheduled_execution_time: The instant of the tick (aware).
        log_key: Where what the function logs is kept.
        repository_name: Name of the repository.
        schedule_name: Name of the schedule.
        resources: Resources by key.
        repository_def: The definitions that the schedule belongs to.
    """

    _builder = "build_schedule_context"

    def __init__(
        self,
        instance_ref: Any,
        scheduled_execution_time: datetime | None,
        log_key: Sequence[str] | None = None,
        repository_name: str | None = None,
        schedule_name: str | None = None,
        resources: Mapping[str, Any] | None = None,
        repository_def: Any = None,
    ) -> None:
        is_instance = isinstance(instance_ref, Instance)
        super().__init__(
            instance_ref=None if is_instance else instance_ref,
            instance=instance_ref if is_instance else None,
            resources=resources,
            repository_def=repository_def,
            log_key=log_key,
            name=schedule_name,
        )
        if scheduled_execution_time is not None and scheduled_execution_time.tzinfo is None:
            raise InvalidInvocationError(
                f"scheduled_execution_time {scheduled_execution_time!r} bears no time zone.",
                mend="write datetime(..., tzinfo=UTC).",
            )
        self._scheduled_execution_time = scheduled_execution_time
        self.repository_name = repository_name

    @property
    def scheduled_execution_time(self) -> datetime:
        """
        Return the instant of the tick (aware). It may differ from now.

        Raises:
            InvariantViolationError: None was given.
        """
        if self._scheduled_execution_time is None:
            raise InvariantViolationError(
                "Attempting to access scheduled_execution_time, but no scheduled_execution_time was set on this context.",
                mend="give build_schedule_context(scheduled_execution_time=...).",
            )
        return self._scheduled_execution_time


class SensorEvaluationContext(InstigatorContext):
    """
    What the function of a sensor sees.

    Args:
        instance_ref: Reference to the instance.
        last_tick_completion_time: When the last tick ended, in seconds since 1970 (UTC).
        last_run_key: Run key of the last request.
        cursor: What the last tick left.
        log_key: Where what the function logs is kept.
        repository_name: Name of the repository.
        repository_def: The definitions that the sensor belongs to.
        instance: The instance.
        sensor_name: Name of the sensor.
        resources: Resources by key.
        definitions: In place of *repository_def*.
        last_sensor_start_time: When the sensor was switched on, in seconds since 1970 (UTC).
        code_location_origin: Where the project is.
        last_completion_time: Newer name of *last_tick_completion_time*.
    """

    def __init__(
        self,
        instance_ref: Any,
        last_tick_completion_time: float | None = None,
        last_run_key: str | None = None,
        cursor: str | None = None,
        log_key: Sequence[str] | None = None,
        repository_name: str | None = None,
        repository_def: Any = None,
        instance: Any = None,
        sensor_name: str | None = None,
        resources: Mapping[str, Any] | None = None,
        definitions: Any = None,
        last_sensor_start_time: float | None = None,
        code_location_origin: Any = None,
        last_completion_time: float | None = None,
    ) -> None:
        if definitions is not None and repository_def is not None:
            raise InvalidInvocationError(
                "Both definitions and repository_def were given to the context of a sensor.", mend="give one of them."
            )
        super().__init__(
            instance_ref=instance_ref,
            instance=instance,
            resources=resources,
            repository_def=repository_def if definitions is None else definitions.get_repository_def(),
            log_key=log_key,
            name=sensor_name,
        )
        self.last_completion_time = last_completion_time or last_tick_completion_time
        self.last_run_key = last_run_key
        self.last_sensor_start_time = last_sensor_start_time
        self.code_location_origin = code_location_origin
        self.repository_name = repository_name
        self._cursor = cursor
        self._cursor_updated = False

    @property
    def repository_def(self) -> Any:
        """Return the definitions that the sensor belongs to, resolved; None if they were not given."""
        return self._repository_def

    @property
    def sensor_name(self) -> str | None:
        """Return the name of the sensor."""
        return self._name

    @property
    def last_tick_completion_time(self) -> float | None:
        """Return when the last tick ended, in seconds since 1970 (UTC)."""
        return self.last_completion_time

    @property
    def cursor(self) -> str | None:
        """Return what the last tick left, or this one set."""
        return self._cursor

    @property
    def cursor_updated(self) -> bool:
        """Tell whether :meth:`update_cursor` was called."""
        return self._cursor_updated

    def update_cursor(self, cursor: str | None) -> None:
        """
        Set what the next tick shall see as ``context.cursor``.

        Raises:
            InvalidInvocationError: *cursor* is no text.
        """
        if cursor is not None and not isinstance(cursor, str):
            raise InvalidInvocationError(f"A cursor is a text, not {cursor!r}.", mend="write json.dumps(...).")
        self._cursor = cursor
        self._cursor_updated = True

    @property
    def is_first_tick_since_sensor_start(self) -> bool:
        """Tell whether no tick has ended since the sensor was switched on."""
        if self.last_sensor_start_time is None or self.last_completion_time is None:
            return True
        return self.last_sensor_start_time > self.last_completion_time

    @property
    def caching_dynamic_partitions_loader(self) -> Any:
        """Return where dynamic partitions are read: the instance."""
        return self.instance


class RunStatusSensorContext(InstigatorContext):
    """
    What the function of a run status sensor sees.

    Args:
        sensor_name: Name of the sensor.
        dagster_run: The run that came into the status.
        dagster_event: The event that says so.
        instance: The instance.
        context: The context of the tick, if there is one.
        resource_defs: Resources by key.
        logger: Log of the tick.
        partition_key: The partition of the run.
        repository_def: The definitions that the sensor belongs to.
    """

    _builder = "build_run_status_sensor_context"

    def __init__(
        self,
        sensor_name: str,
        dagster_run: Run,
        dagster_event: Event,
        instance: Any,
        context: Any = None,
        resource_defs: Mapping[str, Any] | None = None,
        logger: Any = None,
        partition_key: str | None = None,
        repository_def: Any = None,
        _resources: Any = None,
        _cm_scope_entered: bool = False,
    ) -> None:
        super().__init__(instance=instance, resources=resource_defs, repository_def=repository_def, name=sensor_name)
        self.dagster_run = dagster_run
        self.dagster_event = dagster_event
        self._tick = context
        self._log = logger or (context.log if context is not None else None)
        self._partition_key = partition_key

    @property
    def sensor_name(self) -> str:
        """Return the name of the sensor."""
        return self._name or ""

    @property
    def run(self) -> Run:
        """Return the run that came into the status."""
        return self.dagster_run

    @property
    def partition_key(self) -> str | None:
        """Return the partition of the run, if it has one."""
        return self._partition_key or self.dagster_run.tags.get("orrery/partition")

    def for_run_failure(self) -> RunFailureSensorContext:
        """Return the context as that of a run that failed."""
        copied = RunFailureSensorContext.__new__(RunFailureSensorContext)
        copied.__dict__.update(self.__dict__)
        return copied


class RunFailureSensorContext(RunStatusSensorContext):
    """What the function of a run failure sensor sees; see :class:`RunStatusSensorContext`."""

    @property
    def failure_event(self) -> Event:
        """Return the event that says that the run failed, with the error."""
        return self.dagster_event

    def get_step_failure_events(self) -> Sequence[Event]:
        """Return the events of the steps of the run that failed."""
        entries = self.instance.all_logs(self.dagster_run.run_id, of_type=EventType.STEP_FAILURE)
        return [
            entry.dagster_event
            for entry in entries
            if entry.dagster_event is not None and isinstance(entry.dagster_event.event_specific_data, StepFailureData)
        ]
