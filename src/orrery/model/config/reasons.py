"""
Why a config was refused, and where, in the words that users of the compatible package know.

A :class:`~orrery.model.config.problems.Problem` gives both: ``problem.reason`` and ``problem.stack.entries``.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

import msgspec

__all__ = [
    "REASONS",
    "EvaluationErrorReason",
    "EvaluationStack",
    "EvaluationStackListItemEntry",
    "EvaluationStackPathEntry",
    "stack_of",
]


class EvaluationErrorReason(enum.Enum):
    """Why a config was refused."""

    RUNTIME_TYPE_MISMATCH = "RUNTIME_TYPE_MISMATCH"
    MISSING_REQUIRED_FIELD = "MISSING_REQUIRED_FIELD"
    MISSING_REQUIRED_FIELDS = "MISSING_REQUIRED_FIELDS"
    FIELD_NOT_DEFINED = "FIELD_NOT_DEFINED"
    FIELDS_NOT_DEFINED = "FIELDS_NOT_DEFINED"
    SELECTOR_FIELD_ERROR = "SELECTOR_FIELD_ERROR"
    FAILED_POST_PROCESSING = "FAILED_POST_PROCESSING"
    FIELD_ALIAS_COLLISION = "FIELD_ALIAS_COLLISION"


REASONS: Final[Mapping[str, EvaluationErrorReason]] = {
    "type_mismatch": EvaluationErrorReason.RUNTIME_TYPE_MISMATCH,
    "unexpected_entry": EvaluationErrorReason.FIELD_NOT_DEFINED,
    "missing_entry": EvaluationErrorReason.MISSING_REQUIRED_FIELD,
    "not_one_choice": EvaluationErrorReason.SELECTOR_FIELD_ERROR,
    "unset_environment_variable": EvaluationErrorReason.FAILED_POST_PROCESSING,
    "bad_environment_variable": EvaluationErrorReason.FAILED_POST_PROCESSING,
    "limit": EvaluationErrorReason.FAILED_POST_PROCESSING,
    "refused": EvaluationErrorReason.RUNTIME_TYPE_MISMATCH,
}
"""The reason for each kind of problem."""


class EvaluationStackPathEntry(msgspec.Struct, frozen=True):
    """
    One step down into a dictionary.

    Attributes:
        field_name: The key.
    """

    field_name: str


class EvaluationStackListItemEntry(msgspec.Struct, frozen=True):
    """
    One step down into a list.

    Attributes:
        list_index: Which member, from 0.
    """

    list_index: int


class EvaluationStack(msgspec.Struct, frozen=True):
    """
    Where in a config a problem lies.

    Attributes:
        entries: The steps from the root down.
    """

    entries: tuple[EvaluationStackPathEntry | EvaluationStackListItemEntry, ...]


def stack_of(path: tuple[str | int, ...]) -> EvaluationStack:
    """
    Return *path* as a stack.

    >>> stack_of(("files", 2)).entries
    (EvaluationStackPathEntry(field_name='files'), EvaluationStackListItemEntry(list_index=2))
    """
    return EvaluationStack(
        tuple(
            EvaluationStackListItemEntry(each) if isinstance(each, int) else EvaluationStackPathEntry(each)
            for each in path
        )
    )
