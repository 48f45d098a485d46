"""
Whether all that a walk looked at is still what it was, so that it need not be walked again.
"""

from __future__ import annotations

import operator
import types
from typing import Any, NamedTuple

__all__ = ["ABSENT", "Guard", "bare_form", "body_of", "holds", "is_bare", "is_fixed"]

ABSENT = object()
"""Stands for what is not there."""

_PARTS = operator.attrgetter(
    "__code__", "__defaults__", "__kwdefaults__", "__module__", "__closure__", "__dict__", "__annotations__"
)
_FIXED = frozenset({int, float, complex, bool, str, bytes, type(None), type(...)})


class Guard(NamedTuple):
    """What the walk found at a place, so that it need not be walked again while the same is there."""

    holder: Any
    name: str | None
    value: Any


def holds(guard: Guard) -> bool:
    """Tell whether what the walk found is there still."""
    holder, name, value = guard
    if name is not None:
        return holder.get(name, ABSENT) is value
    now = body_of(holder)
    return len(now) == len(value) and all(map(operator.is_, now, value))


def body_of(function: types.FunctionType) -> tuple[Any, ...]:
    """Return the things that make up a function, each of which may be replaced."""
    *own, closure, attributes, annotations = _PARTS(function)
    if closure is not None:
        own += map(_content_of, closure)
    if attributes:
        own.append(attributes.get("__wrapped__"))
    return (*own, *annotations, *annotations.values())


def is_bare(function: Any) -> bool:
    """Tell whether a function has nothing of its own but code and annotations."""
    return (
        type(function) is types.FunctionType
        and function.__closure__ is None
        and function.__defaults__ is None
        and function.__kwdefaults__ is None
        and not function.__dict__
    )


def bare_form(function: Any) -> tuple[Any, ...] | None:
    """
    Return what tells all of a function that has nothing of its own but code, as those of a factory do; None of others.

    Two with the same form reach the same, as long as that stands where it stood.
    """
    if not is_bare(function) or function.__annotations__:
        return None
    return id(function.__code__), id(function.__globals__), function.__module__, function.__qualname__


def _content_of(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not set yet
        return ABSENT


def is_fixed(value: Any) -> bool:
    """Tell whether a value, and all that is in it, can never change."""
    kind = type(value)
    return kind in _FIXED or (kind in (tuple, frozenset) and all(is_fixed(each) for each in value))
