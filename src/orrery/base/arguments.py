"""
Arguments of the wrong kind, told where they are given.

Python would tell them later, where they are used, in words of ours: ``'int' object has no attribute 'items'``.
"""

from __future__ import annotations

from typing import TypeVar

from orrery.base.errors import WrongArgumentsError

__all__ = ["check_kind"]

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
