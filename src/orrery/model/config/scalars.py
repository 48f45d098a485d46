"""
The leaves of a config schema: scalars, values from the environment, enums, and the base of every type.

Each type knows how to check a value of its own (:meth:`ConfigType.resolve`), how to name itself in a
message, and what an example looks like; the containers in ``schema.py`` call their members.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

import msgspec

from orrery.base.errors import InvalidDefinitionError, InvariantViolationError, nearest
from orrery.model.config.env import EnvKind, EnvReference, parse_env_text
from orrery.model.config.problems import Path, Walk, at, show_value
from orrery.model.config.snapshot import ConfigEnumValueSnap, ConfigSchemaSnapshot, ConfigTypeSnap

__all__ = [
    "ANY",
    "BOOL",
    "FLOAT",
    "INT",
    "STRING",
    "AnyType",
    "BoolSource",
    "ConfigKind",
    "ConfigType",
    "Enum",
    "EnumValue",
    "IntSource",
    "Scalar",
    "Source",
    "StringSource",
]


class ConfigKind(enum.Enum):
    """The kinds of config types."""

    ANY = "ANY"
    SCALAR = "SCALAR"
    ENUM = "ENUM"
    SELECTOR = "SELECTOR"
    STRICT_SHAPE = "STRICT_SHAPE"
    PERMISSIVE_SHAPE = "PERMISSIVE_SHAPE"
    SCALAR_UNION = "SCALAR_UNION"
    MAP = "MAP"
    ARRAY = "ARRAY"
    NONEABLE = "NONEABLE"

    @property
    def has_fields(self) -> bool:
        """Tell whether types of this kind have named fields."""
        return self in (ConfigKind.SELECTOR, ConfigKind.STRICT_SHAPE, ConfigKind.PERMISSIVE_SHAPE)


class ConfigType:
    """
    A type of config values; immutable once made.

    Attributes:
        kind: Which kind of type.
        given_name: The name under which people know it, if it has one.
    """

    __slots__ = ("_description", "given_name")

    kind: ClassVar[ConfigKind]

    def __init__(self, *, given_name: str | None = None, description: str | None = None) -> None:
        self.given_name = given_name
        self._description = description

    @property
    def description(self) -> str | None:
        """Return what the type is for, if told."""
        return self._description

    def resolve(self, value: object, path: Path, walk: Walk) -> Any:
        """
        Return *value* as the user's code shall see it: defaults filled in, names of enums replaced.

        Every problem is noted in *walk*; the result is meaningless if there is any.
        """
        raise NotImplementedError

    def render(self) -> str:
        """Return the type as shown in messages, on one line."""
        raise NotImplementedError

    def example(self) -> Any:
        """Return a value that the type accepts, for messages."""
        raise NotImplementedError

    @property
    def implicit_default(self) -> Any:
        """Return the value of a field of this type that nobody gave, or :data:`NO_DEFAULT`."""
        return NO_DEFAULT

    def members(self) -> Iterator[ConfigType]:
        """Iterate over the types directly below this one."""
        return iter(())

    def type_iterator(self) -> Iterator[ConfigType]:
        """Iterate over every type below this one, and this one last."""
        for member in self.members():
            yield from member.type_iterator()
        yield self

    def post_process(self, value: Any) -> Any:
        """Return a value that was checked before, as the user's code shall see it."""
        return value

    @property
    def key(self) -> str:
        """Return a text that equal types share, in every process."""
        return self.snapshot.key

    @property
    def snapshot(self) -> ConfigTypeSnap:
        """Return the type as data; it names the types below it by their keys."""
        parts = self._snapshot_parts()
        is_closed = self.kind in (ConfigKind.ANY, ConfigKind.SCALAR)
        key = str(self.given_name) if is_closed else f"{type(self).__name__.lstrip('_')}.{_digest(parts)}"
        return msgspec.structs.replace(parts, key=key)

    def _snapshot_parts(self) -> ConfigTypeSnap:
        return ConfigTypeSnap(
            kind=self.kind.value,
            key="",
            given_name=self.given_name,
            description=self.description,
            type_param_keys=tuple(each.key for each in self.members()) or None,
        )

    @property
    def schema_snapshot(self) -> ConfigSchemaSnapshot:
        """Return the type and all types below it as data."""
        snaps = (each.snapshot for each in self.type_iterator())
        return ConfigSchemaSnapshot(all_config_snaps_by_key={each.key: each for each in snaps})

    @staticmethod
    def from_builtin_enum(builtin_enum: Any) -> ConfigType:
        """Return the scalar type for one of Python's ``int, float, str, bool``, or for its config type."""
        if isinstance(builtin_enum, ConfigType):
            return builtin_enum
        if getattr(builtin_enum, "is_builtin", False) is True:
            builtin_enum = builtin_enum.typing_type
        for python_type, scalar in ((int, INT), (float, FLOAT), (str, STRING), (bool, BOOL)):
            if builtin_enum is python_type:
                return scalar
        raise InvariantViolationError(
            f"{show_value(builtin_enum)} is no scalar of the config system.",
            mend="use one of int, float, str, bool.",
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.render()})"


