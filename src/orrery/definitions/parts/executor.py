"""Executors and loggers as definitions: named, configurable, made when a run begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, overload

from orrery.base.errors import InvalidDefinitionError, InvalidInvocationError
from orrery.definitions.parts.naming import check_name
from orrery.model.config.configured import NOTHING_GIVEN, ConfigurableDefinition, Origin
from orrery.model.config.schema import Field, resolve_field

__all__ = [
    "ExecutorDefinition",
    "ExecutorRequirement",
    "InitExecutorContext",
    "InitLoggerContext",
    "LoggerDefinition",
    "executor",
    "logger",
    "multiple_process_executor_requirements",
]


class ExecutorRequirement(Enum):
    """What an executor needs of the job and the instance."""

    RECONSTRUCTABLE_JOB = "RECONSTRUCTABLE_JOB"
    RECONSTRUCTABLE_PIPELINE = "RECONSTRUCTABLE_PIPELINE"
    NON_EPHEMERAL_INSTANCE = "NON_EPHEMERAL_INSTANCE"
    PERSISTENT_OUTPUTS = "PERSISTENT_OUTPUTS"


def multiple_process_executor_requirements() -> list[ExecutorRequirement]:
    """Return what executors of several processes need."""
    return [
        ExecutorRequirement.RECONSTRUCTABLE_JOB,
        ExecutorRequirement.NON_EPHEMERAL_INSTANCE,
        ExecutorRequirement.PERSISTENT_OUTPUTS,
    ]


class ExecutorDefinition(ConfigurableDefinition):
    """
    How the steps of a run are executed.

    Args:
        name: Name, as run config may say it.
        config_schema: What the executor's config must look like.
        requirements: What it needs, or a function of its config that says.
        executor_creation_fn: ``(InitExecutorContext) -> Executor``.
        description: Text for people.
    """

    __slots__ = ("_config_field", "_description", "_executor_creation_fn", "_name", "_requirements")

    noun = "executor"

    def __init__(
        self,
        name: str,
        config_schema: Any = None,
        requirements: Sequence[ExecutorRequirement] | Callable[[Any], Sequence[ExecutorRequirement]] | None = None,
        executor_creation_fn: Callable[[Any], Any] | None = None,
        description: str | None = None,
    ) -> None:
        self._name = check_name(name, noun="an executor")
        self._config_field = resolve_field(config_schema)
        self._requirements = requirements or []
        self._executor_creation_fn = executor_creation_fn
        self._description = description

    @property
    def name(self) -> str:
        """Return the name."""
        return self._name

    @property
    def description(self) -> str | None:
        """Return the description, if any."""
        return self._description

    @property
    def config_field(self) -> Field:
        """Return what the executor's config must look like."""
        return self._config_field

    @property
    def executor_creation_fn(self) -> Callable[[Any], Any] | None:
        """Return the function that makes the executor."""
        return self._executor_creation_fn

    def get_requirements(self, executor_config: Any) -> Sequence[ExecutorRequirement]:
        """Return what the executor needs under *executor_config*."""
        return self._requirements(executor_config) if callable(self._requirements) else self._requirements

    def copy_for_configured(  # type: ignore[override]  # an executor is configured under a name
        self, name: str, description: str | None, config_schema: Any
    ) -> ExecutorDefinition:
        """Return the executor under *name* with another config schema."""
        return ExecutorDefinition(
            name, config_schema, self._requirements, self._executor_creation_fn, description or self._description
        )

    def configured(  # type: ignore[override]  # an executor is configured under a name
        self,
        config_or_config_fn: Any,
        name: str | None = None,
        config_schema: Any = None,
        description: str | None = None,
    ) -> ExecutorDefinition:
        """Return a copy, called *name* if given, whose config is given or computed."""
        schema, function, constant = self._configuration(config_or_config_fn, config_schema)
        copied = self.copy_for_configured(name or self._name, description, schema)
        copied.configured_from = Origin(self, function, constant)
        return copied

    @staticmethod
    def hardcoded_executor(executor: Any) -> ExecutorDefinition:
        """Return a definition that gives *executor* as it is."""
        return ExecutorDefinition("__executor__", executor_creation_fn=lambda _init_context: executor)

    def __repr__(self) -> str:
        return f"ExecutorDefinition({self._name!r})"


