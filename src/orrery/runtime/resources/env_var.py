"""
References to environment variables, as users write them.
"""

from __future__ import annotations

import builtins
import os
from typing import ClassVar

from orrery.model.config.env import EnvKind, EnvReference

__all__ = ["EnvVar", "IntEnvVar"]


class EnvVar(EnvReference, str):
    """
    A reference to an environment variable, read late: when the resource is set up or the run starts.

    Give it where a config class or a ``ConfigurableResource`` wants a text; :meth:`int` where it wants a
    whole number. It is a text only for type checkers: using it as one is an error, so that no name of a
    variable is taken for its value.

    >>> EnvVar("TOKEN").env_var_name
    'TOKEN'
    """

    env_kind: ClassVar[EnvKind] = "str"

    @classmethod
    def int(cls, name: str) -> IntEnvVar:
        """Return a reference whose value is read as a whole number."""
        return IntEnvVar.create(name)

    @property
    def env_var_name(self) -> str:
        """Return the name of the variable."""
        return str.__str__(self)

    def get_value(self, default: str | None = None) -> str | None:
        """Return the variable's value now, or *default* if it is not set."""
        return os.environ.get(self.env_var_name, default)

    def __str__(self) -> str:
        raise _used_as_value(repr(self))

    def __format__(self, format_spec: str) -> str:
        raise _used_as_value(repr(self))

    def __repr__(self) -> str:
        return f'EnvVar("{self.env_var_name}")'


class IntEnvVar(EnvReference, builtins.int):
    """A reference to an environment variable that holds a whole number; made by ``EnvVar.int``."""

    env_kind: ClassVar[EnvKind] = "int"

    name: str

    @classmethod
    def create(cls, name: str) -> IntEnvVar:
        """Return a reference to the variable *name*."""
        made = cls(0)
        made.name = name
        return made

    @property
    def env_var_name(self) -> str:
        """Return the name of the variable."""
        return self.name

    def get_value(self, default: builtins.int | None = None) -> builtins.int | None:
        """Return the variable's value now as a whole number, or *default* if it is not set."""
        text = os.environ.get(self.name)
        return default if text is None else builtins.int(text)

    def __int__(self) -> builtins.int:
        raise _used_as_value(repr(self))

    def __str__(self) -> str:
        raise _used_as_value(repr(self))

    def __format__(self, format_spec: str) -> str:
        raise _used_as_value(repr(self))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IntEnvVar) and self.name == other.name

    def __hash__(self) -> builtins.int:
        return hash((IntEnvVar, self.name))

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (IntEnvVar.create, (self.name,))

    def __repr__(self) -> str:
        return f'EnvVar.int("{self.name}")'


def _used_as_value(shown: str) -> RuntimeError:
    return RuntimeError(
        f"Attempted to directly retrieve environment variable {shown}. EnvVar defers resolution of the environment "
        "variable value until run time, and should only be used as input to config or resources.\n"
        "  Try: call get_value() on it, or use os.getenv directly."
    )
