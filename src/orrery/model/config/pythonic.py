"""
Config as classes, in pydantic's manner.

With ``class_plan.py`` and ``field_types.py`` the only modules of the floors below ``runtime/resources`` that import
pydantic; they are loaded when a user's module defines such a class. :func:`config_class_to_field` turns a class into
the schema that run config is checked against; the class itself then checks what only it knows: limits and validators.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import pydantic
from pydantic_core import CoreSchema, core_schema

from orrery.base.errors import (
    InvalidInvocationError,
    InvalidPythonicConfigDefinitionError,
)
from orrery.model.config.class_plan import plan_of
from orrery.model.config.configured import DefinitionConfigSchema
from orrery.model.config.env import holds_reference
from orrery.model.config.field_types import bad_field
from orrery.model.config.problems import Path, Walk, raise_if_problems
from orrery.model.config.schema import Field, Permissive, Shape

__all__ = ["Config", "PermissiveConfig", "build_config", "config_class_to_field"]


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


def _unknown_field(
    owner: type[pydantic.BaseModel], handler: pydantic.GetCoreSchemaHandler
) -> InvalidPythonicConfigDefinitionError | None:
    """Return the error that names the field whose type pydantic cannot check; None if each alone can be."""
    for name, info in owner.model_fields.items():
        try:
            handler.generate_schema(info.annotation)
        except pydantic.errors.PydanticSchemaGenerationError:
            return bad_field(owner, name, info.annotation)
    return None


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