class InitExecutorContext:
    """
    What an executor is made from.

    Attributes:
        job: The job that runs.
        executor_def: The definition.
        executor_config: Its config, resolved.
        instance: The instance of the run.
        origin: Where the job comes from, for other processes; None if they cannot make it.
    """

    __slots__ = ("executor_config", "executor_def", "instance", "job", "origin")

    def __init__(
        self, job: Any, executor_def: ExecutorDefinition, executor_config: Any, instance: Any, origin: Any = None
    ) -> None:
        self.job = job
        self.executor_def = executor_def
        self.executor_config = executor_config
        self.instance = instance
        self.origin = origin


@overload
def executor(name: Callable[..., Any]) -> ExecutorDefinition: ...


@overload
def executor(
    name: Any = None, config_schema: Any = None, requirements: Any = None
) -> Callable[[Callable[..., Any]], ExecutorDefinition]: ...


def executor(name: Any = None, config_schema: Any = None, requirements: Any = None) -> Any:
    """
    Make an :class:`ExecutorDefinition` of the decorated function ``(init_context) -> Executor``.

    Args are those of :class:`ExecutorDefinition`.
    """
    if callable(name):
        return ExecutorDefinition(name.__name__, executor_creation_fn=name, description=name.__doc__)

    def decorate(fn: Callable[[Any], Any]) -> ExecutorDefinition:
        return ExecutorDefinition(name or fn.__name__, config_schema, requirements, fn, fn.__doc__)

    return decorate


class LoggerDefinition(ConfigurableDefinition):
    """
    A logger that a run writes to.

    Args:
        logger_fn: ``(InitLoggerContext) -> logging.Logger``.
        config_schema: What the logger's config must look like.
        description: Text for people.
    """

    __slots__ = ("_config_field", "_description", "_logger_fn")

    noun = "logger"

    def __init__(
        self, logger_fn: Callable[[Any], Any], config_schema: Any = None, description: str | None = None
    ) -> None:
        if not callable(logger_fn):
            raise InvalidDefinitionError(f"A logger is made by a function, not by {logger_fn!r}.")
        self._logger_fn = logger_fn
        self._config_field = resolve_field(config_schema)
        self._description = description

    @property
    def logger_fn(self) -> Callable[[Any], Any]:
        """Return the function that makes the logger."""
        return self._logger_fn

    @property
    def description(self) -> str | None:
        """Return the description, if any."""
        return self._description

    @property
    def config_field(self) -> Field:
        """Return what the logger's config must look like."""
        return self._config_field

    def copy_for_configured(self, description: str | None, config_schema: Any) -> Any:
        """Return the logger with another config schema."""
        return LoggerDefinition(self._logger_fn, config_schema, description or self._description)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """
        Make the logger directly from an ``InitLoggerContext`` (or from None).

        Raises:
            InvalidInvocationError: Not exactly one argument was given.
        """
        given = [*args, *kwargs.values()]
        if len(given) != 1:
            raise InvalidInvocationError(
                "A logger initialization function has one argument, its context.",
                mend="call it with build_init_logger_context().",
            )
        context: InitLoggerContext = given[0] if given[0] is not None else InitLoggerContext(None)
        if context.logger_def is None:
            raw = NOTHING_GIVEN if context.logger_config is None else context.logger_config
            config = self.resolve_config(raw, subject="logger", environment=None)
            context = InitLoggerContext(config, self, context.job_def, context.run_id)
        return self._logger_fn(context)


class InitLoggerContext:
    """
    What a logger is made from.

    Attributes:
        logger_config: Its config, resolved.
        logger_def: The definition.
        job_def: The job that runs, if any.
        run_id: The run, if any.
    """

    __slots__ = ("job_def", "logger_config", "logger_def", "run_id")

    def __init__(
        self,
        logger_config: Any,
        logger_def: LoggerDefinition | None = None,
        job_def: Any = None,
        run_id: str | None = None,
    ) -> None:
        self.logger_config = logger_config
        self.logger_def = logger_def
        self.job_def = job_def
        self.run_id = run_id


@overload
def logger(config_schema: Callable[..., Any]) -> LoggerDefinition: ...


@overload
def logger(
    config_schema: Any = None, description: str | None = None
) -> Callable[[Callable[..., Any]], LoggerDefinition]: ...


def logger(config_schema: Any = None, description: str | None = None) -> Any:
    """
    Make a :class:`LoggerDefinition` of the decorated function ``(init_context) -> logging.Logger``.

    Args are those of :class:`LoggerDefinition`.
    """
    if callable(config_schema) and not isinstance(config_schema, type | Mapping):
        return LoggerDefinition(config_schema, description=getattr(config_schema, "__doc__", None))

    def decorate(fn: Callable[[Any], Any]) -> LoggerDefinition:
        return LoggerDefinition(fn, config_schema, description or fn.__doc__)

    return decorate
