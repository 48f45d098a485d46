"""
The schema language: fields, shapes, selectors, lists, maps - and how plain Python becomes a schema.

``{"path": str, "limit": Field(int, default_value=10)}`` is short for a :class:`Shape` of two fields;
:func:`resolve_field` turns whatever a user may write as ``config_schema=`` into one :class:`Field`.
Checking is not done here but by the types themselves, walked by ``validate.py``.
"""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from orrery.base.errors import (
    InvalidConfigDefinitionError,
    InvalidDefinitionError,
    InvariantViolationError,
    OrreryError,
)
from orrery.model.config.env import EnvReference
from orrery.model.config.marker import is_config_class, is_configurable_resource_class
from orrery.model.config.problems import Path, Walk, config_error, show_value
from orrery.model.config.scalars import (
    ANY,
    BOOL,
    FLOAT,
    INT,
    NO_DEFAULT,
    STRING,
    BoolSource,
    ConfigKind,
    ConfigType,
    Enum,
    EnumValue,
    IntSource,
    Scalar,
    StringSource,
)
from orrery.model.config.snapshot import ConfigFieldSnap, ConfigTypeSnap

__all__ = [
    "Array",
    "BoolSource",
    "ConfigSchema",
    "ConfigType",
    "Enum",
    "EnumValue",
    "Field",
    "IntSource",
    "Map",
    "Noneable",
    "Permissive",
    "ScalarUnion",
    "Selector",
    "Shape",
    "StringSource",
    "resolve_field",
    "resolve_type",
]

ConfigSchema = Any
"""
What may be written as ``config_schema=``: None (anything goes), a Python type (``int``, ``float``, ``bool``,
``str``, ``list``, ``dict``), a list of one such (``[int]``), a dict of names to such (a shape) or of one type
to another (a map), a config type, a :class:`Field`, or a ``Config`` class.
"""


class Field:
    """
    A schema with what is known about its place: whether it must be given, its default, its meaning.

    A field of a shape whose own fields are all optional is optional itself, and so is a ``Noneable``.

    Args:
        config: The schema of the value.
        default_value: What holds if nothing is given; it must satisfy the schema (a text for an enum).
        is_required: Whether config must give a value; by default, whether there is no default.
        description: What the field is for.
        is_secret: Whether values are masked wherever config is shown.

    Attributes:
        limits: What a config class asks of the value besides its type, as people read it.

    Raises:
        InvalidDefinitionError: The schema cannot be understood, or contradicts itself.
        InvalidConfigError: The default does not satisfy the schema.

    >>> Field(int, default_value=3).is_required
    False
    """

    __slots__ = ("_default", "_description", "_is_required", "_is_secret", "config_type", "limits")

    def __init__(
        self,
        config: Any,
        default_value: Any = NO_DEFAULT,
        is_required: bool | None = None,
        description: str | None = None,
        is_secret: bool = False,
    ) -> None:
        self.config_type: Final[ConfigType] = resolve_type(config)
        self._description: Final = description
        self._is_secret: Final = bool(is_secret)
        self.limits: tuple[str, ...] = ()
        if default_value is not NO_DEFAULT:
            if is_required:
                raise InvalidDefinitionError(
                    "A field is required and has a default: required arguments should not specify default values.",
                    mend="leave out is_required=True or default_value=.",
                )
            _check_default(self.config_type, default_value)
            self._default = default_value
            self._is_required = False
        else:
            implicit = NO_DEFAULT if is_required is not None else self.config_type.implicit_default
            self._default = implicit
            self._is_required = implicit is NO_DEFAULT if is_required is None else is_required

    @property
    def is_required(self) -> bool:
        """Tell whether config must give a value."""
        return self._is_required

    @property
    def default_provided(self) -> bool:
        """Tell whether there is a default."""
        return self._default is not NO_DEFAULT

    @property
    def default_value(self) -> Any:
        """Return the default, as written in config; raises ``InvariantViolationError`` if there is none."""
        if self._default is NO_DEFAULT:
            raise InvariantViolationError(
                "Asking for default value when none was provided.", mend="ask default_provided first."
            )
        return self._default

    @property
    def default_value_as_json_str(self) -> str:
        """Return the default as JSON; what JSON cannot say is shown as text."""
        return msgspec.json.encode(self.default_value, enc_hook=show_value).decode()

    @property
    def description(self) -> str | None:
        """Return what the field is for, if told."""
        return self._description

    @property
    def is_secret(self) -> bool:
        """Tell whether values are masked wherever config is shown."""
        return self._is_secret

    def resolve(self, value: object, path: Path, walk: Walk) -> Any:
        """Return *value* as the user's code shall see it; below a secret, nothing of it enters a message."""
        if not self._is_secret or walk.is_secret:
            return self.config_type.resolve(value, path, walk)
        walk.is_secret = True
        try:
            return self.config_type.resolve(value, path, walk)
        finally:
            walk.is_secret = False

    def snap(self, name: str | None) -> ConfigFieldSnap:
        """Return the field as data, under *name*; the default of a secret is left out."""
        shown = self.default_provided and not self._is_secret
        return ConfigFieldSnap(
            name=name,
            type_key=self.config_type.key,
            is_required=self._is_required,
            default_provided=self.default_provided,
            default_value_as_json_str=self.default_value_as_json_str if shown else None,
            description=self._description,
            is_secret=self._is_secret,
        )

    def __repr__(self) -> str:
        default = "@" if self._default is NO_DEFAULT else "****" if self._is_secret else repr(self._default)
        return f"Field({self.config_type!r}, default={default}, is_required={self._is_required})"


