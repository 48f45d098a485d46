"""
What the annotation of one field of a config class says: its type in config, its limits, and what it may hold.
"""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import pydantic
from pydantic.fields import FieldInfo

from orrery.base.errors import (
    InvalidPythonicConfigDefinitionError,
)
from orrery.model.config.env import EnvReference
from orrery.model.config.marker import is_config_class, is_configurable_resource_class
from orrery.model.config.problems import Path, Walk, show_value
from orrery.model.config.scalars import (
    ANY,
    FLOAT,
    BoolSource,
    ConfigType,
    Enum,
    EnumValue,
    IntSource,
    StringSource,
)
from orrery.model.config.schema import Array, Map, Noneable, Permissive

__all__ = [
    "ResourceDependencyMark",
    "allows_none",
    "bad_field",
    "holds_limits",
    "is_nested",
    "is_secret",
    "limited_by",
    "told_limits",
    "type_of_field",
]


class ResourceDependencyMark:
    """Metadata of a field that holds another resource: ``ResourceDependency[T]``."""

    __slots__ = ("wanted",)

    def __init__(self, wanted: Any) -> None:
        self.wanted = wanted

    def __repr__(self) -> str:
        """Tell what is wanted, and no address: fingerprints of resource classes hold it."""
        wanted = self.wanted
        return f"ResourceDependency[{f'{wanted.__module__}.{wanted.__qualname__}' if isinstance(wanted, type) else wanted!r}]"


_LEAVES: Final[Mapping[Any, ConfigType]] = {
    str: StringSource,
    int: IntSource,
    bool: BoolSource,
    float: FLOAT,
    Any: ANY,
    pydantic.SecretStr: StringSource,
}


def type_of_field(
    owner: type[Any], name: str, annotation: Any, of_class: Callable[[type[Any]], ConfigType]
) -> ConfigType:
    """
    Return the config type for the annotation of a field.

    Args:
        owner: The class, for messages.
        name: The field.
        annotation: What is to be expressed.
        of_class: Gives the type of a config class inside.

    Raises:
        InvalidPythonicConfigDefinitionError: Config cannot express it.
    """
    if isinstance(annotation, type) and annotation in _LEAVES:
        return _LEAVES[annotation]
    if annotation is Any:
        return ANY
    if annotation is list or annotation is typing.List:  # noqa: UP006 - the user may write either
        return Array(ANY)
    if annotation is dict or annotation is typing.Dict:  # noqa: UP006 - the user may write either
        return Permissive()
    origin, members = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_of_field(owner, name, members[0], of_class)
    if origin is list:
        return Array(type_of_field(owner, name, members[0], of_class))
    if origin in (dict, Mapping):
        key = {str: str, int: int, float: float, bool: bool}.get(members[0])
        if key is None:
            raise bad_field(owner, name, annotation)
        return Map(key, type_of_field(owner, name, members[1], of_class))
    if origin in (Union, types.UnionType):
        rest = [each for each in members if each is not types.NoneType]
        if len(rest) == 1 and len(rest) < len(members):
            return Noneable(type_of_field(owner, name, rest[0], of_class))
        raise bad_field(owner, name, annotation)
    if origin is Literal:
        if None in members:
            return Noneable(_literal([each for each in members if each is not None]))
        return _literal(members)
    if isinstance(annotation, type):
        if issubclass(annotation, enum.Enum):
            return Enum.from_python_enum(annotation)
        if is_config_class(annotation):
            return of_class(annotation)
    raise bad_field(owner, name, annotation)


class _LiteralType(Enum):
    """One of a few values; a value that is no text may be given as it is, or as text."""

    __slots__ = ()

    def resolve(self, value: object, path: Path, walk: Walk) -> Any:
        """Return the value."""
        if not isinstance(value, str):
            for each in self.enum_values:
                if type(each.python_value) is type(value) and each.python_value == value:
                    return value
        return super().resolve(value, path, walk)


def _literal(values: Any) -> ConfigType:
    return _LiteralType(f"Literal{list(values)!r}", [EnumValue(str(each), each) for each in values])


def bad_field(owner: type[Any], name: str, annotation: Any) -> InvalidPythonicConfigDefinitionError:
    """Return the error that config cannot express the type of a field."""
    is_resource = is_configurable_resource_class(owner)
    kind = "resource" if is_resource else "config"
    return InvalidPythonicConfigDefinitionError(
        f"Error defining {kind} class {owner!r} on field '{name}'. "
        f"Unable to resolve config type {show_value(annotation)} to a supported config type.",
        mend="use int, float, bool, str, list, dict, Optional, Literal, an Enum, a subclass of Config, a discriminated "
        "union of such, or Any" + ("; or ResourceDependency[...] for another resource." if is_resource else "."),
    )


_LIMITS: Final = {
    "gt": "> {}",
    "ge": ">= {}",
    "lt": "< {}",
    "le": "<= {}",
    "multiple_of": "a multiple of {}",
    "min_length": "length >= {}",
    "max_length": "length <= {}",
    "pattern": "matches {}",
}


def told_limits(info: FieldInfo) -> tuple[str, ...]:
    """Return the limits of a field as people read them."""
    return tuple(
        text.format(getattr(each, name))
        for each in info.metadata
        for name, text in _LIMITS.items()
        if getattr(each, name, None) is not None
    )


def holds_limits(annotation: Any) -> bool:
    """Tell whether something inside *annotation* is limited, as the members of ``list[Annotated[int, Field(ge=1)]]`` are."""
    return get_origin(annotation) is Annotated or any(holds_limits(each) for each in get_args(annotation))


def limited_by(info: FieldInfo) -> pydantic.TypeAdapter[Any]:
    """Return what checks a value against the type and the limits of one field."""
    limited: Any = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
    return pydantic.TypeAdapter(limited)


def is_secret(info: FieldInfo) -> bool:
    """Tell whether values of the field are masked."""
    return _holds_secret(info.annotation) or isinstance(info.default, EnvReference)


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for each in get_args(annotation):
        yield from _parts(each)


def allows_none(annotation: Any, metadata: Any) -> bool:
    """Tell whether a field may hold None."""
    for each in metadata:
        if isinstance(each, ResourceDependencyMark):
            return allows_none(each.wanted, ())
    if annotation is None or annotation is types.NoneType:
        return True
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return any(each is types.NoneType for each in get_args(annotation))
    return origin is Annotated and allows_none(get_args(annotation)[0], ())


def is_nested(annotation: Any, metadata: Any) -> bool:
    """Tell whether a field holds other resources."""
    return any(isinstance(each, ResourceDependencyMark) for each in metadata) or any(
        isinstance(each, ResourceDependencyMark)
        or is_configurable_resource_class(each)
        or is_configurable_resource_class(get_origin(each))
        for each in _parts(annotation)
    )


def _holds_secret(annotation: Any) -> bool:
    return any(each is pydantic.SecretStr for each in _parts(annotation))
