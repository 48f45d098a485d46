"""
The annotation for one resource inside another.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from orrery.model.config.field_types import ResourceDependencyMark

__all__ = ["ResourceDependency"]

_Value = TypeVar("_Value")


class ResourceDependency(Generic[_Value]):
    """
    Annotate a field of a resource class that holds another resource, whatever way that is made.

    ``ResourceDependency[T]`` takes a resource that gives a ``T``: an object of the ``ConfigurableResource``
    family, a ``@resource``, or the ``T`` itself. During a run the field is the ``T``. A field that holds an
    object of a ``ConfigurableResource`` class can be annotated with that class alone.
    """

    def __class_getitem__(cls, wanted: Any) -> Any:
        """Return the annotation for pydantic; it lets every value pass."""
        return Annotated[Any, ResourceDependencyMark(wanted)]

    def __get__(self, owner: Any, owner_type: Any) -> _Value:
        """Return the value: for type checkers alone."""
        raise NotImplementedError

    def __set__(self, owner: Any, value: Any) -> None:
        """Take a resource: for type checkers alone."""
        raise NotImplementedError