def _check_default(config_type: ConfigType, default: Any) -> None:
    if isinstance(config_type, Enum) and isinstance(default, enum.Enum):
        raise InvalidDefinitionError(
            f"You have passed a python enum value as the default value of the config enum type "
            f"{config_type.given_name}.",
            mend=f"give the text: one of {config_type.config_values}.",
        )
    walk = Walk()
    config_type.resolve(default, (), walk)
    if walk.problems:
        raise config_error(walk.problems, subject="the default_value of a Field (Invalid default_value for Field)")


class _Fields(ConfigType):
    """Base of the types with named fields."""

    __slots__ = ("fields",)

    def __init__(self, fields: Any, description: str | None, owner: str) -> None:
        super().__init__(description=description)
        if not isinstance(fields, Mapping):
            raise InvalidDefinitionError(
                f"{owner} wants a dict of fields, not {show_value(fields)}.", mend=f'write {owner}({{"name": type}}).'
            )
        self.fields: Final[Mapping[str, Field]] = {name: _resolve_entry(name, each) for name, each in fields.items()}

    def __eq__(self, other: object) -> bool:
        """Equal schemas have equal fields, described alike."""
        return self.key == other.key if isinstance(other, _Fields) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self.fields))

    def members(self) -> Iterator[ConfigType]:
        """Iterate over the types of the fields."""
        for each in self.fields.values():
            yield each.config_type

    def render(self) -> str:
        """Return the fields in braces; a question mark follows the name of an optional one."""
        shown = (
            f"{name}{'' if each.is_required else '?'}: {each.config_type.render()}"
            for name, each in sorted(self.fields.items())
        )
        return " ".join(["{", *shown, "}"])

    def example(self) -> Any:
        """Return a dict of the required fields."""
        return {name: each.config_type.example() for name, each in self.fields.items() if each.is_required}

    def _snapshot_parts(self) -> ConfigTypeSnap:
        snaps = tuple(each.snap(name) for name, each in sorted(self.fields.items()))
        parts = super()._snapshot_parts()
        return msgspec.structs.replace(parts, fields=snaps, type_param_keys=None)

    def _defaults_of_fields(self) -> Any:
        fields = self.fields.items()
        if any(each.is_required for _, each in fields):
            return NO_DEFAULT
        return {name: each.default_value for name, each in fields if each.default_provided}

    def _resolve_fields(self, value: Mapping[Any, Any], path: Path, walk: Walk) -> dict[str, Any]:
        resolved: dict[str, Any] = {}
        missing: list[str] = []
        for name, each in self.fields.items():
            if name in value:
                resolved[name] = each.resolve(value[name], (*path, name), walk)
            elif each.default_provided:
                resolved[name] = each.resolve(each.default_value, (*path, name), walk)
            elif each.is_required:
                missing.append(name)
        if missing:
            missing.sort()
            walk.add_missing(path, missing, {name: self.fields[name].config_type.example() for name in missing})
        return resolved