def _digest(snap: ConfigTypeSnap) -> str:
    import hashlib  # 3 ms, for snapshots alone

    return hashlib.sha1(msgspec.json.encode(snap), usedforsecurity=False).hexdigest()


class _NoDefault:
    """The absence of a default; not None, which is a value."""

    def __repr__(self) -> str:
        return "NO_DEFAULT"


NO_DEFAULT: Final[Any] = _NoDefault()


class AnyType(ConfigType):
    """Any value, passed on as it is; also None."""

    __slots__ = ()
    kind = ConfigKind.ANY

    def __init__(self) -> None:
        super().__init__(given_name="Any")

    def resolve(self, value: object, path: Path, walk: Walk) -> Any:
        """Return *value* as it is."""
        return value

    def render(self) -> str:
        """Return the name of the type."""
        return "Any"

    def example(self) -> Any:
        """Return a value that is obviously to be replaced."""
        return "AnyType"


class Scalar(ConfigType):
    """
    A type whose values have no parts: whole number, number, text, truth value.

    A truth value is no whole number here, and a number is no whole number, though a whole number is a number, and a
    truth value is the number 1.0 or 0.0.
    """

    __slots__ = ("_example", "accepts", "env_kind")
    kind = ConfigKind.SCALAR

    def __init__(self, name: str, accepts: tuple[type, ...], env_kind: EnvKind | None, example: Any) -> None:
        super().__init__(given_name=name, description="")
        self.accepts = accepts
        self.env_kind = env_kind
        self._example = example

    def is_valid(self, value: object) -> bool:
        """Tell whether *value* is of this type."""
        if isinstance(value, EnvReference):
            return False
        if isinstance(value, bool):
            return bool in self.accepts or self.accepts[0] is float
        return isinstance(value, self.accepts)

    def resolve(self, value: object, path: Path, walk: Walk) -> Any:
        """Return *value* (a number as a float where one is wanted) or note the mismatch."""
        if isinstance(value, EnvReference):
            walk.add_refused(
                path,
                f'Invalid use of environment variable wrapper. The value of "{value.env_var_name}" is wrapped with '
                "EnvVar(), which belongs into config classes and RunConfig. In a run config dictionary, "
                f"replace it with {value.as_config()!r} where the schema takes a {self.render()}Source.",
                expected=self.render(),
            )
            return value
        if not self.is_valid(value):
            walk.add_mismatch(path, value, self.render())
            return value
        return self.post_process(value)

    def post_process(self, value: Any) -> Any:
        """Return a whole number as a float where a float is wanted."""
        return float(value) if self.accepts[0] is float and isinstance(value, int) else value

    def render(self) -> str:
        """Return the name of the type."""
        return str(self.given_name)

    def example(self) -> Any:
        """Return a value of the type."""
        return self._example

    def _snapshot_parts(self) -> ConfigTypeSnap:
        return msgspec.structs.replace(super()._snapshot_parts(), scalar_kind=str(self.given_name).upper())


ANY: Final = AnyType()
INT: Final = Scalar("Int", (int,), "int", 0)
FLOAT: Final = Scalar("Float", (float, int), None, 0.0)
STRING: Final = Scalar("String", (str,), "str", "...")
BOOL: Final = Scalar("Bool", (bool,), "bool", True)


class Source(ConfigType):
    """
    A scalar that may be given as it is, or as ``{"env": "NAME"}``: then it is read from the environment.

    Whether the variable is set is asked when the config is resolved for a run, not before.
    """

    __slots__ = ("env_kind", "scalar")
    kind = ConfigKind.SCALAR_UNION

    def __init__(self, name: str, scalar: Scalar, env_kind: EnvKind) -> None:
        super().__init__(given_name=name)
        self.scalar = scalar
        self.env_kind = env_kind

    def resolve(self, value: object, path: Path, walk: Walk) -> Any:
        """Return the scalar, from the environment if the walk may look there."""
        if isinstance(value, EnvReference):
            return self._from_environment(value.env_var_name, path, walk, value.as_config())
        if isinstance(value, Mapping):
            return self._resolve_mapping(value, path, walk)
        if isinstance(value, (list, tuple)):
            walk.add_shape_mismatch(path, value, self.render(), "a scalar, or a dict for the selector type")
            return value
        return self.scalar.resolve(value, path, walk)

    def _resolve_mapping(self, value: Mapping[Any, Any], path: Path, walk: Walk) -> Any:
        before = len(walk.problems)
        for name in value:
            if name != "env":
                walk.add_unexpected(path, name, ("env",), "{ env: String }")
        if not value:
            walk.add_choice(path, [], ["env"])
        if len(walk.problems) > before:
            return value
        return self._from_environment(value["env"], (*path, "env"), walk, value)

    def _from_environment(self, name: object, path: Path, walk: Walk, original: object) -> Any:
        if not isinstance(name, str):
            STRING.resolve(name, path, walk)
            return original
        name = name.env_var_name if isinstance(name, EnvReference) else name
        if walk.environment is None:
            return original
        field_path = path[:-1] if path and path[-1] == "env" else path
        text = walk.environment.get(name)
        if text is None:
            walk.add_unset_variable(field_path, name)
            return original
        walk.from_environment.add(field_path)
        try:
            return parse_env_text(text, self.env_kind)
        except ValueError as error:
            wanted = {"int": "an int", "bool": "a bool", "str": "a string"}[self.env_kind]
            walk.add_bad_variable(field_path, name, wanted, str(error))
            return original

    def members(self) -> Iterator[ConfigType]:
        """Iterate over the scalar."""
        yield self.scalar

    def render(self) -> str:
        """Return both ways to give the value."""
        return f"({self.scalar.render()} | {{ env: String }})"

    def example(self) -> Any:
        """Return a value of the scalar."""
        return self.scalar.example()


