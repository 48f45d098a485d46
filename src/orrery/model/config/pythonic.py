"""
Config as classes, in pydantic's manner.

The only module of the floors below ``runtime/resources`` that imports pydantic; it is loaded when a
user's module defines such a class. :func:`config_class_to_field` turns a class into the schema that
run config is checked against; the class itself then checks what only it knows: limits and validators.
"""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Annotated, Any, ClassVar, Final, Literal, Self, Union, get_args, get_origin

import pydantic
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from orrery.base.errors import (
    InvalidConfigDefinitionError,
    InvalidDefinitionError,
    InvalidInvocationError,
    InvalidPythonicConfigDefinitionError,
)
from orrery.model.config.configured import DefinitionConfigSchema
from orrery.model.config.env import EnvReference
from orrery.model.config.marker import is_config_class, is_configurable_resource, is_configurable_resource_class
from orrery.model.config.problems import MASK, Path, Problem, Walk, raise_if_problems, show_value
from orrery.model.config.scalars import (
    ANY,
    FLOAT,
    NO_DEFAULT,
    BoolSource,
    ConfigType,
    Enum,
    EnumValue,
    IntSource,
    StringSource,
)
from orrery.model.config.schema import Array, Field, Map, Noneable, Permissive, Selector, Shape

__all__ = [
    "ClassPlan",
    "Config",
    "PermissiveConfig",
    "ResourceDependencyMark",
    "add_pydantic_problems",
    "build_config",
    "config_class_to_field",
    "holds_reference",
    "key_of",
    "plan_of",
    "values_of",
]


class ResourceDependencyMark:
    """Metadata of a field that holds another resource: ``ResourceDependency[T]``."""

    __slots__ = ("wanted",)

    def __init__(self, wanted: Any) -> None:
        self.wanted = wanted


def holds_reference(value: Any) -> bool:
    """Tell whether *value* is a reference to the environment, or a list or dict that holds one."""
    if isinstance(value, EnvReference):
        return True
    kind = type(value)
    if kind is list or kind is tuple:
        return any(holds_reference(each) for each in value)
    return kind is dict and any(holds_reference(each) for each in value.values())


def _fields_schema(schema: Any) -> Any:
    """Return the part of the core schema of a model that lists its fields; None if it has an unknown form."""
    while isinstance(schema, dict) and schema.get("type") != "model-fields":
        schema = schema.get("schema")
    return schema


def _let_stand(schema: Any, accepts: Callable[[Any], bool]) -> Any:
    """Return the core schema of a field, unless a literal's, so that what *accepts* says yes to passes unchecked."""
    if schema["type"] == "default":
        return {**schema, "schema": _let_stand(schema["schema"], accepts)}
    if schema["type"] == "literal":
        return schema

    def keep(value: Any, handler: core_schema.ValidatorFunctionWrapHandler) -> Any:
        return value if accepts(value) else handler(value)

    return core_schema.no_info_wrap_validator_function(keep, schema)


