"""
Policies: how a failed step is tried again, and when a step runs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Final

from orrery.base.errors import InvalidDefinitionError
from orrery.base.records import Replaceable

__all__ = ["BLOCKED_BY_TAG", "RUN_WHEN_TAG", "Backoff", "Jitter", "RetryPolicy", "RunWhen"]


class Backoff(Enum):
    """How the delay grows from one retry to the next."""

    LINEAR = "LINEAR"
    EXPONENTIAL = "EXPONENTIAL"


class Jitter(Enum):
    """How chance changes the delay: FULL picks from 0 to it, PLUS_MINUS from one below to one above it."""

    FULL = "FULL"
    PLUS_MINUS = "PLUS_MINUS"


@dataclass(frozen=True, slots=True)
class RetryPolicy(Replaceable):
    """
    Say how often and after what delay a failed step is tried again.

    Attributes:
        max_retries: How many times at most, after the first.
        delay: Seconds before a retry; none if None.
        backoff: How the delay grows; it stays the same if None.
        jitter: How chance changes the delay; not at all if None.

    Raises:
        InvalidDefinitionError: A negative number, or *backoff* or *jitter* without *delay*.
    """

    max_retries: int = 1
    delay: float | None = None
    backoff: Backoff | None = None
    jitter: Jitter | None = None

    def __post_init__(self) -> None:
        count: object = self.max_retries
        if not isinstance(count, int) or isinstance(count, bool):
            raise InvalidDefinitionError(
                f"max_retries of a retry policy is a whole number, not {count!r} ({type(count).__name__}).",
                mend="write RetryPolicy(max_retries=3).",
            )
        delay: object = self.delay
        if delay is not None and (isinstance(delay, bool) or not isinstance(delay, int | float)):
            raise InvalidDefinitionError(
                f"delay of a retry policy is a number of seconds, not {delay!r} ({type(delay).__name__}).",
                mend="write RetryPolicy(max_retries=3, delay=1.5).",
            )
        if self.max_retries < 0:
            raise InvalidDefinitionError(f"max_retries of a retry policy must not be negative, not {self.max_retries}.")
        if self.delay is not None and self.delay < 0:
            raise InvalidDefinitionError(f"delay of a retry policy must not be negative, not {self.delay}.")
        if self.delay is not None and not math.isfinite(self.delay):
            raise InvalidDefinitionError(
                f"delay of a retry policy is {self.delay}: a step would wait for ever.",
                mend="write RetryPolicy(max_retries=3, delay=1.5).",
            )
        for name, value in (("backoff", self.backoff), ("jitter", self.jitter)):
            if value is not None and not self.delay:
                raise InvalidDefinitionError(
                    f"Can not set {name} on RetryPolicy without also setting delay", mend="give delay= in seconds."
                )

    def calculate_delay(self, attempt_num: int, chance: float = 0.5) -> float:
        """
        Return the seconds to wait before a retry.

        Args:
            attempt_num: 1 before the first retry.
            chance: A number in [0, 1) that decides the jitter; the caller draws it.
        """
        delay = self.delay or 0.0
        if self.backoff is Backoff.LINEAR:
            delay *= attempt_num
        elif self.backoff is Backoff.EXPONENTIAL:
            delay *= 2.0**attempt_num - 1.0
        if self.jitter is Jitter.FULL:
            return chance * delay
        if self.jitter is Jitter.PLUS_MINUS:
            return delay + (2.0 * chance - 1.0) * (self.delay or 0.0)
        return delay


class RunWhen(Enum):
    """
    When a step runs, as its parents end.

    ALL_SUCCEEDED is the rule if none is given; ALL_DONE runs whatever became of the parents;
    ANY_SUCCEEDED runs when all are done and one at least succeeded, even if it did not give an output that
    is not required. An op says so by the tag ``orrery/run_when``, an asset in ``op_tags``:
    ``tags={"orrery/run_when": "all_done"}``.

    Under the last two an input may have nothing to load, because its parent failed, was skipped, or did
    not give the output (what a failed step gave before it failed does not count). It gets its default
    value, or None; a list goes without that item. The type of the input must allow what it gets:
    annotate it ``int | None``, or give a default.
    """

    ALL_SUCCEEDED = "all_succeeded"
    ALL_DONE = "all_done"
    ANY_SUCCEEDED = "any_succeeded"


RUN_WHEN_TAG: Final = "orrery/run_when"
BLOCKED_BY_TAG: Final = "orrery/blocked_by"
"""Names the checks of its parents that keep a step back: ``"no_nulls, shop/orders:fresh"``, or ``"none"``."""
