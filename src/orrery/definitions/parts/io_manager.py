"""
IO managers: how a value leaves a step, and how the next step gets it.

:class:`IOManager` and :class:`InputManager` are what users subclass; the definitions say how one is made,
as for any resource, and what config single inputs and outputs may carry.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any, overload

from orrery.base.errors import InvalidDefinitionError
from orrery.definitions.parts.resource import ResourceDefinition, check_one_parameter, is_schema_like
from orrery.model.config.configured import DefinitionConfigSchema
from orrery.model.config.schema import Field, resolve_field

__all__ = [
    "IOManager",
    "IOManagerDefinition",
    "InputManager",
    "InputManagerDefinition",
    "OutputManager",
    "input_manager",
    "io_manager",
]


class InputManager(ABC):
    """Loads the value of an input; subclass it, or :class:`IOManager`."""

    @abstractmethod
    def load_input(self, context: Any) -> Any:
        """
        Return the value of an input.

        Args:
            context: An ``InputContext``: which input, of which step, from which upstream output.
        """

    def as_hardcoded_definition(self) -> ResourceDefinition:
        """Return the definition of a resource that is this object."""
        return ResourceDefinition.hardcoded_resource(self)


class OutputManager(ABC):
    """Stores the value of an output; the half of :class:`IOManager` that writes."""

    @abstractmethod
    def handle_output(self, context: Any, obj: Any) -> None:
        """
        Store the value of an output.

        Args:
            context: An ``OutputContext``: which output, of which step, of which run.
            obj: The value.
        """


class IOManager(InputManager, OutputManager):
    """
    Stores the values of outputs and loads them for inputs.

    Example::

        class JsonIOManager(IOManager):
            def handle_output(self, context, obj):
                Path(f"{context.asset_key.to_python_identifier()}.json").write_text(json.dumps(obj))

            def load_input(self, context):
                return json.loads(Path(f"{context.asset_key.to_python_identifier()}.json").read_text())
    """

    def as_hardcoded_definition(self) -> ResourceDefinition:
        """Return the definition of an IO manager that is this object."""
        return IOManagerDefinition.hardcoded_io_manager(self)


class InputManagerDefinition(ResourceDefinition):
    """
    How an input manager is made.

    Args:
        resource_fn: Makes the input manager.
        config_schema: What config the resource takes.
        description: What it is.
        input_config_schema: What config each input may carry.
        required_resource_keys: Other resources that it uses.
        version: Version of the code, for memoization.
    """

    __slots__ = ("_input_config_field",)

    def __init__(
        self,
        resource_fn: Callable[..., Any],
        config_schema: Any = None,
        description: str | None = None,
        input_config_schema: Any = None,
        required_resource_keys: AbstractSet[str] | None = None,
        version: str | None = None,
    ) -> None:
        super().__init__(
            resource_fn,
            config_schema=config_schema,
            description=description,
            required_resource_keys=required_resource_keys,
            version=version,
        )
        self._input_config_field = None if input_config_schema is None else resolve_field(input_config_schema)

    @property
    def input_config_schema(self) -> DefinitionConfigSchema:
        """Return what config each input may carry."""
        return DefinitionConfigSchema(self._input_config_field or resolve_field(None))

    @property
    def input_config_field(self) -> Field | None:
        """Return what config each input may carry; None if none was declared."""
        return self._input_config_field

    def _arguments(self, **changed: Any) -> dict[str, Any]:
        return super()._arguments(**({"input_config_schema": self._input_config_field} | changed))


class IOManagerDefinition(ResourceDefinition):
    """
    How an IO manager is made.

    Args:
        resource_fn: Makes the IO manager.
        config_schema: What config the resource takes.
        description: What it is.
        required_resource_keys: Other resources that it uses.
        version: Version of the code, for memoization.
        input_config_schema: What config each input may carry.
        output_config_schema: What config each output may carry.
    """

    __slots__ = ("_input_config_field", "_output_config_field")

    def __init__(
        self,
        resource_fn: Callable[..., Any],
        config_schema: Any = None,
        description: str | None = None,
        required_resource_keys: AbstractSet[str] | None = None,
        version: str | None = None,
        input_config_schema: Any = None,
        output_config_schema: Any = None,
    ) -> None:
        super().__init__(
            resource_fn,
            config_schema=config_schema,
            description=description,
            required_resource_keys=required_resource_keys,
            version=version,
        )
        self._input_config_field = None if input_config_schema is None else resolve_field(input_config_schema)
        self._output_config_field = None if output_config_schema is None else resolve_field(output_config_schema)

    @property
    def input_config_schema(self) -> DefinitionConfigSchema:
        """Return what config each input may carry."""
        return DefinitionConfigSchema(self._input_config_field or resolve_field(None))

    @property
    def output_config_schema(self) -> DefinitionConfigSchema:
        """Return what config each output may carry."""
        return DefinitionConfigSchema(self._output_config_field or resolve_field(None))

    @property
    def input_config_field(self) -> Field | None:
        """Return what config each input may carry; None if none was declared."""
        return self._input_config_field

    @property
    def output_config_field(self) -> Field | None:
        """Return what config each output may carry; None if none was declared."""
        return self._output_config_field

    def _arguments(self, **changed: Any) -> dict[str, Any]:
        own = {
            "input_config_schema": self._input_config_field,
            "output_config_schema": self._output_config_field,
        }
        return super()._arguments(**(own | changed))

    @staticmethod
    def hardcoded_io_manager(value: Any, description: str | None = None) -> IOManagerDefinition:
        """Return the definition of an IO manager that is *value*, whatever config is given."""
        made = IOManagerDefinition(_Give(value), description=description)
        made.constant = value
        return made


class _Give:
    """Gives one value; a class, so that a definition can be pickled if its value can."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, _init_context: Any) -> Any:
        return self.value


