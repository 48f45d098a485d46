"""
References to environment variables, as values.

Nothing here reads the environment: a reference is resolved against a mapping that the caller passes in.
The classes that users write, ``EnvVar("X")`` and ``EnvVar.int("X")``, can also read it themselves and so
live among the effects, in ``runtime/resources/env_var.py``; both are an :class:`EnvReference`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

__all__ = ["EnvReference", "parse_env_text", "holds_reference"]

EnvKind = Literal["str", "int", "bool"]


class EnvReference:
    """
    A value that stands for an environment variable.

    Attributes:
        env_kind: What the text of the variable is read as.
    """

    __slots__ = ()

    env_kind: ClassVar[EnvKind] = "str"

    @property
    def env_var_name(self) -> str:
        """Return the name of the variable."""
        raise NotImplementedError

    def as_config(self) -> dict[str, str]:
        """Return the reference as it is written in run config."""
        return {"env": self.env_var_name}

    def resolve(self, environment: Mapping[str, str]) -> object:
        """
        Return the variable's value in *environment*.

        Raises:
            KeyError: The variable is not set.
            ValueError: Its text cannot be read as :attr:`env_kind`.
        """
        return parse_env_text(environment[self.env_var_name], self.env_kind)


_FALSE = frozenset({"", "0", "false", "f", "n", "no", "none", "off"})
_TRUE = frozenset({"1", "true", "t", "y", "yes", "on"})


def parse_env_text(text: str, kind: EnvKind) -> str | int | bool:
    """
    Read the text of an environment variable as *kind*.

    Raises:
        ValueError: The text cannot be read so; the message does not repeat it, for it may be a secret.

    >>> parse_env_text("12", "int"), parse_env_text("no", "bool")
    (12, False)
    """
    if kind == "str":
        return text
    if kind == "int":
        try:
            return int(text)
        except ValueError:
            raise ValueError("its text cannot be read as a whole number") from None
    lowered = text.strip().lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ValueError("its text cannot be read as true or false")


def holds_reference(value: Any) -> bool:
    """Tell whether *value* is a reference to the environment, or a list or dict that holds one."""
    if isinstance(value, EnvReference):
        return True
    kind = type(value)
    if kind is list or kind is tuple:
        return any(holds_reference(each) for each in value)
    return kind is dict and any(holds_reference(each) for each in value.values())
