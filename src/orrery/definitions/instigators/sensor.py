"""Sensors: functions that look at the world from time to time, and wish for runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Any

from orrery.base.errors import InvalidDefinitionError
from orrery.base.metadata import MetadataValue, normalize_metadata
from orrery.base.tags import normalize_definition_tags
from orrery.definitions.assets.unresolved_asset_job import checked_owners
from orrery.definitions.instigators.function import InstigatorFunction
from orrery.definitions.instigators.results import SensorExecutionData
from orrery.definitions.instigators.target import AutomationTarget, Job, only_one, own_jobs, target_of
from orrery.definitions.parts.as_function import ShowsFunction
from orrery.definitions.parts.naming import check_name
from orrery.definitions.verbs import verbs
from orrery.model.assets.selection import AssetSelection

__all__ = ["DEFAULT_SENSOR_DAEMON_INTERVAL", "DefaultSensorStatus", "SensorDefinition", "SensorType"]

DEFAULT_SENSOR_DAEMON_INTERVAL = 30
"""Seconds between two ticks of a sensor that does not say."""


class DefaultSensorStatus(Enum):
    """Whether a sensor runs before anybody switched it on or off."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


class SensorType(Enum):
    """What a sensor looks at."""

    STANDARD = "STANDARD"
    RUN_STATUS = "RUN_STATUS"
    ASSET = "ASSET"
    MULTI_ASSET = "MULTI_ASSET"
    FRESHNESS_POLICY = "FRESHNESS_POLICY"
    AUTO_MATERIALIZE = "AUTO_MATERIALIZE"
    AUTOMATION = "AUTOMATION"
    UNKNOWN = "UNKNOWN"


