"""
What of a class counts: what it declares, and its members; not what dataclasses, msgspec and pydantic make from that.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from orrery.model.config.marker import RESOURCE_PARAM
from orrery.plan.fingerprint.guards import ABSENT

__all__ = ["classes_in", "declared_by", "members_of", "parameter_classes", "parameter_types", "type_name"]

_MADE = frozenset(
    "__module__ __doc__ __dict__ __weakref__ __qualname__ __annotations__ __dataclass_fields__ __dataclass_params__ "
    "__firstlineno__ __slotnames__ __static_attributes__ __abstractmethods__ __parameters__ __orig_bases__ "
    "__struct_fields__ __struct_defaults__ __struct_encode_fields__ __struct_config__ model_config model_fields "
    "__required_keys__ __optional_keys__ __readonly_keys__ __mutable_keys__ __total__ __protocol_attrs__ "
    "model_computed_fields __signature__ __class_vars__ __private_attributes__ __fields__ __fields_set__".split()
)
_WRITTEN = frozenset(
    "__init__ __repr__ __eq__ __lt__ __le__ __gt__ __ge__ __hash__ __setattr__ __delattr__ __getstate__ __setstate__ "
    "__replace__".split()
)
"""Functions that a decorator of classes writes."""
_MADE_BY_LIBRARIES = ("__pydantic", "__attrs", "__struct", "__dataclass")
_VALUES = (str, bytes, int, float, tuple, list, dict, frozenset)
_MADE_TYPES = (types.GetSetDescriptorType, types.MemberDescriptorType)
_TOLD_BY_FIELD = (
    "alias",
    "validation_alias",
    "serialization_alias",
    "metadata",
    "frozen",
    "exclude",
    "discriminator",
    "kw_only",
)
_TOLD_IF_NOT = ("init", "repr", "compare", "hash")
_NAME = re.compile(r"(?<![\w.\"'])[^\W\d]\w*(?![\w\"'])")
"""A name in an annotation that is a text; no attribute, and no text in it."""
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def declared_by(cls: type) -> dict[str, Any]:
    """Return what *cls* declares of fields and their types, defaults and bounds, and how it was decorated."""
    members = vars(cls)
    found: dict[str, Any] = {}
    annotations = members.get("__annotations__")
    if isinstance(annotations, dict):  # in classes that are compiled it is a descriptor
        found["fields"] = {key: type_name(each) for key, each in annotations.items()}
    fields = members.get("__dataclass_fields__") or members.get("__pydantic_fields__")
    if isinstance(fields, Mapping):
        found["defaults"] = {key: _default(each) for key, each in fields.items() if hasattr(each, "default_factory")}
        bounds = {key: _told_by_field(each) for key, each in fields.items()}
        if any(bounds.values()):
            found["bounds"] = bounds
    private = members.get("__private_attributes__")
    if isinstance(private, Mapping) and private:
        found["private"] = {key: _default(each) for key, each in private.items()}
    if "__dataclass_params__" in members:
        found["params"] = repr(members["__dataclass_params__"])
    if hasattr(cls, "__struct_fields__"):
        found["struct"] = _told_by_struct(cls)
    if members.get("model_config"):
        found["config"] = dict(members["model_config"])
    enumerated = members.get("_member_map_")
    if isinstance(enumerated, Mapping):
        found["members"] = {key: each.value for key, each in enumerated.items()}
    return found


def members_of(cls: type) -> Iterator[tuple[str, Any]]:
    """Iterate the functions and values of *cls* that somebody wrote."""
    members = vars(cls)
    is_made = "__dataclass_fields__" in members or hasattr(cls, "__struct_fields__")
    enumerated = members.get("_member_map_")
    for key, value in members.items():
        if key in _MADE or isinstance(value, _MADE_TYPES) or (enumerated is not None and key in enumerated):
            continue
        if key.startswith(("__pydantic", "_abc")):
            continue
        if enumerated is not None and key.startswith("_") and key != "_missing_":  # what stands for unknown values
            continue
        if key == "__match_args__" and (is_made or "__attrs_attrs__" in members or "_fields" in members):
            continue  # the names of the fields
        if key == "__hash__" and getattr(value, "__module__", None) != cls.__module__:
            continue  # none, or that of a model that cannot change
        if isinstance(value, types.FunctionType):
            if not (is_made and key in _WRITTEN and _is_written_by_decorator(value)):
                yield key, value
        elif not key.startswith("__") or key == "__slots__" or _is_value_or_wrapper(key, value):
            yield key, value


def _is_value_or_wrapper(key: str, value: Any) -> bool:
    """Tell whether somebody wrote what a class holds under a name with two underscores: ``__tablename__``, a cached ``__call__``."""
    if isinstance(value, staticmethod | classmethod | property):
        return True
    is_written = isinstance(value, _VALUES) or type(value).__module__ == "functools"
    return is_written and not key.startswith(_MADE_BY_LIBRARIES)


def type_name(annotation: Any) -> str:
    """Return a type as people write it; the same in any process."""
    if isinstance(annotation, str):
        return annotation
    if type(annotation) is not types.GenericAlias and isinstance(annotation, type):
        return f"{annotation.__module__}.{annotation.__qualname__}"
    return _ADDRESS.sub("", repr(annotation))


def parameter_types(function: types.FunctionType) -> dict[str, str]:
    """Return the types that the parameters are annotated with, as people write them, by name."""
    return {name: type_name(each) for name, each in function.__annotations__.items() if name != "return"}


def parameter_classes(function: types.FunctionType) -> Iterator[tuple[str | None, Any]]:
    """
    Iterate what the parameters are annotated with, each with its name where a name of the module stands for it.

    Of an annotation that is a text (``"list[Order]"``) all names are iterated.
    """
    for name, each in function.__annotations__.items():
        if name == "return":
            continue
        if type(each) is not str:
            yield None, each
        elif each.isidentifier():
            yield each, function.__globals__.get(each, ABSENT)
        else:
            for called in dict.fromkeys(_NAME.findall(each)):
                yield called, function.__globals__.get(called, ABSENT)


def classes_in(annotation: Any) -> Iterator[type]:
    """Iterate the classes of an annotation: of ``dict[str, Order | None]`` those inside, too; none of a resource."""
    if type(annotation) is not types.GenericAlias and isinstance(annotation, type):
        yield annotation
        return
    if RESOURCE_PARAM in getattr(annotation, "__metadata__", ()):
        return
    origin = get_origin(annotation)
    if isinstance(origin, type):
        yield origin
        if any(each.__name__.startswith("Configurable") for each in origin.__mro__):
            return
    for each in get_args(annotation):
        yield from classes_in(each)


def _default(field: Any) -> Any:
    """Return the default of a field of a dataclass or a model."""
    if field.default_factory is not None and callable(field.default_factory):
        return field.default_factory
    if type(field.default).__name__ in ("_MISSING_TYPE", "PydanticUndefinedType"):
        return None
    return [field.default]


def _told_by_field(field: Any) -> dict[str, Any]:
    """Return what else a field says, as far as it says anything."""
    told = {name: getattr(field, name, None) for name in _TOLD_BY_FIELD}
    refused = {name: False for name in _TOLD_IF_NOT if getattr(field, name, None) is False}
    return {name: each for name, each in told.items() if each} | refused


def _told_by_struct(cls: Any) -> list[Any]:
    """Return the defaults of a struct of msgspec, and how it was declared."""
    config = cls.__struct_config__
    defaults = [each for each in cls.__struct_defaults__ if type(each).__name__ != "NoDefaultType"]
    declared = {name: getattr(config, name) for name in dir(config) if not name.startswith("__")}
    return [[getattr(each, "factory", each) for each in defaults], declared]


def _is_written_by_decorator(function: types.FunctionType) -> bool:
    innermost: Any = function
    while hasattr(innermost, "__wrapped__"):
        innermost = innermost.__wrapped__
    return function.__code__.co_filename.startswith("<") or "__create_fn__" in innermost.__qualname__
