"""
How values of a type come from config, for inputs that no step provides.

A :class:`TypeLoader` says what the config looks like, and makes the value. The types that come with
Orrery have loaders: the value itself, or the file that holds it (``{"json": {"path": ...}}``,
``{"pickle": {"path": ...}}``). Nothing is read here: the context that a loader is given reads.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orrery.base.errors import InvalidDefinitionError
from orrery.model.config.scalars import ANY as ANY_CONFIG
from orrery.model.config.scalars import ConfigType
from orrery.model.config.schema import Array, Map, Noneable, Permissive, ScalarUnion, Selector, resolve_field

__all__ = [
    "BuiltinLoader",
    "TypeLoader",
    "any_loader",
    "dict_loader",
    "list_loader",
    "mapping_loader",
    "optional_loader",
    "scalar_loader",
    "tuple_loader",
    "type_loader",
]


class TypeLoader:
    """
    Make a value of a type from config, for inputs that no step provides.

    Subclass it, or use :func:`type_loader`.
    """

    @property
    def schema_type(self) -> Any:
        """Return the config type that is accepted."""
        raise NotImplementedError(f"{type(self).__name__} must define schema_type.")

    def construct_from_config_value(self, context: Any, config_value: Any) -> Any:
        """
        Return the value for *config_value*.

        Args:
            context: A :class:`TypeLoaderContext`.
            config_value: What config gives, checked against :attr:`schema_type`.
        """
        return config_value

    def required_resource_keys(self) -> AbstractSet[str]:
        """Return the resources that the loader uses."""
        return frozenset()

    def get_resource_requirements(self, type_display_name: str) -> Sequence[str]:
        """Return the resources that the loader uses, as a sequence."""
        return sorted(self.required_resource_keys())


class _FunctionLoader(TypeLoader):
    def __init__(self, fn: Callable[..., Any], config_schema: Any, required: frozenset[str]) -> None:
        self._fn = fn
        self._field = resolve_field(config_schema)
        self._required = required

    @property
    def schema_type(self) -> Any:
        return self._field.config_type

    def construct_from_config_value(self, context: Any, config_value: Any) -> Any:
        return self._fn(context, config_value)

    def required_resource_keys(self) -> AbstractSet[str]:
        return self._required


def type_loader(
    config_schema: Any, required_resource_keys: AbstractSet[str] | None = None
) -> Callable[[Callable[..., Any]], TypeLoader]:
    """
    Make a loader of the decorated function ``(context, config_value) -> value``.

    Args:
        config_schema: What the config value must look like.
        required_resource_keys: Resources that the function uses.

    Raises:
        InvalidDefinitionError: The function does not take these two.

    >>> @type_loader({"rows": int})
    ... def zeros(context, config):
    ...     return [0] * config["rows"]
    >>> zeros.construct_from_config_value(None, {"rows": 3})
    [0, 0, 0]
    """

    def decorate(fn: Callable[..., Any]) -> TypeLoader:
        try:
            inspect.signature(fn).bind(None, None)
        except TypeError as error:
            name = getattr(fn, "__name__", repr(fn))
            raise InvalidDefinitionError(
                f"The type loader '{name}' cannot be called with a context and a config value: {error}.",
                mend=f"write def {name}(context, config): ...",
            ) from error
        except ValueError:  # no signature can be had, as of some functions in C
            pass
        return _FunctionLoader(fn, config_schema, frozenset(required_resource_keys or ()))

    return decorate


class BuiltinLoader(TypeLoader):
    """
    The loader of a type that comes with Orrery; makes its schema when somebody asks.

    Args:
        schema: Makes the config type.
        construct: ``(context, config value) -> value``.
        inner: The loader of what is inside, if any.
    """

    def __init__(
        self,
        schema: Callable[[], ConfigType],
        construct: Callable[[Any, Any], Any],
        inner: TypeLoader | None = None,
    ) -> None:
        self._schema = schema
        self._construct = construct
        self._inner = inner
        self._made: ConfigType | None = None

    @property
    def schema_type(self) -> ConfigType:
        """Return the config type that is accepted."""
        if self._made is None:
            self._made = self._schema()
        return self._made

    def construct_from_config_value(self, context: Any, config_value: Any) -> Any:
        """Return the value for *config_value*."""
        return self._construct(context, config_value)

    def required_resource_keys(self) -> AbstractSet[str]:
        """Return the resources that the loader of what is inside uses."""
        return self._inner.required_resource_keys() if self._inner is not None else frozenset()


def scalar_loader(python_type: type) -> BuiltinLoader:
    """Return the loader of ``int``, ``float``, ``str`` or ``bool``: the value, or where it lies."""

    def schema() -> ConfigType:
        return ScalarUnion(
            python_type, Selector({"value": python_type, "json": {"path": str}, "pickle": {"path": str}})
        )

    return BuiltinLoader(schema, lambda context, given: _chosen(context, given) if isinstance(given, dict) else given)


def any_loader() -> BuiltinLoader:
    """Return the loader of ``Any``: any value, or ``{"value": ...}``, or where it lies."""

    def construct(context: Any, given: Any) -> Any:
        return _chosen(context, given) if _is_choice(given) else given

    return BuiltinLoader(lambda: ANY_CONFIG, construct)


def list_loader(inner: TypeLoader, make: Callable[[list[Any]], Any] = list) -> BuiltinLoader:
    """Return the loader of lists (or sets, with another *make*) whose items *inner* loads."""
    return BuiltinLoader(
        lambda: Array(inner.schema_type),
        lambda context, given: make([inner.construct_from_config_value(context, each) for each in given]),
        inner,
    )


def dict_loader() -> BuiltinLoader:
    """Return the loader of dictionaries of anything."""
    return BuiltinLoader(Permissive, lambda _context, given: given)


def mapping_loader(key_type: type, inner: TypeLoader) -> BuiltinLoader:
    """Return the loader of dictionaries whose values *inner* loads."""
    return BuiltinLoader(
        lambda: Map(key_type, inner.schema_type),
        lambda context, given: {key: inner.construct_from_config_value(context, each) for key, each in given.items()},
        inner,
    )


def tuple_loader() -> BuiltinLoader:
    """Return the loader of tuples: a list of values as they are."""
    return BuiltinLoader(lambda: Array(ANY_CONFIG), lambda _context, given: tuple(given))


def optional_loader(inner: TypeLoader) -> BuiltinLoader:
    """Return the loader of what *inner* loads, or None."""
    return BuiltinLoader(
        lambda: Noneable(inner.schema_type),
        lambda context, given: None if given is None else inner.construct_from_config_value(context, given),
        inner,
    )


def _is_choice(given: Any) -> bool:
    if not isinstance(given, Mapping) or len(given) != 1:
        return False
    ((how, what),) = given.items()
    return how == "value" or (how in ("json", "pickle") and isinstance(what, Mapping) and set(what) == {"path"})


def _chosen(context: Any, given: Mapping[str, Any]) -> Any:
    ((how, what),) = given.items()
    if how == "value":
        return what
    content: bytes = context.read_bytes(what["path"])
    if how == "pickle":
        import pickle  # 2 ms, and hardly anybody's

        return pickle.loads(content)  # noqa: S301  # whoever writes run config named this file to be loaded
    read = json.loads(content)
    return read["value"] if isinstance(read, dict) and set(read) == {"value"} else read