StringSource: Final = Source("StringSourceType", STRING, "str")
IntSource: Final = Source("IntSourceType", INT, "int")
BoolSource: Final = Source("BoolSourceType", BOOL, "bool")


class EnumValue:
    """
    One value of an :class:`Enum`.

    Args:
        config_value: The text in config.
        python_value: What the user's code sees; by default the text itself.
        description: What the value means.
    """

    __slots__ = ("config_value", "description", "python_value")

    def __init__(self, config_value: str, python_value: object | None = None, description: str | None = None) -> None:
        if not isinstance(config_value, str):
            raise InvalidDefinitionError(
                f"EnumValue wants a text, not {show_value(config_value)} of type {type(config_value).__name__}.",
                mend="give the text that people write in config, and the value as python_value=.",
            )
        self.config_value: Final = config_value
        self.python_value: Final = config_value if python_value is None else python_value
        self.description: Final = description

    def __repr__(self) -> str:
        return f"EnumValue({self.config_value!r}, {self.python_value!r})"


class Enum(ConfigType):
    """
    One of a few texts; the user's code sees the Python value behind it.

    Args:
        name: The name of the enum, for messages.
        enum_values: The values; no text twice.

    >>> Enum("Color", [EnumValue("RED", 1)]).post_process("RED")
    1
    """

    __slots__ = ("_by_text", "enum_values")
    kind = ConfigKind.ENUM

    def __init__(self, name: str, enum_values: Sequence[EnumValue]) -> None:
        super().__init__(given_name=name)
        self.enum_values: Final = tuple(enum_values)
        self._by_text: Final = {each.config_value: each for each in self.enum_values}
        if len(self._by_text) != len(self.enum_values):
            raise InvalidDefinitionError(
                f"The config enum '{name}' has a value twice: {[each.config_value for each in self.enum_values]}.",
                mend="give each config_value once.",
            )

    @property
    def config_values(self) -> list[str]:
        """Return the texts that config may hold."""
        return list(self._by_text)

    def is_valid_config_enum_value(self, config_value: object) -> bool:
        """Tell whether *config_value* is one of the texts."""
        return isinstance(config_value, str) and config_value in self._by_text

    def post_process(self, value: Any) -> Any:
        """Return the Python value behind the text *value*."""
        found = self._by_text.get(value)
        if found is None:
            raise InvariantViolationError(f"{show_value(value)} is no value of the config enum '{self.given_name}'.")
        return found.python_value

    def resolve(self, value: object, path: Path, walk: Walk) -> Any:
        """Return the Python value behind the text, or note what is wrong."""
        from_text = self._by_text.get(value) if isinstance(value, str) else None
        if from_text is not None:
            return from_text.python_value
        where = at(path)
        if value is None:
            walk.add_mismatch(path, value, self.render())
        elif not isinstance(value, str):
            walk.add_refused(
                path,
                f"Value {where} for enum type {self.given_name} must be a string",
                given=walk.show(value),
                expected=self._wanted(),
            )
        else:
            near = nearest(value, self._by_text)
            hint = f' Did you mean "{near}"?' if near is not None else ""
            walk.add_refused(
                path,
                f"Value {where} not in enum type {self.given_name} got {walk.show(value)}.{hint} "
                f"Expected one of {self.config_values}.",
                given=walk.show(value),
                expected=self._wanted(),
            )
        return value

    def _wanted(self) -> str:
        return f"one of {self.config_values}"

    @classmethod
    def from_python_enum(cls, enum: type[enum.Enum], name: str | None = None) -> Enum:
        """Return a config enum whose texts are the names of *enum* and whose values are its members."""
        return cls(name or enum.__name__, [EnumValue(each.name, python_value=each) for each in enum])

    @classmethod
    def from_python_enum_direct_values(cls, enum: type[enum.Enum], name: str | None = None) -> Enum:
        """Return a config enum whose texts are the names of *enum* and whose values are its members' values."""
        return cls(name or enum.__name__, [EnumValue(each.name, python_value=each.value) for each in enum])

    def render(self) -> str:
        """Return the name of the enum."""
        return str(self.given_name)

    def _snapshot_parts(self) -> ConfigTypeSnap:
        values = tuple(
            ConfigEnumValueSnap(value=each.config_value, description=each.description) for each in self.enum_values
        )
        return msgspec.structs.replace(super()._snapshot_parts(), enum_values=values)

    def example(self) -> Any:
        """Return the first text."""
        return next(iter(self._by_text), "")
