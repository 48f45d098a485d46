"""Schedules: at which instants a job is wished for, and with which config."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Any

from orrery.base.errors import InvalidDefinitionError
from orrery.base.metadata import MetadataValue, normalize_metadata
from orrery.base.tags import normalize_definition_tags
from orrery.definitions.assets.unresolved_asset_job import checked_owners
from orrery.definitions.instigators.function import InstigatorFunction
from orrery.definitions.instigators.results import ScheduleExecutionData
from orrery.definitions.instigators.target import AutomationTarget, Job, only_one, target_of
from orrery.definitions.parts.as_function import ShowsFunction
from orrery.definitions.parts.naming import check_name
from orrery.definitions.verbs import verbs
from orrery.model.config.run_config import run_config_dict
from orrery.model.partitions.cron import parse_cron

__all__ = ["DefaultScheduleStatus", "ScheduleDefinition"]


class DefaultScheduleStatus(Enum):
    """Whether a schedule runs before anybody switched it on or off."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


class ScheduleDefinition(ShowsFunction):
    """
    A job that is wished for at instants that a cron string names.

    Made by :func:`schedule`, or directly where no function is needed.

    Args:
        name: Name; that of the job with ``_schedule`` if not given.
        cron_schedule: A cron string of five fields (or ``@daily`` and the like), or several.
        job_name: Name of the job; in place of *job*.
        run_config: Run config of each run.
        run_config_fn: Function of the context that returns the run config.
        tags: Tags of the schedule, and of its runs where there is no *execution_fn*.
        tags_fn: Function of the context that returns the tags of the runs.
        metadata: Any metadata, by name.
        should_execute: Function of the context that tells whether to do anything.
        environment_vars: No longer used.
        execution_timezone: Time zone of the cron string, as ``Europe/Berlin``; UTC if not given.
        execution_fn: Function of the context that returns or yields what is wished.
        description: Text for people.
        job: The job.
        default_status: Whether it runs before anybody switched it.
        required_resource_keys: Resources that the functions use.
        target: The job, or assets; in place of *job*.
        owners: E-mail addresses, or teams as ``team:name``.

    Raises:
        InvalidDefinitionError: The cron string or time zone is none, or arguments contradict one another.
    """

    __slots__ = (
        "__weakref__",
        "_cron_schedule",
        "_default_status",
        "_description",
        "_environment_vars",
        "_execution_fn",
        "_metadata",
        "_name",
        "_owners",
        "_required_resource_keys",
        "_run_config",
        "_run_config_fn",
        "_should_execute",
        "_tags",
        "_tags_fn",
        "_target",
        "_timezone",
    )

    def __init__(
        self,
        name: str | None = None,
        *,
        cron_schedule: str | Sequence[str] | None = None,
        job_name: str | None = None,
        run_config: Any = None,
        run_config_fn: Callable[..., Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        tags_fn: Callable[..., Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        should_execute: Callable[..., bool] | None = None,
        environment_vars: Mapping[str, str] | None = None,
        execution_timezone: str | None = None,
        execution_fn: Callable[..., Any] | InstigatorFunction | None = None,
        description: str | None = None,
        job: Any = None,
        default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
        required_resource_keys: AbstractSet[str] | None = None,
        target: Any = None,
        owners: Sequence[str] | None = None,
    ) -> None:
        only_one("ScheduleDefinition", job=job, job_name=job_name, target=target)
        if target is not None:
            self._target = AutomationTarget.from_coercible(target, name)
        elif job is not None:
            self._target = target_of(job)
        elif job_name is not None:
            self._target = AutomationTarget(job_name)
        else:
            raise InvalidDefinitionError(
                f"Schedule '{name}' has nothing to run.", mend="give job=..., job_name=... or target=..."
            )
        self._name = check_name(name or f"{self._target.job_name}_schedule", noun="a schedule", reserved=False)
        shown = f"schedule '{self._name}'"
        self._cron_schedule = _checked_cron(cron_schedule, shown)
        self._timezone = _checked_timezone(execution_timezone, shown)
        if run_config and run_config_fn is not None:
            only_one(shown, run_config=run_config, run_config_fn=run_config_fn)
        if tags and tags_fn is not None:
            only_one(shown, tags=tags, tags_fn=tags_fn)
        if execution_fn is not None and (
            run_config or run_config_fn is not None or tags_fn is not None or should_execute is not None
        ):
            raise InvalidDefinitionError(
                "Attempted to provide both execution_fn and individual run_config/tags_fn arguments to "
                f"{shown}. Must provide only one of the two.",
                mend="say it in execution_fn.",
            )
        self._fill(
            run_config=run_config,
            run_config_fn=run_config_fn,
            tags_fn=tags_fn,
            should_execute=should_execute,
            execution_fn=execution_fn,
        )
        self._tags = normalize_definition_tags(tags)
        self._metadata: Mapping[str, MetadataValue[Any]] = normalize_metadata(metadata) if metadata else {}
        self._environment_vars = environment_vars
        self._description = description
        if not isinstance(default_status, DefaultScheduleStatus):
            raise InvalidDefinitionError(
                f"default_status of {shown} must be a DefaultScheduleStatus, not {default_status!r}."
            )
        self._default_status = default_status
        self._owners = checked_owners(owners, shown)
        required = set(required_resource_keys or ())
        for function in (self._execution_fn, self._run_config_fn):
            if function is not None:
                required.update(function.resource_names)
        self._required_resource_keys = frozenset(required)

    def _fill(
        self, *, run_config: Any, run_config_fn: Any, tags_fn: Any, should_execute: Any, execution_fn: Any
    ) -> None:
        self._run_config = run_config_dict(run_config) if run_config is not None else None
        self._run_config_fn = _function(run_config_fn)
        self._tags_fn = _function(tags_fn)
        self._should_execute = _function(should_execute)
        self._execution_fn = _function(execution_fn)

    @property
    def name(self) -> str:
        """Return the name."""
        return self._name

    @property
    def cron_schedule(self) -> str | Sequence[str]:
        """Return the cron string, or several."""
        return self._cron_schedule

    @property
    def execution_timezone(self) -> str | None:
        """Return the time zone of the cron string; None for UTC."""
        return self._timezone

    @property
    def description(self) -> str | None:
        """Return the description, if any."""
        return self._description

    @property
    def environment_vars(self) -> Mapping[str, str] | None:
        """Return what was given; no longer used."""
        return self._environment_vars

    @property
    def default_status(self) -> DefaultScheduleStatus:
        """Return whether the schedule runs before anybody switched it."""
        return self._default_status

    @property
    def required_resource_keys(self) -> AbstractSet[str]:
        """Return the resources that the functions use."""
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

    # -- target --------------------------------------------------------------------------------

    @property
    def target(self) -> AutomationTarget:
        """Return what the schedule aims at."""
        return self._target

    @property
    def job_name(self) -> str:
        """Return the name of the job."""
        return self._target.job_name

    @property
    def job(self) -> Job:
        """
        Return the job.

        Raises:
            InvalidDefinitionError: Only its name is known.
        """
        if self._target.job is None:
            raise InvalidDefinitionError(
                "No job was provided to ScheduleDefinition.",
                mend=f"give job=... in place of job_name='{self.job_name}'.",
            )
        return self._target.job

    @property
    def has_job(self) -> bool:
        """Tell whether the job itself is known, and not only its name."""
        return self._target.job is not None

    @property
    def has_anonymous_job(self) -> bool:
        """Tell whether the job was made up for a selection of assets."""
        return self._target.is_anonymous

    @property
    def own_jobs(self) -> list[Job]:
        """Return the jobs that the schedule brings with it."""
        return [self._target.job] if self._target.job is not None else []

    @property
    def own_assets(self) -> list[Any]:
        """Return the assets that the schedule brings with it."""
        return self._target.assets_defs

    @property
    def job_names_wanted(self) -> list[str]:
        """Return the names of the jobs that must be there."""
        return [self._target.job_name]

    # -- functions -----------------------------------------------------------------------------

    def _function_shown(self) -> Callable[..., Any] | None:
        return self._execution_fn.fn if self._execution_fn is not None else None

    @property
    def execution_fn(self) -> InstigatorFunction | None:
        """Return the function that says what is wished, if there is one."""
        return self._execution_fn

    @property
    def run_config(self) -> Mapping[str, Any] | None:
        """Return the run config of each run, if it was given."""
        return self._run_config

    @property
    def run_config_fn(self) -> InstigatorFunction | None:
        """Return the function that makes the run config, if there is one."""
        return self._run_config_fn

    @property
    def tags_fn(self) -> InstigatorFunction | None:
        """Return the function that makes the tags of the runs, if there is one."""
        return self._tags_fn

    @property
    def should_execute(self) -> InstigatorFunction | None:
        """Return the function that tells whether to do anything, if there is one."""
        return self._should_execute

    def evaluate_tick(self, context: Any) -> ScheduleExecutionData:
        """
        Say what the schedule wishes at the instant of *context*. Nothing is launched.

        Args:
            context: A :class:`ScheduleEvaluationContext`, as :func:`build_schedule_context` makes it.

        Raises:
            UserCodeExecutionError: A function of the user raised.
            InvariantViolationError: What the function gave is no wish.
        """
        return verbs().evaluate_tick(self, context)  # type: ignore[no-any-return]  # the hatch is untyped

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """
        Call the decorated function directly.

        Raises:
            InvalidInvocationError: The schedule has none, or the arguments do not fit.
        """
        return verbs().invoke_instigator(self, args, kwargs)

    # -- copies --------------------------------------------------------------------------------

    def _changed(self, **changes: Any) -> ScheduleDefinition:
        copied = type(self).__new__(type(self))
        for name in ScheduleDefinition.__slots__:
            if name != "__weakref__":
                setattr(copied, name, changes.get(name, getattr(self, name)))
        return copied

    def with_updated_job(self, new_job: Job) -> ScheduleDefinition:
        """Return the schedule with another job."""
        return self._changed(_target=AutomationTarget(new_job, self._target.assets_defs))

    def with_attributes(self, *, job: Any = None, metadata: Mapping[str, Any] | None = None) -> ScheduleDefinition:
        """Return the schedule with another job or metadata."""
        made = self.with_updated_job(job) if job is not None else self
        return made._changed(_metadata=normalize_metadata(metadata)) if metadata is not None else made

    def with_resolved_jobs(self, get_job: Callable[[str], Job]) -> ScheduleDefinition:
        """Return the schedule with the job that *get_job* has under its name."""
        return self.with_updated_job(get_job(self.job_name)) if self.has_job else self

    def __repr__(self) -> str:
        return f"ScheduleDefinition({self._name!r})"


def _function(given: Any) -> InstigatorFunction | None:
    if given is None or isinstance(given, InstigatorFunction):
        return given
    if not callable(given):
        raise InvalidDefinitionError(f"{given!r} is given as a function of a schedule, but cannot be called.")
    return InstigatorFunction(given, noun="schedule")


def _checked_cron(given: Any, owner: str) -> str | Sequence[str]:
    if isinstance(given, str):
        parse_cron(given, where=owner)
        return given
    if not isinstance(given, Sequence) or not given:
        raise InvalidDefinitionError(
            f"Found invalid cron schedule {given!r} for {owner}.", mend='write cron_schedule="0 0 * * *".'
        )
    for each in given:
        parse_cron(each, where=owner)
    return list(given)


def _checked_timezone(given: str | None, owner: str) -> str | None:
    if given is None:
        return None
    try:
        zoneinfo.ZoneInfo(given)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, TypeError) as error:
        raise InvalidDefinitionError(
            f"Invalid execution timezone {given} for {owner}.", mend="write a name such as 'Europe/Berlin'."
        ) from error
    return given
