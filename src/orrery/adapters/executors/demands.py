"""
What a step asks of the worker that carries it out, as its tags say it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from orrery.base.errors import InvalidDefinitionError

__all__ = ["RESOURCES_TAG", "amount", "amounts_in", "demands_in"]

RESOURCES_TAG = "orrery/resources"
"""Tag of a step: a JSON object of what it asks of its worker, as ``{"GPU": 1}``."""


def demands_in(tags: Mapping[str, str], step_key: str, names: Sequence[str] = ()) -> dict[str, Any] | None:
    """
    Return what the tags of a step ask for; None if they say nothing.

    Args:
        tags: Tags of the step.
        step_key: The step, for messages.
        names: Other tags that are read where :data:`RESOURCES_TAG` is not there.

    Raises:
        InvalidDefinitionError: The tag holds no JSON object.
    """
    for name in (RESOURCES_TAG, *names):
        if name in tags:
            try:
                found = json.loads(tags[name])
            except ValueError:
                found = None
            if not isinstance(found, dict):
                raise InvalidDefinitionError(
                    f"The tag {name} of step '{step_key}' is {tags[name]!r}.",
                    mend=f'write {{"{name}": {{"GPU": 1}}}}.',
                )
            return found
    return None


def amounts_in(tags: Mapping[str, str], step_key: str, names: Sequence[str] = ()) -> dict[str, float] | None:
    """
    Return what the tags of a step ask for, where all of it are amounts; None if they say nothing.

    Raises:
        InvalidDefinitionError: The tag holds no JSON object of numbers.
    """
    found = demands_in(tags, step_key, names)
    if found is None:
        return None
    return {str(name): amount(value, name, step_key) for name, value in found.items()}


def amount(value: Any, name: str, step_key: str) -> float:
    """
    Return *value* as an amount.

    Raises:
        InvalidDefinitionError: It is no number, or less than zero.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not number >= 0 or isinstance(value, bool):
        raise InvalidDefinitionError(
            f"Step '{step_key}' asks for {value!r} of '{name}', which is no amount.", mend='write {"GPU": 1}.'
        )
    return number