@overload
def io_manager(config_schema: Callable[..., Any]) -> IOManagerDefinition: ...


@overload
def io_manager(
    config_schema: Any = None,
    description: str | None = None,
    output_config_schema: Any = None,
    input_config_schema: Any = None,
    required_resource_keys: AbstractSet[str] | None = None,
    version: str | None = None,
) -> Callable[[Callable[..., Any]], IOManagerDefinition]: ...


def io_manager(
    config_schema: Any = None,
    description: str | None = None,
    output_config_schema: Any = None,
    input_config_schema: Any = None,
    required_resource_keys: AbstractSet[str] | None = None,
    version: str | None = None,
) -> Any:
    """
    Make an IO manager definition of the decorated function, or of the decorated class.

    A function takes an ``InitResourceContext`` or nothing and returns the IO manager. A class is made
    without arguments, or with the context if its ``__init__`` wants one; it need not be a subclass of
    :class:`IOManager` if it has both methods.

    Args:
        config_schema: What config the resource takes.
        description: What it is; by default the docstring.
        output_config_schema: What config each output may carry.
        input_config_schema: What config each input may carry.
        required_resource_keys: Other resources that it uses.
        version: Version of the code, for memoization.

    Returns:
        An :class:`IOManagerDefinition`, or a decorator that returns one.

    Raises:
        InvalidDefinitionError: The function wants more than the context, or the class lacks a method.
    """
    if callable(config_schema) and not is_schema_like(config_schema):
        return _io_manager_of(config_schema, None, None, None, None, None, None)

    def decorate(function: Callable[..., Any]) -> IOManagerDefinition:
        return _io_manager_of(
            function,
            config_schema,
            description,
            output_config_schema,
            input_config_schema,
            required_resource_keys,
            version,
        )

    return decorate


def _io_manager_of(
    function: Callable[..., Any],
    config_schema: Any,
    description: str | None,
    output_config_schema: Any,
    input_config_schema: Any,
    required_resource_keys: AbstractSet[str] | None,
    version: str | None,
) -> IOManagerDefinition:
    check_one_parameter(function, "@io_manager")
    if isinstance(function, type):
        for method in ("handle_output", "load_input"):
            if not callable(getattr(function, method, None)):
                raise InvalidDefinitionError(
                    f"@io_manager decorates the class {function.__name__}, which has no method '{method}'.",
                    mend=f"define {method} on it, or decorate a function that returns an IO manager.",
                )
    return IOManagerDefinition(
        function,
        config_schema=config_schema,
        description=description or inspect.getdoc(function),
        required_resource_keys=required_resource_keys,
        version=version,
        input_config_schema=input_config_schema,
        output_config_schema=output_config_schema,
    )


class _FunctionInputManager(InputManager):
    """An input manager made of the function that loads."""

    def __init__(self, function: Callable[..., Any], takes_context: bool) -> None:
        self._function = function
        self._takes_context = takes_context

    def load_input(self, context: Any) -> Any:
        """Call the user's function; if it gives an input manager, let that load."""
        loaded = self._function(context) if self._takes_context else self._function()
        return loaded.load_input(context) if isinstance(loaded, InputManager) else loaded


@overload
def input_manager(config_schema: Callable[..., Any]) -> InputManagerDefinition: ...


@overload
def input_manager(
    config_schema: Any = None,
    description: str | None = None,
    input_config_schema: Any = None,
    required_resource_keys: AbstractSet[str] | None = None,
    version: str | None = None,
) -> Callable[[Callable[..., Any]], InputManagerDefinition]: ...


def input_manager(
    config_schema: Any = None,
    description: str | None = None,
    input_config_schema: Any = None,
    required_resource_keys: AbstractSet[str] | None = None,
    version: str | None = None,
) -> Any:
    """
    Make an input manager of the decorated function, which loads the value.

    The function takes an ``InputContext`` or nothing and returns the value of the input.

    Args:
        config_schema: What config the resource takes.
        description: What it is; by default the docstring.
        input_config_schema: What config each input may carry.
        required_resource_keys: Resources that the function uses, through ``context.resources``.
        version: Version of the code, for memoization.

    Returns:
        An :class:`InputManagerDefinition`, or a decorator that returns one.
    """
    if callable(config_schema) and not is_schema_like(config_schema):
        return _input_manager_of(config_schema, None, None, None, None, None)

    def decorate(function: Callable[..., Any]) -> InputManagerDefinition:
        return _input_manager_of(
            function, config_schema, description, input_config_schema, required_resource_keys, version
        )

    return decorate


def _input_manager_of(
    function: Callable[..., Any],
    config_schema: Any,
    description: str | None,
    input_config_schema: Any,
    required_resource_keys: AbstractSet[str] | None,
    version: str | None,
) -> InputManagerDefinition:
    check_one_parameter(function, "@input_manager")
    takes_context = bool(inspect.signature(function).parameters)
    return InputManagerDefinition(
        _Give(_FunctionInputManager(function, takes_context)),
        config_schema=config_schema,
        description=description or inspect.getdoc(function),
        input_config_schema=input_config_schema,
        required_resource_keys=required_resource_keys,
        version=version,
    )
