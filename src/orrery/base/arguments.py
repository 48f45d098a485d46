"""
Arguments of the wrong kind or name, told where they are given.

Python would tell them later, where they are used, in words of ours: ``'int' object has no attribute 'items'``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from orrery.base.errors import InvalidDefinitionError, WrongArgumentsError, nearest

__all__ = ["check_kind", "refuse_unknown"]

Value = TypeVar("Value")


def check_kind(value: Value, kinds: type | tuple[type, ...], *, name: str, of: str, wanted: str) -> Value:
    """
    Return *value* if it is of one of *kinds*.

    Args:
        value: What the user gave.
        kinds: Classes that will do.
        name: The parameter.
        of: Whose parameter it is.
        wanted: What it should have been, in words: ``a mapping of resources by key``.

    Raises:
        WrongArgumentsError: It is of none of them.

    >>> check_kind({"a": 1}, dict, name="resources", of="materialize", wanted="a mapping")
    {'a': 1}
    """
    if not isinstance(value, kinds):
        raise WrongArgumentsError(
            f"The argument '{name}' of {of} is {value!r} ({type(value).__name__}).", mend=f"give {wanted}."
        )
    return value


def refuse_unknown(decorator: Callable[..., Any], options: Iterable[str], *names: str) -> None:
    """
    Refuse arguments that are neither those of *decorator* nor its older ones, *names*.

    Raises:
        InvalidDefinitionError: One of *options* is no argument; the message tells the nearest name.
    """
    for each in options:
        if each not in names:
            known = [name for name in inspect.signature(decorator).parameters if name not in ("compute_fn", "legacy")]
            near = nearest(each, known) or next((name for name in known if name.startswith(f"{each}_")), None)
            raise InvalidDefinitionError(
                f"'{each}' is no argument of @{decorator.__name__}.",
                mend=f"write '{near}', the nearest name that exists." if near else f"use one of {', '.join(known)}.",
            )
