"""
Resources: objects that are made for a run and shared by its steps.

A :class:`ResourceDefinition` says how one is made. It holds the user's function and calls it not: that
is done by ``runtime/engine/resources.py``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, Self, TypeVar, cast, overload

from orrery.base.errors import InvalidDefinitionError, InvalidInvocationError, nearest_hint
from orrery.definitions.parts.as_function import ShowsFunction
from orrery.model.config.configured import ConfigurableDefinition
from orrery.model.config.marker import is_configurable_resource, is_configurable_resource_class
from orrery.model.config.problems import show_value
from orrery.model.config.scalars import ANY, STRING
from orrery.model.config.schema import Field, resolve_field

__all__ = [
    "NO_CONSTANT",
    "ResourceDefinition",
    "as_resource_definition",
    "as_resource_definitions",
    "make_values_resource",
    "resource",
]

_Definition = TypeVar("_Definition", bound="ResourceDefinition")


class _NoConstant:
    """The absence of an object that is made already; not None, which may be a resource."""

    def __repr__(self) -> str:
        return "NO_CONSTANT"


NO_CONSTANT: Final[Any] = _NoConstant()


class ResourceDefinition(ShowsFunction, ConfigurableDefinition):
    """
    How a resource is made.

    Use ``@resource`` as a rule. The function takes an ``InitResourceContext``, or nothing; it returns the
    object, or yields it exactly once and cleans up afterwards.

    Args:
        resource_fn: Makes the object.
        config_schema: What config the resource takes.
        description: What the resource is.
        required_resource_keys: Other resources that it uses, through ``context.resources``.
        version: Version of the code, for memoization.

    Attributes:
        constant: The object itself if it is made already, else :data:`NO_CONSTANT`.
        takes_context: Whether the function has a parameter for the context.
    """

    __slots__ = ("_config_field", "_description", "_required", "_resource_fn", "_version", "constant", "takes_context")

    def __init__(
        self,
        resource_fn: Callable[..., Any],
        config_schema: Any = None,
        description: str | None = None,
        required_resource_keys: AbstractSet[str] | None = None,
        version: str | None = None,
    ) -> None:
        if not callable(resource_fn):
            raise InvalidDefinitionError(
                f"A resource wants a function, not {show_value(resource_fn)}.",
                mend="write ResourceDefinition.hardcoded_resource(value) for an object that is made already.",
            )
        self._resource_fn = resource_fn
        self._config_field = resolve_field(config_schema)
        self._description = description
        self._required = frozenset(required_resource_keys or ())
        self._version = version
        self.constant: Any = NO_CONSTANT
        self.takes_context = _takes_context(resource_fn)

    def _function_shown(self) -> Callable[..., Any] | None:
        is_own = self.constant is NO_CONSTANT and getattr(self, "configured_from", None) is None
        return self._resource_fn if is_own else None

    @property
    def resource_fn(self) -> Callable[..., Any]:
        """Return the function that makes the object."""
        return self._resource_fn

    @property
    def config_field(self) -> Field:
        """Return what config the resource takes."""
        return self._config_field

    @property
    def description(self) -> str | None:
        """Return what the resource is."""
        return self._description

    @property
    def version(self) -> str | None:
        """Return the version of the code, if told."""
        return self._version

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """Return the keys of the resources that this one uses."""
        return self._required

    @property
    def source(self) -> object:
        """Return what identifies the object that is made: two definitions of one source share it in a process."""
        return self

    def get_required_resource_keys(self, resource_defs: Mapping[str, ResourceDefinition]) -> frozenset[str]:
        """Return the keys of the resources that this one uses, given all resources around it."""
        return self._required

    def get_resource_requirements(self, source_key: str | None) -> Iterator[ResourceRequirement]:
        """Iterate over what this resource, known as *source_key*, needs."""
        for key in sorted(self._required):
            yield ResourceRequirement(key=key, source_key=source_key)

    def copy_for_configured(self, description: str | None, config_schema: Any) -> Self:
        """Return a copy with another schema, for ``configured``."""
        copy = type(self)(**self._arguments(description=description or self._description, config_schema=config_schema))
        copy.takes_context = self.takes_context
        copy.constant = self.constant
        return copy

    def _arguments(self, **changed: Any) -> dict[str, Any]:
        """Return the arguments that make a copy, *changed* replaced."""
        return {
            "resource_fn": self._resource_fn,
            "config_schema": self._config_field,
            "description": self._description,
            "required_resource_keys": self._required,
            "version": self._version,
        } | changed

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """
        Make the object outside of a run.

        Args:
            *args: One ``build_init_resource_context(...)`` if the function takes a context, else nothing.
            **kwargs: The same, by the name of the parameter.

        Returns:
            The object; a context manager if the function yields it.

        Raises:
            InvalidInvocationError: The arguments do not fit.
        """
        if not self.takes_context:
            if args or kwargs:
                raise InvalidInvocationError(
                    "Attempted to invoke resource with argument, but underlying function has no context argument.",
                    mend="specify a context argument on the resource function, or remove the passed-in argument.",
                )
            return self._resource_fn()
        return _only_context(self._resource_fn, args, kwargs).call_resource(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({getattr(self._resource_fn, '__name__', self._resource_fn)!s})"

    @staticmethod
    def none_resource(description: str | None = None) -> ResourceDefinition:
        """Return a resource that is None."""
        return ResourceDefinition.hardcoded_resource(None, description)

    @staticmethod
    def hardcoded_resource(value: Any, description: str | None = None) -> ResourceDefinition:
        """Return a resource that is *value*, whatever config is given."""
        made = ResourceDefinition(_Constantly(value), description=description)
        made.constant = value
        return made

    @staticmethod
    def mock_resource(description: str | None = None) -> ResourceDefinition:
        """Return a resource that is a new ``unittest.mock.MagicMock`` in each run."""
        return ResourceDefinition(_make_mock, description=description)

    @staticmethod
    def string_resource(description: str | None = None) -> ResourceDefinition:
        """Return a resource that is the text given as its config."""
        return ResourceDefinition(_config_itself, config_schema=STRING, description=description)


class ResourceRequirement:
    """
    Something needs a resource.

    Attributes:
        key: The key of the resource that is needed.
        source_key: The key of the resource that needs it; None if no resource does.
    """

    __slots__ = ("key", "source_key")

    def __init__(self, *, key: str, source_key: str | None = None) -> None:
        self.key: Final = key
        self.source_key: Final = source_key

    def describe_requirement(self) -> str:
        """Return the requirement as the middle of a sentence."""
        by = f" by resource with key '{self.source_key}'" if self.source_key else ""
        return f"resource with key '{self.key}' required{by}"


class _Constantly:
    """Gives one value, whatever it is asked; a class, so that a definition can be pickled if its value can."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, _init_context: Any) -> Any:
        return self.value