class Config(pydantic.BaseModel):
    """
    Config as a class: annotate the config parameter of an op or asset with a subclass.

    Objects are frozen; set ``model_config = {"frozen": False}`` to change that. A field of an optional
    type needs not be given. A value may be ``EnvVar("NAME")``: it is read when the run starts.

    Example::

        class LoadConfig(Config):
            path: str
            limit: int = Field(default=10, ge=1)

        @asset
        def rows(config: LoadConfig): ...
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", use_enum_values=False)

    __orrery_config__: ClassVar[bool] = True
    __orrery_permissive__: ClassVar[bool] = False

    def __init__(self, **config: Any) -> None:
        for name in plan_of(type(self)).optional_names:
            config.setdefault(name, None)
        super().__init__(**config)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: pydantic.GetCoreSchemaHandler) -> CoreSchema:
        """Let a reference to the environment, or a resource yet to be made, stand where its value will be."""
        try:
            schema = handler(source)
        except pydantic.errors.PydanticSchemaGenerationError as error:
            raise _unknown_field(cls, handler) or error from error
        fields = _fields_schema(handler.resolve_ref_schema(schema))
        if fields is not None:
            for name, each in fields["fields"].items():
                each["schema"] = _let_stand(each["schema"], cls._accepts_in_place(name))
        return schema

    @classmethod
    def _accepts_in_place(cls, name: str) -> Callable[[Any], bool]:
        """Return which values of the field *name* are kept as they are, unchecked."""
        return holds_reference

    def __setattr__(self, name: str, value: Any) -> None:
        try:
            super().__setattr__(name, value)
        except pydantic.ValidationError as error:
            if any(each["type"] == "frozen_instance" for each in error.errors(include_url=False)):
                raise InvalidInvocationError(
                    f"'{type(self).__name__}' is a Pythonic config class and does not support item assignment, "
                    "as it inherits from 'pydantic.BaseModel' with frozen=True.",
                    mend="make a changed copy with model_copy(update=...), or set "
                    "model_config = {'frozen': False} on the class.",
                ) from error
            raise

    @classmethod
    def to_config_schema(cls) -> DefinitionConfigSchema:
        """Return what config the class takes."""
        return DefinitionConfigSchema(config_class_to_field(cls))

    @classmethod
    def to_fields_dict(cls) -> dict[str, Field]:
        """Return the fields that config may give, by the names that it uses."""
        config_type = config_class_to_field(cls).config_type
        assert isinstance(config_type, (Shape, Permissive))
        return dict(config_type.fields)

    @classmethod
    def from_resolved_config(cls, resolved: Mapping[str, Any]) -> Self:
        """Return an object of the class from config that its schema accepted."""
        return cls(**plan_of(cls).to_arguments(resolved))

    def to_config_value(self) -> dict[str, Any]:
        """Return the object as one would write it in YAML; references to the environment stay references."""
        return plan_of(type(self)).to_plain(self)


class PermissiveConfig(Config):
    """Config as a class that also keeps fields which it does not declare."""

    model_config = pydantic.ConfigDict(frozen=True, extra="allow")

    __orrery_permissive__: ClassVar[bool] = True


# -- from class to schema ------------------------------------------------------------------------


class _ClassShape(Shape):
    """The shape of a config class; when its fields are accepted, the class checks limits and validators."""

    __slots__ = ("config_class",)

    def __init__(self, config_class: type[Config], fields: Mapping[str, Field]) -> None:
        super().__init__(fields, description=_doc(config_class))
        self.config_class: Final = config_class

    def resolve(self, value: object, path: Path, walk: Walk) -> Any:
        """Return a dict of the fields, defaults filled in."""
        before = len(walk.problems)
        resolved = super().resolve(value, path, walk)
        _check_class(self.config_class, resolved, path, walk, walk.problems[before:])
        return resolved


class _PermissiveClassShape(Permissive):
    """The shape of a permissive config class; see :class:`_ClassShape`."""

    __slots__ = ("config_class",)

    def __init__(self, config_class: type[Config], fields: Mapping[str, Field]) -> None:
        super().__init__(fields, description=_doc(config_class))
        self.config_class: Final = config_class

    def resolve(self, value: object, path: Path, walk: Walk) -> Any:
        """Return a dict of the fields and of all else, defaults filled in."""
        before = len(walk.problems)
        resolved = super().resolve(value, path, walk)
        _check_class(self.config_class, resolved, path, walk, walk.problems[before:])
        return resolved


def _check_class(config_class: type[Config], resolved: Any, path: Path, walk: Walk, found: Sequence[Problem]) -> None:
    """
    Note what limits and validators of the class refuse; what waits for the environment is left for later.

    Where the schema found problems already, the class is asked about the other fields, so that all is told at once;
    but not if it looks at its fields together, as it would be shown only some of them.
    """
    if is_configurable_resource_class(config_class):
        _check_fields(config_class, resolved, path, walk, found)
        return
    if walk.environment is None and _holds_env_entry(resolved):
        return
    if found and (not isinstance(resolved, Mapping) or config_class.__pydantic_decorators__.model_validators):
        return
    known = {each.path[len(path)] for each in found if len(each.path) > len(path)}
    accepted = {name: value for name, value in resolved.items() if name not in known} if known else resolved
    try:
        config_class.from_resolved_config(accepted)
    except pydantic.ValidationError as error:
        secret = plan_of(config_class).secret_keys
        add_pydantic_problems(error, path, walk, known=known, complete=not found, secret=secret)


def _check_fields(config_class: type[Config], resolved: Any, path: Path, walk: Walk, found: Sequence[Problem]) -> None:
    """Note what limits of single fields of a resource class refuse; its validators see the object as it is made."""
    if not isinstance(resolved, Mapping):
        return
    known = {each.path[len(path)] for each in found if len(each.path) > len(path)}
    plan = plan_of(config_class)
    for key, limits in plan.limits.items():
        if key not in resolved or key in known or _holds_env_entry(resolved[key]):
            continue
        try:
            limits.validate_python(resolved[key])
        except pydantic.ValidationError as error:
            add_pydantic_problems(error, (*path, key), walk, is_secret=key in plan.secret_keys)


def add_pydantic_problems(
    error: pydantic.ValidationError,
    path: Path,
    walk: Walk,
    *,
    known: AbstractSet[int | str] = frozenset(),
    complete: bool = True,
    secret: AbstractSet[str] = frozenset(),
    is_secret: bool = False,
) -> None:
    """
    Note every fault that pydantic found, each with its path below *path*.

    Args:
        error: What pydantic found.
        path: Where the object lies.
        walk: Takes the problems.
        known: Fields whose faults are noted already.
        complete: Whether all fields were given; if not, that one is missing is noted already, too.
        secret: Fields whose values are masked; so is the whole object, if it has any.
        is_secret: Whether all that lies here is masked.
    """
    for each in error.errors(include_url=False):
        place = each["loc"]
        if (place and place[0] in known) or (not complete and each["type"] == "missing"):
            continue
        masked = is_secret or (place[0] in secret if place else bool(secret))
        walk.add_limit((*path, *place), MASK if masked else each["input"], str(each["msg"]))


def _holds_env_entry(value: Any) -> bool:
    """Tell whether a reference was left in *value*, because the environment was not looked at."""
    if isinstance(value, EnvReference):
        return True
    if isinstance(value, Mapping):
        return (len(value) == 1 and "env" in value) or any(_holds_env_entry(each) for each in value.values())
    return isinstance(value, list) and any(_holds_env_entry(each) for each in value)


def config_class_to_field(cls: type[Any]) -> Field:
    """
    Return the schema of the config class *cls*.

    Raises:
        InvalidPythonicConfigDefinitionError: A field is of a type that config cannot express; it is named.
    """
    return plan_of(cls).field


def build_config(
    cls: type[Config],
    value: Any,
    env: Mapping[str, str] | None = None,
    *,
    subject: str | None = None,
    path: Path = (),
) -> Config:
    """
    Return an object of the config class *cls*.

    Args:
        cls: The class.
        value: As the user wrote it; None stands for an empty dict.
        env: Environment variables by name; None if the value holds no reference.
        subject: What the config is for, for messages; by default the class.
        path: Where the value lies in the run config.

    Raises:
        InvalidConfigError: The schema, a limit or a validator refuses it; all problems are told.
    """
    walk = Walk(environment=env)
    resolved = config_class_to_field(cls).resolve({} if value is None else value, path, walk)
    raise_if_problems(walk.problems, subject=subject or f"config class {cls.__name__}")
    return cls.from_resolved_config(resolved)


def _doc(cls: type[Any]) -> str | None:
    own = cls.__dict__.get("__doc__")
    return own.strip() if isinstance(own, str) else None


class ClassPlan:
    """
    What is known about a config class, worked out once, when first asked.

    Attributes:
        optional_names: Arguments that are None if they are not given.
        nested_names: Fields that hold other resources, and so are no config.
    """

    __slots__ = ("_field", "_limits", "_unions", "cls", "nested_names", "optional_names")

    def __init__(self, cls: type[Any]) -> None:
        self.cls = cls
        self.optional_names: list[str] = []
        self.nested_names: list[str] = []
        self._unions: dict[str, _Union] = {}
        self._field: Field | None = None
        self._limits: dict[str, pydantic.TypeAdapter[Any]] | None = None
        for name, info in cls.model_fields.items():
            if info.is_required() and _allows_none(info.annotation, info.metadata):
                self.optional_names.append(key_of(name, info))
            if _is_nested(info.annotation, info.metadata):
                self.nested_names.append(name)

    @property
    def field(self) -> Field:
        """Return the schema."""
        if self._field is None:
            if self.cls in _being_planned:
                raise InvalidPythonicConfigDefinitionError(
                    f"The config class {self.cls.__name__} contains itself.",
                    mend="declare one of its fields as Any, or as dict.",
                )
            _being_planned.add(self.cls)
            try:
                self._field = Field(self.shape())
            finally:
                _being_planned.discard(self.cls)
        return self._field

    @property
    def limits(self) -> Mapping[str, pydantic.TypeAdapter[Any]]:
        """Return what checks a value, by the key of each field that sets limits."""
        if self._limits is None:
            self._limits = {
                key_of(name, info): _limited_by(info)
                for name, info in self.cls.model_fields.items()
                if (info.metadata or _holds_limits(info.annotation)) and name not in self.nested_names
            }
        return self._limits

    @property
    def secret_keys(self) -> AbstractSet[str]:
        """Return the keys of the fields whose values are masked."""
        return {key_of(name, info) for name, info in self.cls.model_fields.items() if _is_secret(info)}

    def shape(self, defaults: Mapping[str, Any] | None = None, without: str | None = None) -> ConfigType:
        """
        Return the shape of the class.

        Args:
            defaults: Defaults by the name of the field, in place of the class's own.
            without: A field to leave out: the discriminator of a union.
        """
        fields = {
            key_of(name, info): self._field_of(name, info, defaults)
            for name, info in self.cls.model_fields.items()
            if name not in self.nested_names and name != without
        }
        for name, info in self.cls.model_fields.items():
            if info.metadata and key_of(name, info) in fields:
                fields[key_of(name, info)].limits = _told_limits(info)
        permissive = self.cls.model_config.get("extra") == "allow"
        if without is not None:
            return (
                Permissive(fields, description=_doc(self.cls))
                if permissive
                else Shape(fields, description=_doc(self.cls))
            )
        return _PermissiveClassShape(self.cls, fields) if permissive else _ClassShape(self.cls, fields)

    def _field_of(self, name: str, info: FieldInfo, defaults: Mapping[str, Any] | None) -> Field:
        default = info.default if info.default_factory is None and not info.is_required() else NO_DEFAULT
        if defaults is not None and name in defaults:
            default = defaults[name]
        config_type = self._type_of(name, info, default)
        given: Any = NO_DEFAULT if default is NO_DEFAULT else _plain(default, info)
        optional = isinstance(config_type, Noneable) or info.default_factory is not None
        secret = _is_secret(info)
        if given is None and not isinstance(config_type, Noneable) and config_type is not ANY:
            config_type = Noneable(config_type)
        try:
            if given is not NO_DEFAULT:
                return Field(config_type, default_value=given, description=info.description, is_secret=secret)
            return Field(
                config_type,
                is_required=False if optional else None,
                description=info.description,
                is_secret=secret,
            )
        except (InvalidDefinitionError, InvalidConfigDefinitionError) as error:
            raise _bad_field(self.cls, name, info.annotation) from error

    def _type_of(self, name: str, info: FieldInfo, default: Any) -> ConfigType:
        discriminator = info.discriminator if isinstance(info.discriminator, str) else None
        if discriminator is not None:
            return self._union_type(name, info.annotation, discriminator, default)
        if is_config_class(info.annotation) and isinstance(default, Config):
            return plan_of(type(default)).shape(defaults=values_of(default))
        return _type_of(self.cls, name, info.annotation)

    def _union_type(self, name: str, annotation: Any, discriminator: str, default: Any) -> ConfigType:
        union = self._unions.setdefault(name, _Union(annotation, discriminator))
        choices: dict[str, Field] = {}
        for text, member in union.members.items():
            defaults = values_of(default) if isinstance(default, member) else None
            choices[text] = Field(plan_of(member).shape(defaults=defaults, without=discriminator))
        selector = Selector(choices)
        return Noneable(selector) if _allows_none(annotation, ()) else selector

    # -- between objects and config ---------------------------------------------------------------

    def to_arguments(self, resolved: Mapping[str, Any]) -> dict[str, Any]:
        """Return *resolved* config as arguments of the class."""
        self.field  # noqa: B018 - finds the unions
        arguments = dict(resolved)
        for name, union in self._unions.items():
            key = key_of(name, self.cls.model_fields[name])
            if isinstance(arguments.get(key), Mapping):
                arguments[key] = union.to_argument(arguments[key])
        return arguments

    def to_plain(self, instance: Any) -> dict[str, Any]:
        """Return *instance* as one would write it in YAML; what is None by default is left out."""
        plain: dict[str, Any] = {}
        for name, info in self.cls.model_fields.items():
            if name in self.nested_names:
                continue
            value = getattr(instance, name)
            if value is None and (info.is_required() or info.default is None):
                continue
            plain[key_of(name, info)] = _plain(value, info)
        for name, value in (instance.__pydantic_extra__ or {}).items():
            plain[name] = _plain(value, None)
        return plain


_being_planned: set[type[Any]] = set()
_PLAN_NAME = "__orrery_plan__"


def plan_of(cls: type[Any]) -> ClassPlan:
    """Return what is known about the class *cls*, worked out when first asked."""
    plan: ClassPlan | None = cls.__dict__.get(_PLAN_NAME)
    if plan is None:
        plan = ClassPlan(cls)
        type.__setattr__(cls, _PLAN_NAME, plan)
    return plan


class _Union:
    """A union of config classes told apart by one field."""

    __slots__ = ("discriminator", "members")

    def __init__(self, annotation: Any, discriminator: str) -> None:
        self.discriminator = discriminator
        self.members: dict[str, type[Config]] = {}
        for member in get_args(annotation):
            if member is types.NoneType:
                continue
            if not is_config_class(member):
                raise InvalidPythonicConfigDefinitionError(
                    f"The discriminated union {annotation} has the member {show_value(member)}, "
                    "which is no config class.",
                    mend="let every member be a subclass of Config.",
                )
            for text in get_args(member.model_fields[discriminator].annotation):
                self.members[str(text)] = member

    def to_argument(self, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """Return the config of the one chosen member as arguments of its class."""
        ((text, config),) = chosen.items()
        member = self.members[text]
        value = next(each for each in get_args(member.model_fields[self.discriminator].annotation) if str(each) == text)
        return {self.discriminator: value, **plan_of(member).to_arguments(config)}


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


def _told_limits(info: FieldInfo) -> tuple[str, ...]:
    """Return the limits of a field as people read them."""
    return tuple(
        text.format(getattr(each, name))
        for each in info.metadata
        for name, text in _LIMITS.items()
        if getattr(each, name, None) is not None
    )


def _holds_limits(annotation: Any) -> bool:
    """Tell whether something inside *annotation* is limited, as the members of ``list[Annotated[int, Field(ge=1)]]`` are."""
    return get_origin(annotation) is Annotated or any(_holds_limits(each) for each in get_args(annotation))


def _limited_by(info: FieldInfo) -> pydantic.TypeAdapter[Any]:
    """Return what checks a value against the type and the limits of one field."""
    limited: Any = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
    return pydantic.TypeAdapter(limited)


def _is_secret(info: FieldInfo) -> bool:
    """Tell whether values of the field are masked."""
    return _holds_secret(info.annotation) or isinstance(info.default, EnvReference)


def values_of(instance: Config) -> dict[str, Any]:
    """Return the values of *instance* by the names of its fields."""
    return {name: getattr(instance, name) for name in type(instance).model_fields}


def key_of(name: str, info: FieldInfo) -> str:
    """Return the name of a field in config: its alias, if it has one."""
    return info.alias or name


_LEAVES: Final[Mapping[Any, ConfigType]] = {
    str: StringSource,
    int: IntSource,
    bool: BoolSource,
    float: FLOAT,
    Any: ANY,
    pydantic.SecretStr: StringSource,
}


def _type_of(owner: type[Any], name: str, annotation: Any) -> ConfigType:
    """Return the config type for *annotation* of the field *name*."""
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
        return _type_of(owner, name, members[0])
    if origin is list:
        return Array(_type_of(owner, name, members[0]))
    if origin in (dict, Mapping):
        key = {str: str, int: int, float: float, bool: bool}.get(members[0])
        if key is None:
            raise _bad_field(owner, name, annotation)
        return Map(key, _type_of(owner, name, members[1]))
    if origin in (Union, types.UnionType):
        rest = [each for each in members if each is not types.NoneType]
        if len(rest) == 1 and len(rest) < len(members):
            return Noneable(_type_of(owner, name, rest[0]))
        raise _bad_field(owner, name, annotation)
    if origin is Literal:
        if None in members:
            return Noneable(_literal([each for each in members if each is not None]))
        return _literal(members)
    if isinstance(annotation, type):
        if issubclass(annotation, enum.Enum):
            return Enum.from_python_enum(annotation)
        if is_config_class(annotation):
            return plan_of(annotation).field.config_type
    raise _bad_field(owner, name, annotation)


def _literal(values: Any) -> ConfigType:
    return _LiteralType(f"Literal{list(values)!r}", [EnumValue(str(each), each) for each in values])


def _bad_field(owner: type[Any], name: str, annotation: Any) -> InvalidPythonicConfigDefinitionError:
    is_resource = is_configurable_resource_class(owner)
    kind = "resource" if is_resource else "config"
    return InvalidPythonicConfigDefinitionError(
        f"Error defining {kind} class {owner!r} on field '{name}'. "
        f"Unable to resolve config type {show_value(annotation)} to a supported config type.",
        mend="use int, float, bool, str, list, dict, Optional, Literal, an Enum, a subclass of Config, a discriminated "
        "union of such, or Any" + ("; or ResourceDependency[...] for another resource." if is_resource else "."),
    )


def _unknown_field(
    owner: type[pydantic.BaseModel], handler: pydantic.GetCoreSchemaHandler
) -> InvalidPythonicConfigDefinitionError | None:
    """Return the error that names the field whose type pydantic cannot check; None if each alone can be."""
    for name, info in owner.model_fields.items():
        try:
            handler.generate_schema(info.annotation)
        except pydantic.errors.PydanticSchemaGenerationError:
            return _bad_field(owner, name, info.annotation)
    return None


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for each in get_args(annotation):
        yield from _parts(each)


def _allows_none(annotation: Any, metadata: Any) -> bool:
    for each in metadata:
        if isinstance(each, ResourceDependencyMark):
            return _allows_none(each.wanted, ())
    if annotation is None or annotation is types.NoneType:
        return True
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return any(each is types.NoneType for each in get_args(annotation))
    return origin is Annotated and _allows_none(get_args(annotation)[0], ())


def _is_nested(annotation: Any, metadata: Any) -> bool:
    """Tell whether a field holds other resources."""
    return any(isinstance(each, ResourceDependencyMark) for each in metadata) or any(
        isinstance(each, ResourceDependencyMark)
        or is_configurable_resource_class(each)
        or is_configurable_resource_class(get_origin(each))
        for each in _parts(annotation)
    )


def _holds_secret(annotation: Any) -> bool:
    return any(each is pydantic.SecretStr for each in _parts(annotation))


def _plain(value: Any, info: FieldInfo | None) -> Any:
    """Return *value* of a field as one would write it in YAML."""
    if isinstance(value, EnvReference):
        return value.as_config()
    if isinstance(value, Config):
        plain = value.to_config_value()
        if info is not None and isinstance(info.discriminator, str):
            chosen = plain.pop(info.discriminator)
            return {str(chosen): plain}
        return plain
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, pydantic.SecretStr):
        return value.get_secret_value()
    if isinstance(value, Mapping):
        return {key: _plain(each, None) for key, each in value.items()}
    if isinstance(value, (list, tuple)) and not is_configurable_resource(value):
        return [_plain(each, None) for each in value]
    return value
