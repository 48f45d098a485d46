"""
Definitions that take config, and copies of them with some of it given.

``definition.configured({"limit": 3})`` fixes the config; ``definition.configured(function, config_schema=...)``
computes it from a simpler one. Both give a copy that remembers where it came from; the chain is walked
when config is resolved.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, Self, TypeVar, get_type_hints, overload

import msgspec

from orrery.base.errors import ConfigMappingFunctionError, InvalidDefinitionError, InvalidInvocationError
from orrery.model.config.marker import is_config_class
from orrery.model.config.problems import Path, Problem, Walk, raise_if_problems, show_value
from orrery.model.config.schema import Field, resolve_field

__all__ = [
    "NOTHING_GIVEN",
    "ConfigMapping",
    "ConfigResult",
    "ConfigurableDefinition",
    "DefinitionConfigSchema",
    "Origin",
    "config_mapping",
    "configured",
    "plain_config",
    "resolve_entry",
]

_Configurable = TypeVar("_Configurable", bound="ConfigurableDefinition")


class DefinitionConfigSchema:
    """The schema of a definition, as an object that gives its field."""

    __slots__ = ("_field",)

    def __init__(self, field: Field | None) -> None:
        self._field: Final = field or resolve_field(None)

    def as_field(self) -> Field:
        """Return the field."""
        return self._field

    @property
    def config_type(self) -> Any:
        """Return the type of the field."""
        return self._field.config_type

    def __repr__(self) -> str:
        return f"DefinitionConfigSchema({self._field!r})"


class ConfigResult(msgspec.Struct, frozen=True, kw_only=True):
    """
    What became of a config.

    Attributes:
        value: The config as the user's code shall see it; None if there are problems.
        errors: Everything that is wrong.
    """

    value: Any
    errors: tuple[Problem, ...] = ()

    @property
    def success(self) -> bool:
        """Tell whether the config was accepted."""
        return not self.errors


class Origin(msgspec.Struct, frozen=True):
    """Where a configured copy came from, and how its config becomes that of the original."""

    definition: ConfigurableDefinition
    function: Callable[[Any], Any] | None
    constant: Any


class ConfigurableDefinition:
    """
    A definition that takes config: an op, a graph, a resource, a logger, an executor.

    Attributes:
        configured_from: The definition and mapping that this one is a configured copy of, if it is one.
    """

    __slots__ = ("__weakref__", "configured_from")

    noun: ClassVar[str] = "definition"

    configured_from: Origin | None

    @property
    def config_field(self) -> Field | None:
        """Return what config the definition takes; None if it takes none."""
        raise NotImplementedError

    @property
    def config_schema(self) -> DefinitionConfigSchema:
        """Return what config the definition takes, as an object that gives the field."""
        return DefinitionConfigSchema(self.config_field)

    @property
    def has_config_field(self) -> bool:
        """Tell whether the definition takes config."""
        return self.config_field is not None

    def get_config_field(self) -> Field:
        """Return what config the definition takes; raises ``InvalidDefinitionError`` if it takes none."""
        field = self.config_field
        if field is None:
            raise InvalidDefinitionError("This definition takes no config.", mend="ask has_config_field first.")
        return field

    def copy_for_configured(self, description: str | None, config_schema: Any) -> Self:
        """Return a copy with another schema."""
        raise NotImplementedError

    def configured(self, config_or_config_fn: Any, config_schema: Any = None, description: str | None = None) -> Self:
        """
        Return a copy whose config is given.

        Args:
            config_or_config_fn: The config, or a function from a config of *config_schema* to one of ours.
            config_schema: What the function takes; without it, anything.
            description: Of the copy; by default ours.

        Raises:
            InvalidConfigError: The config given does not satisfy our schema.
        """
        schema, function, constant = self._configuration(config_or_config_fn, config_schema)
        copy = self.copy_for_configured(description, schema)
        copy.configured_from = Origin(self, function, constant)
        return copy

    def _configuration(self, given: Any, config_schema: Any) -> tuple[Any, Callable[[Any], Any] | None, Any]:
        """Return schema, function and constant of a configured copy."""
        if callable(given) and not isinstance(given, Mapping) and not _is_config_object(given):
            wanted = _config_class_wanted_by(given)
            schema = config_schema if config_schema is not None else wanted
            function = given if wanted is None else _Building(given, wanted)
            return resolve_field(schema), function, None
        if config_schema is not None:
            raise InvalidInvocationError(
                "configured() got a config and a config_schema; a schema belongs to a function.",
                mend="leave out config_schema=, or give a function.",
            )
        constant = plain_config(given)
        self.resolve_config(constant, subject=f"configured {self.noun}", environment=None)
        return resolve_field({}), None, constant

    def resolve_config(
        self,
        given: Any,
        *,
        subject: str,
        environment: Mapping[str, str] | None,
        path: Path = (),
    ) -> Any:
        """
        Return the config that the user's code shall see.

        Args:
            given: The config as the user wrote it, or :data:`NOTHING_GIVEN`.
            subject: What the config is for, for messages.
            environment: Variables by name; None leaves references to them as they are.
            path: Where the entry ``config`` lies in the run config.

        Raises:
            InvalidConfigError: The schema refuses it; all problems are told.
            ConfigMappingFunctionError: The function of a configured copy raised.
        """
        walk = Walk(environment=environment)
        resolved = resolve_entry(self.config_field, given, path, walk)
        raise_if_problems(walk.problems, subject=subject)
        origin = getattr(self, "configured_from", None)
        if origin is None:
            return resolved
        return origin.definition.resolve_config(
            self._map_config(origin, resolved), subject=subject, environment=environment, path=path
        )

    def _map_config(self, origin: Origin, resolved: Any) -> Any:
        if origin.function is None:
            return origin.constant
        try:
            return plain_config(origin.function(resolved))
        except Exception as error:
            raise ConfigMappingFunctionError(
                f"The config mapping function on a `configured` {type(self).__name__} has thrown an unexpected "
                "error during its execution.",
                mend="correct the function; its own error stands above.",
                user_exception=error,
            ) from error

    def apply_config_mapping(self, config: Any) -> ConfigResult:
        """
        Return the config of the original, given ``{"config": ...}`` of this copy.

        Problems are returned, not raised; the environment is left alone.
        """
        given = config.get("config", NOTHING_GIVEN) if isinstance(config, Mapping) else NOTHING_GIVEN
        walk = Walk()
        resolved = resolve_entry(self.config_field, given, (), walk)
        if walk.problems:
            return ConfigResult(value=None, errors=tuple(walk.problems))
        origin = getattr(self, "configured_from", None)
        if origin is None:
            return ConfigResult(value={} if resolved is None else {"config": resolved})
        mapped = {"config": self._map_config(origin, resolved)}
        result: ConfigResult = origin.definition.apply_config_mapping(mapped)
        return result


class _NothingGiven:
    """The absence of a config; not None, which is a value."""

    def __repr__(self) -> str:
        return "NOTHING_GIVEN"


NOTHING_GIVEN: Final[Any] = _NothingGiven()


def resolve_entry(field: Field | None, given: Any, path: Path, walk: Walk) -> Any:
    """Return what the entry ``config`` at *path* means under *field*, whether it was given or not."""
    if field is None:
        return None if given is NOTHING_GIVEN else given
    if given is not NOTHING_GIVEN:
        return field.resolve(given, (*path, "config"), walk)
    if field.default_provided:
        return field.resolve(field.default_value, (*path, "config"), walk)
    if field.is_required:
        walk.add_missing(path, ["config"], {"config": field.config_type.example()})
    return None


def _is_config_object(value: Any) -> bool:
    return is_config_class(type(value))


def _config_class_wanted_by(function: Callable[..., Any]) -> Any:
    """Return the config class that the first parameter of *function* is annotated with, if any."""
    if isinstance(function, type):
        return None
    try:
        parameters = list(inspect.signature(function).parameters)
        hints = get_type_hints(function) if parameters else {}
    except (NameError, TypeError, ValueError):
        return None
    annotation = hints.get(parameters[0]) if parameters else None
    return annotation if is_config_class(annotation) else None


class _Building(msgspec.Struct, frozen=True):
    """A config function that is given an object of the class it asks for."""

    function: Callable[[Any], Any]
    wanted: Any

    def __call__(self, config: Any) -> Any:
        return self.function(self.wanted.from_resolved_config(config))


def plain_config(config: Any) -> Any:
    """Return *config* as dicts and lists: objects of config classes become what one would write in YAML."""
    if is_config_class(type(config)):
        return config.to_config_value()
    if isinstance(config, Mapping):
        return {key: plain_config(each) for key, each in config.items()}
    if isinstance(config, list):
        return [plain_config(each) for each in config]
    return config


def configured(
    configurable: _Configurable, config_schema: Any = None, **kwargs: Any
) -> Callable[[object], _Configurable]:
    """
    Return a decorator that makes a configured copy of *configurable*.

    Args:
        configurable: The definition.
        config_schema: What the decorated function takes.
        **kwargs: Passed to ``configurable.configured``: ``name``, ``description``.

    Example::

        @configured(database, config_schema={"name": str})
        def local_database(config):
            return {"url": f"sqlite:///{config['name']}.db"}
    """
    if not isinstance(configurable, ConfigurableDefinition):
        raise InvalidInvocationError(
            f"configured() wants a definition that takes config, not {show_value(configurable)}.",
            mend="give an op, a graph, a resource, a logger or an executor; "
            "a ConfigurableResource is configured by its arguments.",
        )

    def decorate(config_or_config_fn: object) -> _Configurable:
        return configurable.configured(config_or_config_fn, config_schema=config_schema, **kwargs)

    return decorate


class ConfigMapping:
    """
    The config of a graph or job, and the function that makes the config of its ops from it.

    Args:
        config_fn: Takes the outer config, gives the run config of what is inside (``{"load": {"config": ...}}``).
        config_schema: What the outer config is; None for anything.
        receive_processed_config_values: Whether the function sees defaults, enums and the environment resolved;
            by default yes.
    """

    __slots__ = ("config_fn", "config_schema", "receive_processed_config_values")

    def __init__(
        self,
        config_fn: Callable[[Any], Any],
        config_schema: Any = None,
        receive_processed_config_values: bool | None = None,
    ) -> None:
        if not callable(config_fn):
            raise InvalidDefinitionError(
                f"ConfigMapping wants a function, not {show_value(config_fn)}.", mend="give config_fn=function."
            )
        wanted = _config_class_wanted_by(config_fn)
        self.config_fn: Final = config_fn if wanted is None else _Building(config_fn, wanted)
        schema = config_schema if config_schema is not None else wanted
        self.config_schema: Final = DefinitionConfigSchema(resolve_field(schema)) if schema is not None else None
        self.receive_processed_config_values: Final = receive_processed_config_values

    @property
    def config_field(self) -> Field:
        """Return what the outer config is."""
        return resolve_field(self.config_schema)

    def resolve_from_unvalidated_config(self, config: Any, environment: Mapping[str, str] | None = None) -> Any:
        """
        Return what the function makes of *config*, checked first.

        Args:
            config: As the user wrote it.
            environment: Variables by name; None leaves references to them as they are.

        Raises:
            InvalidConfigError: The schema refuses it.
        """
        walk = Walk(environment=environment)
        resolved = self.config_field.resolve(config, (), walk)
        raise_if_problems(walk.problems, subject="config mapping")
        return self.resolve_from_validated_config(config if self.receive_processed_config_values is False else resolved)

    def resolve_from_validated_config(self, config: Any) -> Any:
        """
        Return what the function makes of *config*.

        Raises:
            ConfigMappingFunctionError: The function raised.
        """
        try:
            return plain_config(self.config_fn(config))
        except Exception as error:
            raise ConfigMappingFunctionError(
                "The config mapping function has thrown an unexpected error during its execution.",
                mend="correct the function; its own error stands above.",
                user_exception=error,
            ) from error


@overload
def config_mapping(config_fn: Callable[..., Any]) -> ConfigMapping: ...


@overload
def config_mapping(
    config_fn: None = None, *, config_schema: Any = None, receive_processed_config_values: bool | None = None
) -> Callable[[Callable[..., Any]], ConfigMapping]: ...


def config_mapping(
    config_fn: Callable[..., Any] | None = None,
    *,
    config_schema: Any = None,
    receive_processed_config_values: bool | None = None,
) -> Any:
    """
    Make a :class:`ConfigMapping` of the decorated function.

    Args:
        config_fn: The function, when used without parentheses.
        config_schema: What the outer config is; a ``Config`` class as annotation of the parameter serves as well.
        receive_processed_config_values: See :class:`ConfigMapping`.
    """

    def decorate(function: Callable[..., Any]) -> ConfigMapping:
        return ConfigMapping(
            function,
            config_schema=config_schema,
            receive_processed_config_values=receive_processed_config_values,
        )

    return decorate if config_fn is None else decorate(config_fn)
