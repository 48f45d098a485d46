"""
What is known about a config class, worked out once: its schema, its defaults, and the way from objects to config and back.

A class of its own is asked when the fields of a config were accepted: it checks limits and validators, which the
schema does not know. Classes are told by their marks (``marker.py``), so that nothing here needs ``Config`` itself.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, get_args

import pydantic
from pydantic.fields import FieldInfo

from orrery.base.errors import (
    InvalidConfigDefinitionError,
    InvalidDefinitionError,
    InvalidPythonicConfigDefinitionError,
)
from orrery.model.config.env import EnvReference
from orrery.model.config.field_types import (
    allows_none,
    bad_field,
    holds_limits,
    is_nested,
    is_secret,
    limited_by,
    told_limits,
    type_of_field,
)
from orrery.model.config.marker import (
    is_config_class,
    is_config_object,
    is_configurable_resource,
    is_configurable_resource_class,
)
from orrery.model.config.problems import MASK, Path, Problem, Walk, show_value
from orrery.model.config.scalars import (
    ANY,
    NO_DEFAULT,
    ConfigType,
)
from orrery.model.config.schema import Field, Noneable, Permissive, Selector, Shape

__all__ = ["ClassPlan", "add_pydantic_problems", "key_of", "plan_of", "values_of"]


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
            if info.is_required() and allows_none(info.annotation, info.metadata):
                self.optional_names.append(key_of(name, info))
            if is_nested(info.annotation, info.metadata):
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
                key_of(name, info): limited_by(info)
                for name, info in self.cls.model_fields.items()
                if (info.metadata or holds_limits(info.annotation)) and name not in self.nested_names
            }
        return self._limits

    @property
    def secret_keys(self) -> AbstractSet[str]:
        """Return the keys of the fields whose values are masked."""
        return {key_of(name, info) for name, info in self.cls.model_fields.items() if is_secret(info)}

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
                fields[key_of(name, info)].limits = told_limits(info)
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
        secret = is_secret(info)
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
            raise bad_field(self.cls, name, info.annotation) from error

    def _type_of(self, name: str, info: FieldInfo, default: Any) -> ConfigType:
        discriminator = info.discriminator if isinstance(info.discriminator, str) else None
        if discriminator is not None:
            return self._union_type(name, info.annotation, discriminator, default)
        if is_config_class(info.annotation) and is_config_object(default):
            return plan_of(type(default)).shape(defaults=values_of(default))
        return type_of_field(self.cls, name, info.annotation, _type_of_class)

    def _union_type(self, name: str, annotation: Any, discriminator: str, default: Any) -> ConfigType:
        union = self._unions.setdefault(name, _Union(annotation, discriminator))
        choices: dict[str, Field] = {}
        for text, member in union.members.items():
            defaults = values_of(default) if isinstance(default, member) else None
            choices[text] = Field(plan_of(member).shape(defaults=defaults, without=discriminator))
        selector = Selector(choices)
        return Noneable(selector) if allows_none(annotation, ()) else selector

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


def _type_of_class(cls: type[Any]) -> ConfigType:
    return plan_of(cls).field.config_type


class _Union:
    """A union of config classes told apart by one field."""

    __slots__ = ("discriminator", "members")

    def __init__(self, annotation: Any, discriminator: str) -> None:
        self.discriminator = discriminator
        self.members: dict[str, type[Any]] = {}
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


def values_of(instance: Any) -> dict[str, Any]:
    """Return the values of *instance* by the names of its fields."""
    return {name: getattr(instance, name) for name in type(instance).model_fields}


def key_of(name: str, info: FieldInfo) -> str:
    """Return the name of a field in config: its alias, if it has one."""
    return info.alias or name


def _doc(cls: type[Any]) -> str | None:
    own = cls.__dict__.get("__doc__")
    return own.strip() if isinstance(own, str) else None


class _ClassShape(Shape):
    """The shape of a config class; when its fields are accepted, the class checks limits and validators."""

    __slots__ = ("config_class",)

    def __init__(self, config_class: type[Any], fields: Mapping[str, Field]) -> None:
        super().__init__(fields, description=_doc(config_class))
        self.config_class: Final = config_class

    def resolve(self, value: object, path: Path, walk: Walk) -> Any:
        """Return a dict of the fields, defaults filled in."""
        return _asked(self.config_class, super().resolve, value, path, walk)


class _PermissiveClassShape(Permissive):
    """The shape of a permissive config class; see :class:`_ClassShape`."""

    __slots__ = ("config_class",)

    def __init__(self, config_class: type[Any], fields: Mapping[str, Field]) -> None:
        super().__init__(fields, description=_doc(config_class))
        self.config_class: Final = config_class

    def resolve(self, value: object, path: Path, walk: Walk) -> Any:
        """Return a dict of the fields and of all else, defaults filled in."""
        return _asked(self.config_class, super().resolve, value, path, walk)


def _asked(
    config_class: type[Any], resolve: Callable[[object, Path, Walk], Any], value: object, path: Path, walk: Walk
) -> Any:
    """Return what the shape makes of *value*, after the class was asked about it."""
    before = len(walk.problems)
    resolved = resolve(value, path, walk)
    _check_class(config_class, resolved, path, walk, walk.problems[before:])
    return resolved


def _check_class(config_class: type[Any], resolved: Any, path: Path, walk: Walk, found: Sequence[Problem]) -> None:
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


def _check_fields(config_class: type[Any], resolved: Any, path: Path, walk: Walk, found: Sequence[Problem]) -> None:
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


def _plain(value: Any, info: FieldInfo | None) -> Any:
    """Return *value* of a field as one would write it in YAML."""
    if isinstance(value, EnvReference):
        return value.as_config()
    if is_config_object(value):
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