def _config_itself(init_context: Any) -> Any:
    return init_context.resource_config


def _make_mock(_init_context: Any) -> Any:
    from unittest import mock  # 15 ms, for tests alone

    return mock.MagicMock()


def _takes_context(function: Callable[..., Any]) -> bool:
    """Tell whether *function* wants a context: one positional parameter without a default, or more with."""
    if type(function) is _Constantly:
        return True
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # builtins without a signature
        return True
    positional = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    return bool(positional) or any(each.kind is each.VAR_POSITIONAL for each in parameters)


def check_one_parameter(function: Callable[..., Any], decorator: str) -> None:
    """
    Refuse a function with more than one required parameter.

    Raises:
        InvalidDefinitionError: The names of the others are told.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return
    required = [
        each.name
        for each in parameters
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    if len(required) > 1:
        name = getattr(function, "__name__", show_value(function))
        raise InvalidDefinitionError(
            f"{decorator} decorated function '{name}' expects only a single positional required argument. "
            f"Got required extra params {', '.join(required[1:])}",
            mend="take the context alone, and read config and resources from it.",
        )


def _only_context(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    if len(args) + len(kwargs) == 0:
        raise InvalidInvocationError(
            "Resource initialization function has context argument, but no context was provided when invoking.",
            mend="pass build_init_resource_context().",
        )
    if len(args) + len(kwargs) > 1:
        raise InvalidInvocationError(
            "Initialization of resource received multiple arguments. Only a first positional context parameter "
            "should be provided when invoking.",
            mend="pass build_init_resource_context() alone.",
        )
    if kwargs:
        name = next(iter(inspect.signature(function).parameters))
        if name not in kwargs:
            raise InvalidInvocationError(
                f"Resource initialization expected argument '{name}'.",
                mend=nearest_hint(next(iter(kwargs)), [name], noun="argument"),
            )
        context = kwargs[name]
    else:
        context = args[0]
    if context is None:
        return _NoContext
    if not hasattr(context, "call_resource"):
        raise InvalidInvocationError(
            f"A resource was called with {show_value(context)} of type {type(context).__name__}, which is no context.",
            mend="pass build_init_resource_context().",
        )
    return context


class _NoContext:
    """Stands for a context of None, which some tests pass on purpose."""

    @staticmethod
    def call_resource(definition: ResourceDefinition) -> Any:
        return definition.resource_fn(None)


@overload
def resource(config_schema: Callable[..., Any]) -> ResourceDefinition: ...


@overload
def resource(
    config_schema: Any = None,
    description: str | None = None,
    required_resource_keys: AbstractSet[str] | None = None,
    version: str | None = None,
) -> Callable[[Callable[..., Any]], ResourceDefinition]: ...


def resource(
    config_schema: Any = None,
    description: str | None = None,
    required_resource_keys: AbstractSet[str] | None = None,
    version: str | None = None,
) -> ResourceDefinition | Callable[[Callable[..., Any]], ResourceDefinition]:
    """
    Make a resource of the decorated function.

    The function takes an ``InitResourceContext`` or nothing, and returns the object; or it yields it
    exactly once, and what follows the ``yield`` runs when the run is over.

    Args:
        config_schema: What config the resource takes.
        description: What the resource is; by default the function's docstring.
        required_resource_keys: Other resources that it uses.
        version: Version of the code, for memoization.

    Raises:
        InvalidDefinitionError: The function wants more than the context.
    """
    if callable(config_schema) and not is_schema_like(config_schema):
        return _resource_of(config_schema, None, None, None, None)

    def decorate(function: Callable[..., Any]) -> ResourceDefinition:
        return _resource_of(function, config_schema, description, required_resource_keys, version)

    return decorate


def _resource_of(
    function: Callable[..., Any],
    config_schema: Any,
    description: str | None,
    required_resource_keys: AbstractSet[str] | None,
    version: str | None,
) -> ResourceDefinition:
    check_one_parameter(function, "@resource")
    return ResourceDefinition(
        function,
        config_schema=config_schema,
        description=description or inspect.getdoc(function) if not isinstance(function, type) else description,
        required_resource_keys=required_resource_keys,
        version=version,
    )


def is_schema_like(value: Any) -> bool:
    """Tell whether a callable first argument of a decorator is a schema (a type), and not the decorated function."""
    if not isinstance(value, type):
        return hasattr(value, "as_field") or getattr(value, "is_builtin", False) is True
    return value in (int, float, str, bool, dict, list) or getattr(value, "__orrery_config__", False) is True


def make_values_resource(**kwargs: Any) -> ResourceDefinition:
    """
    Return a resource that is its own config: values that several ops share.

    Args:
        **kwargs: Schemas by name; with none, any config is taken.
    """
    return ResourceDefinition(_config_itself, config_schema=kwargs or ANY)


def as_resource_definition(key: str, value: Any) -> ResourceDefinition:
    """
    Return the definition that *value*, given as resource *key*, stands for.

    A definition passes as it is; an object of the ``ConfigurableResource`` family gives its own; any other
    object is the resource itself.

    Raises:
        InvalidDefinitionError: A resource class was given in place of an object of it.
    """
    if isinstance(value, ResourceDefinition):
        return value
    if is_configurable_resource(value):
        return cast(ResourceDefinition, value.get_resource_definition())
    if is_configurable_resource_class(value):
        raise InvalidDefinitionError(
            f"The resource '{key}' is the class {value.__name__}, not an object of it.",
            mend=f"write {value.__name__}(...), or {value.__name__}.configure_at_launch().",
        )
    # Asked of the type: a mock has every attribute itself.
    as_definition = getattr(type(value), "as_hardcoded_definition", None)
    if as_definition is not None:
        return cast(ResourceDefinition, as_definition(value))
    return ResourceDefinition.hardcoded_resource(value)


def as_resource_definitions(resources: Mapping[str, Any] | None) -> dict[str, ResourceDefinition]:
    """Return the definitions that *resources* stand for, by key."""
    return {key: as_resource_definition(key, value) for key, value in (resources or {}).items()}
