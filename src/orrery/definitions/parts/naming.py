"""
Which names definitions may bear.

Names of ops, graphs, jobs, inputs and outputs become parts of step keys and of run config, so they
keep to ASCII letters, digits and ``_``. Asset keys are freer: see ``base/keys.py``.
"""

from __future__ import annotations

import re

from orrery.base.errors import InvalidDefinitionError

__all__ = [
    "DEFAULT_INPUT",
    "DEFAULT_IO_MANAGER_KEY",
    "DEFAULT_OUTPUT",
    "check_group_name",
    "check_name",
    "is_valid_name",
]

DEFAULT_INPUT = "__subset__"
DEFAULT_OUTPUT = "result"
DEFAULT_IO_MANAGER_KEY = "io_manager"
DEFAULT_GROUP = "default"

_VALID_NAME = re.compile(r"[A-Za-z0-9_]+\Z")
_INVALID_CHARACTER = re.compile(r"[^A-Za-z0-9_]")
_RESERVED = frozenset(
    {
        "context",
        "conf",
        "config",
        "meta",
        "arg_dict",
        "dict",
        "input_arg_dict",
        "output_arg_dict",
        "int",
        "str",
        "float",
        "bool",
    }
)


def is_valid_name(name: str) -> bool:
    """Tell whether an op, a graph, an input or an output may be called *name*."""
    return _VALID_NAME.match(name) is not None and name not in _RESERVED


def check_name(name: object, *, noun: str, reserved: bool = True) -> str:
    """
    Return *name* if a definition may bear it.

    Args:
        name: What the user gave.
        noun: What is being named, for the message ("op", "output", ...).
        reserved: Refuse the names that stand for something else in a signature.

    Raises:
        InvalidDefinitionError: Not text, empty, holds other characters, or reserved.
    """
    if not isinstance(name, str):
        raise InvalidDefinitionError(f"The name of {noun} must be text, not {name!r} ({type(name).__name__}).")
    if is_valid_name(name):
        return name
    if not _VALID_NAME.match(name):
        suggestion = _INVALID_CHARACTER.sub("_", name)
        raise InvalidDefinitionError(
            f'"{name}" is not a valid name for {noun}. Names must be in regex ^[A-Za-z0-9_]+$.',
            mend=f"write '{suggestion}'." if suggestion.strip("_") else "use ASCII letters, digits and _.",
        )
    if reserved and name in _RESERVED:
        raise InvalidDefinitionError(
            f'"{name}" is not a valid name for {noun}: it conflicts with a reserved keyword.',
            mend=f"write '{name}_'.",
        )
    return name


def check_group_name(name: object) -> str:
    """Return *name* as a group of assets; ``default`` for None or nothing."""
    if name is None or name == "":
        return DEFAULT_GROUP
    return check_name(name, noun="an asset group", reserved=False)
