"""
Tell config and resource classes apart without importing pydantic.

The classes of ``pythonic.py`` and ``runtime/resources`` bear marker attributes; definitions ask here, so
that a project without such classes never loads pydantic.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeVar, get_args, get_origin

__all__ = [
    "RESOURCE_PARAM",
    "ResourceParam",
    "is_config_class",
    "is_config_object",
    "is_configurable_resource",
    "is_configurable_resource_class",
    "is_permissive_config_class",
    "is_resource_param_annotation",
]

RESOURCE_PARAM: Final = "resource_param"
"""Metadata that ``ResourceParam[T]`` carries: ``Annotated[T, RESOURCE_PARAM]``."""


def is_config_class(tp: object) -> bool:
    """Tell whether *tp* is a subclass of ``Config`` that is no resource."""
    return (
        isinstance(tp, type)
        and getattr(tp, "__orrery_config__", False) is True
        and getattr(tp, "__orrery_resource__", False) is not True
    )


def is_config_object(value: object) -> bool:
    """Tell whether *value* is an object of a config class, or of a resource that is configured like one."""
    return not isinstance(value, type) and getattr(type(value), "__orrery_config__", False) is True


def is_permissive_config_class(tp: object) -> bool:
    """Tell whether *tp* is a subclass of ``Config`` that keeps fields it does not know."""
    return is_config_class(tp) and getattr(tp, "__orrery_permissive__", False) is True


def is_configurable_resource_class(tp: object) -> bool:
    """Tell whether *tp* is a class of the ``ConfigurableResource`` family."""
    return isinstance(tp, type) and getattr(tp, "__orrery_resource__", False) is True


def is_configurable_resource(value: object) -> bool:
    """Tell whether *value* is an object of the ``ConfigurableResource`` family, or one to be configured at launch."""
    return not isinstance(value, type) and getattr(type(value), "__orrery_resource__", False) is True


def is_resource_param_annotation(tp: Any) -> bool:
    """
    Tell whether a parameter annotated with *tp* asks for a resource of its own name.

    That is so for ``ResourceParam[T]``, for classes of the ``ConfigurableResource`` family (also with type
    arguments), for classes marked by ``__orrery_resource_param__``, and for any of them inside ``Annotated``.

    >>> is_resource_param_annotation(Annotated[int, "resource_param"])
    True
    """
    origin = get_origin(tp)
    if origin is Annotated:
        inner, *metadata = get_args(tp)
        return any(isinstance(each, str) and each == RESOURCE_PARAM for each in metadata) or (
            is_resource_param_annotation(inner)
        )
    if isinstance(tp, type) and getattr(tp, "__orrery_resource_param__", False) is True:
        return True
    return is_configurable_resource_class(tp) or is_configurable_resource_class(origin)


_Resource = TypeVar("_Resource")

ResourceParam = Annotated[_Resource, RESOURCE_PARAM]
"""Annotation of a parameter that is to be given the resource of the parameter's name, whatever its type."""
