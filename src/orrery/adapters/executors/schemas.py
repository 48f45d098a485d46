"""
Config that executors have in common, and what is made of it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from orrery.base.errors import InvalidConfigError
from orrery.model.config.schema import Field, Noneable, Selector, Shape
from orrery.runtime.engine.executor import RetryMode, TagLimit

__all__ = [
    "MAX_CONCURRENT",
    "RETRIES",
    "STEP_DEPENDENCIES",
    "TAG_LIMITS",
    "count_of_processors",
    "max_concurrent_of",
    "retries_of",
    "tag_limits_of",
]

RETRIES = Field(
    Selector({"enabled": Field({}, is_required=False), "disabled": Field({}, is_required=False)}),
    is_required=False,
    default_value={"enabled": {}},
    description="Whether failed steps are tried again, as their retry policies say.",
)
"""``retries: {enabled: {}}`` or ``{disabled: {}}``."""

TAG_LIMITS = Field(
    [
        {
            "key": str,
            "value": Field(Any, is_required=False),
            "limit": int,
        }
    ],
    is_required=False,
    description="How many steps with a tag may be under way at once in this run: key, value (any if left out; "
    "{applyLimitPerUniqueValue: true} counts each value apart) and limit.",
)
"""``tag_concurrency_limits: [{key, value, limit}]``."""

STEP_DEPENDENCIES = Field(
    Shape({"require_upstream_step_success": Field(bool, is_required=False, default_value=True)}),
    is_required=False,
    description="Kept for compatibility; the rule under which a step runs is a tag of the step.",
)
"""``step_dependency_config``, as others write it."""

MAX_CONCURRENT = Field(
    Noneable(int),
    is_required=False,
    default_value=None,
    description="How many steps may be under way at once; as many as there are processors if not given.",
)
"""``max_concurrent``."""


def retries_of(config: Mapping[str, Any]) -> RetryMode:
    """Return whether failed steps are tried again."""
    given = config.get("retries")
    return RetryMode(next(iter(given))) if given else RetryMode.ENABLED


def max_concurrent_of(config: Mapping[str, Any]) -> int:
    """
    Return how many steps may be under way at once.

    Raises:
        InvalidConfigError: The config says less than 0.
    """
    given = config.get("max_concurrent")
    if given is not None and given < 0:
        raise InvalidConfigError(
            f"max_concurrent of the executor is {given}.", mend="give 1 or more; 0 for as many as there are processors."
        )
    return given or count_of_processors()


def count_of_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def tag_limits_of(config: Mapping[str, Any]) -> list[TagLimit]:
    """
    Return the limits of tags.

    Raises:
        InvalidConfigError: A value is neither text nor ``{applyLimitPerUniqueValue: true}``.
    """
    found = []
    for entry in config.get("tag_concurrency_limits") or ():
        value = entry.get("value")
        if isinstance(value, Mapping):
            if set(value) != {"applyLimitPerUniqueValue"} or not isinstance(value["applyLimitPerUniqueValue"], bool):
                raise _bad_value(entry)
            found.append(TagLimit(entry["key"], entry["limit"], per_value=value["applyLimitPerUniqueValue"]))
        elif value is None or isinstance(value, str):
            found.append(TagLimit(entry["key"], entry["limit"], value))
        else:
            raise _bad_value(entry)
    return found


def _bad_value(entry: Mapping[str, Any]) -> InvalidConfigError:
    return InvalidConfigError(
        f"The value of the limit for tag '{entry['key']}' is {entry['value']!r}.",
        mend="give text, or {applyLimitPerUniqueValue: true}.",
    )
