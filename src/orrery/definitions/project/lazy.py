"""Definitions that a function makes when they are asked for, and not when its module is imported."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from orrery.base.errors import InvalidDefinitionError, InvariantViolationError
from orrery.definitions.project.definitions import Definitions
from orrery.definitions.project.repository import RepositoryDefinition

__all__ = ["LazyDefinitions", "lazy_definitions"]


class LazyDefinitions:
    """
    A function that makes definitions; each call makes them anew.

    Attributes:
        load_fn: The function.
    """

    __slots__ = ("__dict__", "load_fn")  # the dict holds the name and the docstring of the function

    def __init__(self, load_fn: Callable[[], Any]) -> None:
        self.load_fn = load_fn
        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            if hasattr(load_fn, name):
                setattr(self, name, getattr(load_fn, name))

    def __call__(self, context: object = None) -> Any:
        """
        Make the definitions.

        Raises:
            InvariantViolationError: The function returns something else.
        """
        made = self.load_fn()
        if not isinstance(made, Definitions | RepositoryDefinition):
            raise InvariantViolationError(
                f"Function {self.shown_name} must return a Definitions or RepositoryDefinition object, and returned "
                f"{type(made).__name__}.",
                mend="return Definitions(...).",
            )
        return made

    @property
    def shown_name(self) -> str:
        """Return what people call the function."""
        return f"'{getattr(self.load_fn, '__name__', self.load_fn)}'"

    def __repr__(self) -> str:
        return f"LazyDefinitions({self.shown_name})"


def lazy_definitions(fn: Callable[[], Any]) -> LazyDefinitions:
    """
    Make of a function that returns ``Definitions`` what projects are loaded from; it is called when they are.

    Args:
        fn: Takes nothing.

    Raises:
        InvalidDefinitionError: It is no function.
        InvariantViolationError: It takes something.

    >>> @lazy_definitions
    ... def defs() -> Definitions:
    ...     return Definitions()
    >>> defs()
    Definitions()
    """
    if not callable(fn):
        raise InvalidDefinitionError(
            f"@lazy_definitions is for a function, not for {fn!r} ({type(fn).__name__}).",
            mend="write it above a function that returns Definitions.",
        )
    needed = [each for each in inspect.signature(fn).parameters.values() if each.default is inspect.Parameter.empty]
    if needed:
        raise InvariantViolationError(
            f"Function '{getattr(fn, '__name__', fn)}' must accept no parameters, and takes '{needed[0].name}'.",
            mend="take it away: there are no components, and so no ComponentLoadContext.",
        )
    return LazyDefinitions(fn)
