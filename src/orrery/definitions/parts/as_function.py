"""
What a definition made by a decorator shows of its function: ``__name__``, ``__doc__`` and ``__wrapped__``.

They are looked up when somebody asks, so that a definition costs nothing more. A class itself keeps its own name and
docstring.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

__all__ = ["ShowsFunction"]


class _FromFunction:
    """An attribute of objects, not of their class, that is that of the decorated function."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name: Final = name

    def __get__(self, instance: Any, owner: type[Any]) -> Any:
        function = None if instance is None else instance._function_shown()
        if function is None:
            raise AttributeError(f"'{owner.__name__}' object has no attribute '{self.name}'")
        return function if self.name == "__wrapped__" else getattr(function, self.name)


class _Docstring:
    """The docstring of the decorated function for objects, that of the class for the class."""

    __slots__ = ("of_class",)

    def __init__(self, of_class: str | None) -> None:
        self.of_class: Final = of_class

    def __get__(self, instance: Any, _owner: type[Any]) -> str | None:
        function = None if instance is None else instance._function_shown()
        return self.of_class if function is None else function.__doc__


class ShowsFunction:
    """A definition that shows the name and docstring of the function that was decorated."""

    __slots__ = ()

    __name__ = _FromFunction("__name__")
    __wrapped__ = _FromFunction("__wrapped__")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = cls.__dict__.get("__doc__")
        cls.__doc__ = _Docstring(own)  # type: ignore[assignment]  # a descriptor, which gives text

    def _function_shown(self) -> Callable[..., Any] | None:
        """Return the function, or None if the definition was made without a decorator."""
        raise NotImplementedError
