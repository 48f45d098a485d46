"""``check_type``: try a type's check on a value, outside of a run."""

from __future__ import annotations

from typing import Any

from orrery.definitions.parts.types import declared_type
from orrery.model.events.user import TypeCheck
from orrery.runtime.contexts.init_resource import ScopedResources
from orrery.runtime.contexts.log import LogManager
from orrery.runtime.contexts.type_check import TypeCheckContext

__all__ = ["check_type"]


def check_type(dagster_type: Any, value: Any) -> TypeCheck:
    """
    Check *value* against a type, as a run would.

    Args:
        dagster_type: A type, a class, or an annotation such as ``list[int]``.
        value: The value.

    Returns:
        What the check says. Resources are not at hand: a check that asks for one gets an error.

    Raises:
        InvalidDefinitionError: *dagster_type* is no type.
        Exception: What the check function raises.

    >>> check_type(list[int], [1, "two"]).description
    'Item 1: Value "two" of python type "str" must be a int.'
    """
    expected = declared_type(dagster_type)
    context = TypeCheckContext("EPHEMERAL", LogManager(), ScopedResources({}), expected)
    return expected.type_check(context, value)
