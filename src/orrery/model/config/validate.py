"""
Check a value against a schema; pure.

All problems come back at once, each with its path. The environment is a mapping given by the caller;
without one, ``{"env": "NAME"}`` is checked for its form and left as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from orrery.model.config.problems import Path, Problem, Walk, raise_if_problems
from orrery.model.config.scalars import ConfigType
from orrery.model.config.schema import Field

__all__ = ["Resolved", "resolve_config", "validate"]


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """
    What became of a value under its schema.

    Attributes:
        value: The value as the user's code shall see it; without meaning if there are problems.
        problems: Everything that is wrong.
    """

    value: Any
    problems: tuple[Problem, ...] = ()

    @property
    def success(self) -> bool:
        """Tell whether the schema accepts the value."""
        return not self.problems


def validate(
    field_or_type: Field | ConfigType, value: Any, *, env: Mapping[str, str] | None = None, path: Path = ()
) -> Resolved:
    """
    Check *value*, and fill in defaults.

    Args:
        field_or_type: The schema.
        value: As read from YAML or given as a dict.
        env: Environment variables by name; None leaves references to them as they are.
        path: Where the value lies in a larger config, for messages.

    >>> from orrery.model.config.schema import resolve_field
    >>> [problem.path for problem in validate(resolve_field({"a": int, "b": int}), {"a": "x", "b": "y"}).problems]
    [('a',), ('b',)]
    """
    walk = Walk(environment=env)
    resolved = field_or_type.resolve(value, path, walk)
    return Resolved(value=resolved, problems=tuple(walk.problems))


def resolve_config(
    field_or_type: Field | ConfigType,
    value: Any,
    *,
    subject: str,
    env: Mapping[str, str] | None = None,
    path: Path = (),
) -> Any:
    """
    Return *value* under its schema.

    Args:
        field_or_type: The schema.
        value: As read from YAML or given as a dict.
        subject: What the config is for, for the message.
        env: Environment variables by name; None leaves references to them as they are.
        path: Where the value lies in a larger config, for messages.

    Raises:
        InvalidConfigError: The schema refuses it; the error tells all problems.
    """
    walk = Walk(environment=env)
    resolved = field_or_type.resolve(value, path, walk)
    raise_if_problems(walk.problems, subject=subject)
    return resolved