class SensorDefinition(ShowsFunction):
    """
    A function that is called from time to time, and wishes for runs.

    Made by :func:`sensor` and its kin as a rule.

    Args:
        name: Name; that of the function if not given.
        evaluation_fn: Function of the context that returns or yields what is wished.
        job_name: Name of the job; in place of *job*.
        minimum_interval_seconds: Seconds between two ticks, at least.
        description: Text for people.
        job: The job.
        jobs: Several jobs; requests say which one they mean.
        default_status: Whether it runs before anybody switched it.
        asset_selection: Assets that requests may name; in place of a job.
        required_resource_keys: Resources that the function uses.
        tags: Tags of the sensor.
        metadata: Any metadata, by name.
        target: A job, jobs or assets; in place of all of these.
        owners: E-mail addresses, or teams as ``team:name``.

    Raises:
        InvalidDefinitionError: Arguments contradict one another.
    """

    sensor_type = SensorType.STANDARD
    function_takes_event = False

    def __init__(
        self,
        name: str | None = None,
        *,
        evaluation_fn: Callable[..., Any] | InstigatorFunction | None = None,
        job_name: str | None = None,
        minimum_interval_seconds: int | None = None,
        description: str | None = None,
        job: Any = None,
        jobs: Sequence[Any] | None = None,
        default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
        asset_selection: Any = None,
        required_resource_keys: AbstractSet[str] | None = None,
        tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        target: Any = None,
        owners: Sequence[str] | None = None,
    ) -> None:
        only_one(
            "SensorDefinition", job=job, jobs=jobs, job_name=job_name, asset_selection=asset_selection, target=target
        )
        if evaluation_fn is None:
            raise InvalidDefinitionError(
                f"Must provide evaluation_fn to SensorDefinition '{name}'.", mend="decorate a function with @sensor."
            )
        self._function = (
            evaluation_fn
            if isinstance(evaluation_fn, InstigatorFunction)
            else InstigatorFunction(evaluation_fn, takes_event=self.function_takes_event)
        )
        self._name = check_name(name or self._function.name, noun="a sensor", reserved=False)
        shown = f"sensor '{self._name}'"
        self._targets: list[AutomationTarget] = _targets(self._name, job, jobs, job_name, target)
        self._asset_selection = AssetSelection.from_coercible(asset_selection) if asset_selection is not None else None
        if minimum_interval_seconds is not None and (
            isinstance(minimum_interval_seconds, bool) or not isinstance(minimum_interval_seconds, int | float)
        ):
            raise InvalidDefinitionError(
                f"minimum_interval_seconds of {shown} must be a number of seconds, not {minimum_interval_seconds!r}."
            )
        self._minimum_interval_seconds = (
            minimum_interval_seconds if minimum_interval_seconds is not None else DEFAULT_SENSOR_DAEMON_INTERVAL
        )
        self._description = description
        if not isinstance(default_status, DefaultSensorStatus):
            raise InvalidDefinitionError(
                f"default_status of {shown} must be a DefaultSensorStatus, not {default_status!r}."
            )
        self._default_status = default_status
        self._required_resource_keys = frozenset({*(required_resource_keys or ()), *self._function.resource_names})
        self._tags = normalize_definition_tags(tags)
        self._metadata: Mapping[str, MetadataValue[Any]] = normalize_metadata(metadata) if metadata else {}
        self._owners = checked_owners(owners, shown)

    def _function_shown(self) -> Callable[..., Any] | None:
        return self._function.fn if type(self) is SensorDefinition else None

    @property
    def name(self) -> str:
        """Return the name."""
        return self._name

    @property
    def description(self) -> str | None:
        """Return the description, if any."""
        return self._description

    @property
    def minimum_interval_seconds(self) -> float:
        """Return the seconds between two ticks, at least."""
        return self._minimum_interval_seconds

    @property
    def default_status(self) -> DefaultSensorStatus:
        """Return whether the sensor runs before anybody switched it."""
        return self._default_status

    @property
    def asset_selection(self) -> AssetSelection | None:
        """Return the assets that requests may name, if they were given."""
        return self._asset_selection

    @property
    def required_resource_keys(self) -> AbstractSet[str]:
        """Return the resources that the function uses."""
        return self._required_resource_keys

    @property
    def tags(self) -> Mapping[str, str]:
        """Return the tags."""
        return self._tags

    @property
    def metadata(self) -> Mapping[str, MetadataValue[Any]]:
        """Return the metadata by name."""
        return self._metadata

    @property
    def owners(self) -> Sequence[str] | None:
        """Return the owners, if any."""
        return self._owners

    @property
    def function(self) -> InstigatorFunction:
        """Return the function of the user."""
        return self._function

    # -- targets -------------------------------------------------------------------------------

    @property
    def targets(self) -> Sequence[AutomationTarget]:
        """Return what the sensor aims at."""
        return self._targets

    @property
    def job_name(self) -> str | None:
        """
        Return the name of the one job.

        Raises:
            InvalidDefinitionError: There is none, or there are several.
        """
        return self._one_target("job_name").job_name

    @property
    def job(self) -> Job:
        """
        Return the one job.

        Raises:
            InvalidDefinitionError: There is none, there are several, or only its name is known.
        """
        return self._one_target("Job").job_def

    def _one_target(self, what: str) -> AutomationTarget:
        if not self._targets:
            raise InvalidDefinitionError("No job was provided to SensorDefinition.", mend="give job=... or target=...")
        if len(self._targets) > 1:
            raise InvalidDefinitionError(
                f"{what} property not available when SensorDefinition has multiple jobs.", mend="use .jobs."
            )
        return self._targets[0]

    @property
    def jobs(self) -> list[Job]:
        """Return the jobs."""
        if not self._targets:
            raise InvalidDefinitionError("No job was provided to SensorDefinition.", mend="give job=... or target=...")
        return own_jobs(self._targets)

    @property
    def has_jobs(self) -> bool:
        """Tell whether there are jobs, and not only names."""
        return bool(own_jobs(self._targets))

    @property
    def has_anonymous_job(self) -> bool:
        """Tell whether the job was made up for a selection of assets."""
        return any(each.is_anonymous for each in self._targets)

    @property
    def own_jobs(self) -> list[Job]:
        """Return the jobs that the sensor brings with it."""
        return own_jobs(self._targets)

    @property
    def own_assets(self) -> list[Any]:
        """Return the assets that the sensor brings with it."""
        return [asset for each in self._targets for asset in each.assets_defs]

    @property
    def job_names_wanted(self) -> list[str]:
        """Return the names of the jobs that must be there."""
        return [each.job_name for each in self._targets]

    # -- ticks ---------------------------------------------------------------------------------

    def evaluate_tick(self, context: Any) -> SensorExecutionData:
        """
        Say what the sensor wishes now. Nothing is launched.

        Args:
            context: A :class:`SensorEvaluationContext`, as :func:`build_sensor_context` makes it.

        Raises:
            Exception: What the function raised.
            InvariantViolationError: What the function gave is no wish.
        """
        return verbs().evaluate_tick(self, context)  # type: ignore[no-any-return]  # the hatch is untyped

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """
        Call the function directly.

        Raises:
            InvalidInvocationError: The arguments do not fit.
        """
        return verbs().invoke_instigator(self, args, kwargs)

    def resolve_run_requests(
        self,
        run_requests: Sequence[Any],
        context: Any,
        asset_selection: Any,
        dynamic_partitions_requests: Sequence[Any],
    ) -> Sequence[Any]:
        """Return *run_requests* with the tags and run config of their partitions, and the tag of the sensor."""
        return verbs().resolve_run_requests(self, run_requests, context, dynamic_partitions_requests)  # type: ignore[no-any-return]  # the hatch is untyped

    def validate_backfill_requests(self, run_requests: Sequence[Any], context: Any) -> None:
        """
        Refuse requests for many partitions from a sensor that targets no assets.

        Raises:
            InvalidDefinitionError: There is such a request, and no asset selection.
        """
        if self._asset_selection is None and any(each.requires_backfill_daemon() for each in run_requests):
            raise InvalidDefinitionError(
                f"Sensor '{self._name}' requests a backfill, but targets no assets.", mend="give asset_selection=..."
            )

    # -- copies --------------------------------------------------------------------------------

    def _changed(self, **changes: Any) -> Any:
        copied = type(self).__new__(type(self))
        copied.__dict__.update(self.__dict__)
        copied.__dict__.update(changes)
        return copied

    def with_updated_job(self, new_job: Job) -> Any:
        """Return the sensor with another job."""
        return self.with_updated_jobs([new_job])

    def with_updated_jobs(self, new_jobs: Sequence[Job]) -> Any:
        """Return the sensor with other jobs."""
        return self._changed(_targets=[target_of(each) for each in new_jobs])

    def with_attributes(self, *, jobs: Sequence[Job] | None = None, metadata: Mapping[str, Any] | None = None) -> Any:
        """Return the sensor with other jobs or metadata."""
        made = self.with_updated_jobs(jobs) if jobs is not None else self
        return made._changed(_metadata=normalize_metadata(metadata)) if metadata is not None else made

    def with_resolved_jobs(self, get_job: Callable[[str], Job]) -> Any:
        """Return the sensor with the jobs that *get_job* has under their names."""
        targets = [
            AutomationTarget(get_job(each.job_name), each.assets_defs) if each.job is not None else each
            for each in self._targets
        ]
        return self._changed(_targets=targets)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name!r})"


def _targets(name: str, job: Any, jobs: Any, job_name: str | None, target: Any) -> list[AutomationTarget]:
    if job is not None:
        return [target_of(job)]
    if jobs is not None:
        return [target_of(each) for each in jobs]
    if job_name is not None:
        return [AutomationTarget(job_name)]
    return [AutomationTarget.from_coercible(target, name)] if target is not None else []