class Shape(_Fields):
    """
    A dict with exactly these fields.

    Args:
        fields: Schemas by name.
        description: What the whole is for.
        field_aliases: Other names under which config may give a field: ``{field: alias}``.
    """

    __slots__ = ("_names", "field_aliases")
    kind = ConfigKind.STRICT_SHAPE

    def __init__(
        self, fields: Any, description: str | None = None, field_aliases: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(fields, description, "Shape")
        self.field_aliases: Final[Mapping[str, str]] = dict(field_aliases or {})
        self._names: Final = {alias: name for name, alias in self.field_aliases.items()}

    @property
    def implicit_default(self) -> Any:
        """Return the defaults of the fields, if every field is optional."""
        return self._defaults_of_fields()

    def _snapshot_parts(self) -> ConfigTypeSnap:
        return msgspec.structs.replace(super()._snapshot_parts(), field_aliases=dict(self.field_aliases))

    def resolve(self, value: object, path: Path, walk: Walk) -> Any:
        """Return a dict of the fields, defaults filled in."""
        if not isinstance(value, Mapping):
            walk.add_shape_mismatch(path, value, self.render(), "dict")
            return value
        if self._names:
            value = {self._names.get(name, name): each for name, each in value.items()}
        for name in value:
            if name not in self.fields:
                walk.add_unexpected(path, name, self.fields, self.render())
        return self._resolve_fields(value, path, walk)


class Permissive(_Fields):
    """
    A dict with these fields, and whatever else is given.

    Args:
        fields: Schemas by name; None for none.
        description: What the whole is for.
    """

    __slots__ = ()
    kind = ConfigKind.PERMISSIVE_SHAPE

    def __init__(self, fields: Any = None, description: str | None = None) -> None:
        super().__init__({} if fields is None else fields, description, "Permissive")

    @property
    def implicit_default(self) -> Any:
        """Return the defaults of the fields, if every field is optional."""
        return self._defaults_of_fields()

    def resolve(self, value: object, path: Path, walk: Walk) -> Any:
        """Return a dict of the fields, defaults filled in, and of everything else as it is."""
        if not isinstance(value, Mapping):
            walk.add_shape_mismatch(path, value, self.render(), "dict")
            return value
        resolved = self._resolve_fields(value, path, walk)
        for name, each in value.items():
            if name not in self.fields:
                resolved[name] = each
        return resolved


class Selector(_Fields):
    """
    A dict with exactly one of these fields.

    If there is only one field and it has a default, an empty dict selects it.

    Args:
        fields: Schemas by name.
        description: What the whole is for.
    """

    __slots__ = ()
    kind = ConfigKind.SELECTOR

    def __init__(self, fields: Any, description: str | None = None) -> None:
        super().__init__(fields, description, "Selector")

    @property
    def implicit_default(self) -> Any:
        """Return the default of the only field, if it is optional."""
        return self._defaults_of_fields() if len(self.fields) == 1 else NO_DEFAULT

    def resolve(self, value: object, path: Path, walk: Walk) -> Any:
        """Return a dict of the one field that was chosen."""
        if not isinstance(value, Mapping):
            walk.add_shape_mismatch(path, value, self.render(), "a dict, as it is for a selector type")
            return value
        known = sorted(self.fields)
        if len(value) > 1:
            walk.add_choice(path, sorted(map(show_value, value)), known)
            return value
        if not value:
            if self.implicit_default is NO_DEFAULT:
                walk.add_choice(path, [], known)
                return value
            name, each = next(iter(self.fields.items()))
            return {name: each.resolve(each.default_value, (*path, name), walk)} if each.default_provided else {}
        name, given = next(iter(value.items()))
        chosen = self.fields.get(name)
        if chosen is None:
            walk.add_unexpected(path, name, self.fields, self.render())
            return value
        return {name: chosen.resolve(given, (*path, name), walk)}

    def example(self) -> Any:
        """Return a dict of the first field."""
        return {name: each.config_type.example() for name, each in list(self.fields.items())[:1]}


class Array(ConfigType):
    """
    A list of values of one type.

    Args:
        inner_type: Schema of the members.
    """

    __slots__ = ("inner_type",)
    kind = ConfigKind.ARRAY

    def __init__(self, inner_type: object) -> None:
        super().__init__()
        self.inner_type: Final = resolve_type(inner_type)

    @property
    def description(self) -> str | None:
        """Return what the list holds."""
        return f"List of {self.inner_type.render()}"

    def resolve(self, value: object, path: Path, walk: Walk) -> Any:
        """Return a list of the members."""
        if not isinstance(value, list):
            walk.add_shape_mismatch(path, value, self.render(), "list")
            return value
        inner = self.inner_type
        return [inner.resolve(each, (*path, number), walk) for number, each in enumerate(value)]

    def members(self) -> Iterator[ConfigType]:
        """Iterate over the type of the members."""
        yield self.inner_type

    def render(self) -> str:
        """Return the type of the members in brackets."""
        return f"[{self.inner_type.render()}]"

    def example(self) -> Any:
        """Return an empty list."""
        return []


class Map(ConfigType):
    """
    A dict from any keys of one scalar type to values of one type.

    Args:
        key_type: Type of the keys: a scalar.
        inner_type: Schema of the values.
        key_label_name: What the keys are, for people: ``"file name"``.
    """

    __slots__ = ("_key_label_name", "inner_type", "key_type")
    kind = ConfigKind.MAP

    def __init__(self, key_type: object, inner_type: object, key_label_name: str | None = None) -> None:
        super().__init__(given_name=key_label_name)
        resolved_key = resolve_type(key_type)
        if not isinstance(resolved_key, Scalar):
            raise InvalidDefinitionError(
                f"The keys of a Map cannot be of type {resolved_key.render()}: Key type must be a scalar.",
                mend="use one of str, int, float, bool for the keys.",
            )
        self.key_type: Final = resolved_key
        self.inner_type: Final = resolve_type(inner_type)
        self._key_label_name: Final = key_label_name

    @property
    def key_label_name(self) -> str | None:
        """Return what the keys are, if told."""
        return self._key_label_name

    def resolve(self, value: object, path: Path, walk: Walk) -> Any:
        """Return a dict of the entries."""
        if not isinstance(value, Mapping):
            walk.add_shape_mismatch(path, value, self.render(), "dict")
            return value
        resolved = {}
        for key, each in value.items():
            below = (*path, key if isinstance(key, str) else show_value(key))
            if not self.key_type.is_valid(key):
                walk.add_mismatch((*below, "key"), key, self.key_type.render())
            resolved[key] = self.inner_type.resolve(each, below, walk)
        return resolved

    def members(self) -> Iterator[ConfigType]:
        """Iterate over the types of keys and values."""
        yield self.key_type
        yield self.inner_type

    def render(self) -> str:
        """Return the types of keys and values in braces."""
        label = f"{self._key_label_name}: " if self._key_label_name else ""
        return f"{{ [{label}{self.key_type.render()}]: {self.inner_type.render()} }}"

    def example(self) -> Any:
        """Return an empty dict."""
        return {}


class Noneable(ConfigType):
    """
    A value of a type, or None.

    A field of such a type need not be given; it is None then.

    Args:
        inner_type: Schema of the value.
    """

    __slots__ = ("inner_type",)
    kind = ConfigKind.NONEABLE

    def __init__(self, inner_type: object) -> None:
        super().__init__()
        self.inner_type: Final = resolve_type(inner_type)

    @property
    def implicit_default(self) -> Any:
        """Return None, which is a value."""
        return None

    def resolve(self, value: object, path: Path, walk: Walk) -> Any:
        """Return None, or the value."""
        return None if value is None else self.inner_type.resolve(value, path, walk)

    def members(self) -> Iterator[ConfigType]:
        """Iterate over the type of the value."""
        yield self.inner_type

    def render(self) -> str:
        """Return the type of the value with a question mark."""
        return f"{self.inner_type.render()}?"

    def example(self) -> Any:
        """Return None."""
        return None


class ScalarUnion(ConfigType):
    """
    Either a scalar, or something with parts.

    Args:
        scalar_type: The scalar.
        non_scalar_schema: Schema of the other: a shape, a selector, a list, a map.
        _key: Accepted for compatibility, and ignored.
    """

    __slots__ = ("non_scalar_type", "scalar_type")
    kind = ConfigKind.SCALAR_UNION

    def __init__(self, scalar_type: Any, non_scalar_schema: Any, _key: str | None = None) -> None:
        super().__init__()
        scalar = resolve_type(scalar_type)
        other = resolve_type(non_scalar_schema)
        if not isinstance(scalar, Scalar):
            raise InvalidDefinitionError(
                f"ScalarUnion wants a scalar first, not {scalar.render()}.", mend="give one of str, int, float, bool."
            )
        if other.kind not in (
            ConfigKind.PERMISSIVE_SHAPE,
            ConfigKind.STRICT_SHAPE,
            ConfigKind.SELECTOR,
            ConfigKind.ARRAY,
            ConfigKind.MAP,
        ):
            raise InvalidDefinitionError(
                f"ScalarUnion wants something with parts second, not {other.render()}.",
                mend="give a dict, a Selector, a list or a Map.",
            )
        self.scalar_type: Final = scalar
        self.non_scalar_type: Final = other

    def resolve(self, value: object, path: Path, walk: Walk) -> Any:
        """Return the scalar, or the other."""
        has_parts = isinstance(value, (Mapping, list))
        return (self.non_scalar_type if has_parts else self.scalar_type).resolve(value, path, walk)

    def members(self) -> Iterator[ConfigType]:
        """Iterate over the two types."""
        yield self.scalar_type
        yield self.non_scalar_type

    def render(self) -> str:
        """Return both types."""
        return f"({self.scalar_type.render()} | {self.non_scalar_type.render()})"

    def example(self) -> Any:
        """Return an example of the scalar."""
        return self.scalar_type.example()


_PYTHON_TYPES: Final[Mapping[Any, Callable[[], ConfigType]]] = {
    int: lambda: INT,
    float: lambda: FLOAT,
    str: lambda: STRING,
    bool: lambda: BOOL,
    dict: Permissive,
    list: lambda: Array(ANY),
    Any: lambda: ANY,
}


def resolve_field(config_schema: Any) -> Field:
    """
    Return the field that *config_schema* stands for.

    None means that anything may be given, and need not be.

    Raises:
        InvalidConfigDefinitionError: The schema, or a part of it, cannot be understood; the message names the path.
        InvalidDefinitionError: It is a type of the module typing.

    >>> resolve_field({"path": str}).config_type.render()
    '{ path: String }'
    """
    if isinstance(config_schema, Field):
        return config_schema
    if config_schema is None:
        return _ANYTHING
    as_field = _as_field_of(config_schema)
    if as_field is not None:
        return as_field
    try:
        return Field(config_schema)
    except InvalidDefinitionError as error:
        if typing.get_origin(config_schema) is not None:
            raise
        raise InvalidConfigDefinitionError(error.args[0], (), error.args[0], mend=error.mend) from error


def _as_field_of(schema: Any) -> Field | None:
    """Return the field of a config class, or of an object that says it stands for one."""
    if is_config_class(schema) or is_configurable_resource_class(schema):
        schema = schema.to_config_schema()
    as_field = getattr(schema, "as_field", None)
    if as_field is None or isinstance(schema, type):
        return None
    found = as_field()
    return found if isinstance(found, Field) else None


def resolve_type(schema: Any) -> ConfigType:
    """
    Return the config type that *schema* stands for.

    Raises:
        InvalidDefinitionError: It stands for none.
    """
    if isinstance(schema, ConfigType):
        return schema
    try:
        made = _PYTHON_TYPES.get(schema)
    except TypeError:  # unhashable: a dict, a list
        made = None
    if made is not None:
        return made()
    if isinstance(schema, Mapping):
        return _resolve_mapping(schema)
    if isinstance(schema, Sequence) and not isinstance(schema, str):
        return _resolve_list(schema)
    as_field = _as_field_of(schema)
    if as_field is not None:
        return as_field.config_type
    if getattr(schema, "is_builtin", False) is True and not isinstance(schema, type):
        return resolve_type(schema.typing_type)  # orrery.Int and its like, which are types of values too
    raise _not_a_schema(schema)


def _resolve_mapping(schema: Mapping[Any, Any]) -> ConfigType:
    keys = list(schema)
    if any(not isinstance(key, str) for key in keys):
        if len(keys) != 1:
            raise InvalidDefinitionError(
                f"Map dict must be of length 1, with a type as its key; got the keys {show_value(keys)}.",
                mend="write {str: int} for a map, or use texts as the names of fields.",
            )
        key = keys[0]
        if not (isinstance(key, ConfigType) or (isinstance(key, type) and key in _PYTHON_TYPES)):
            raise InvalidDefinitionError(
                f"Invalid key in map specification: {show_value(key)} in map {show_value(schema)}",
                mend="use one of str, int, float, bool as the type of the keys.",
            )
        return Map(key, schema[key])
    return Shape(schema)


def _resolve_list(schema: Sequence[Any]) -> ConfigType:
    if len(schema) != 1:
        raise InvalidDefinitionError(
            f"Array specifications must only be of length 1, not {len(schema)}.", mend="write [int] for a list of int."
        )
    if isinstance(schema[0], Field):
        raise InvalidDefinitionError(
            f"Invalid member of array specification: {schema[0]!r} in list.", mend="give the type without Field()."
        )
    return Array(schema[0])


_ACCEPTED = (
    "This value can be a Field; a Python primitive type (int, float, bool, str, list, dict); a config type "
    "(Array, Noneable, Selector, Shape, Permissive, Map, Enum, ScalarUnion, StringSource, ...); a bare dictionary of "
    "names to such values; a list with a single such entry, for example [int]; or a Config class"
)


def _not_a_schema(schema: Any) -> InvalidDefinitionError:
    shown = show_value(schema)
    origin = typing.get_origin(schema)
    if origin in (typing.Union, types.UnionType) or schema is typing.Optional:
        return InvalidDefinitionError(
            f"Cannot use {shown} as a config type.",
            mend="write Field(<type>, is_required=False) if the field may be left out, "
            "and Noneable(<type>) if it may be None.",
        )
    if origin is not None:
        return InvalidDefinitionError(
            f"You have passed in {shown} to the config system. "
            "Types from the typing module in python are not allowed in the config system.",
            mend="write [int] for list[int], and {str: int} for dict[str, int].",
        )
    if isinstance(schema, type) and issubclass(schema, enum.Enum):
        return InvalidDefinitionError(
            f"Attempted to pass {shown} to a Field that expects a valid config type.",
            mend=f"write Enum.from_python_enum({schema.__name__}).",
        )
    return InvalidDefinitionError(
        f"Attempted to pass {shown} to a Field that expects a valid config type (e.g. Dict, Int, String et al).",
        mend=_ACCEPTED + ".",
    )


def _resolve_entry(name: Any, schema: Any) -> Field:
    if not isinstance(name, str):
        raise InvalidDefinitionError(
            f"The name of a config field must be a text, not {show_value(name)}.", mend="use texts as names."
        )
    try:
        if schema is None or isinstance(schema, EnvReference):
            raise _not_a_schema(schema)
        return resolve_field(schema)
    except (InvalidDefinitionError, InvalidConfigDefinitionError) as error:
        raise _at_entry(name, error) from error


def _at_entry(name: str, error: OrreryError) -> InvalidConfigDefinitionError:
    """Return the error with the way to it: the names of the entries, outermost first, are its second argument."""
    what, path = (error.args[2], error.args[1]) if len(error.args) == 3 else (error.args[0], ())
    path = (name, *path)
    return InvalidConfigDefinitionError(
        f"Error defining config. Error at stack path :{':'.join(path)}. {what}", path, what, mend=error.mend
    )


_ANYTHING: Final = Field(ANY, is_required=False)
