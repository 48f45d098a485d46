"""What the state machine of a run asks for: values, carried out by an executor."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from orrery.model.events.reuse import Reason
from orrery.plan.step import ExecutionStep

__all__ = ["Command", "DecideLater", "LaunchStep", "SkipStep", "Wait"]


class LaunchStep(msgspec.Struct, frozen=True, gc=False):
    """
    Execute a step.

    Attributes:
        step: The step.
        attempt: 1 the first time; one more with each retry.
        again: How often it was launched before without an attempt being counted.
    """

    step: ExecutionStep
    attempt: int = 1
    again: int = 0

    @property
    def turn(self) -> int:
        """Return which launch of the step this is: no two have the same."""
        return self.attempt + self.again


class SkipStep(msgspec.Struct, frozen=True):
    """
    Tell that a step is not executed.

    Attributes:
        step: The step.
        reason: Why, as shown to people.
        failed_parents: The steps whose failure is the reason, if that is it.
        reused: Whether its stored values are as good as new ones: what follows loads them.
        reasons: Why, as data, where they are.
        saved_seconds: How long making them took.
    """

    step: ExecutionStep
    reason: str
    failed_parents: tuple[str, ...] = ()
    reused: bool = False
    reasons: tuple[Reason, ...] = ()
    saved_seconds: float | None = None


class DecideLater(msgspec.Struct, frozen=True):
    """
    Ask once more whether a step is executed: on account of what it is part of, more has to be known than its parents.

    Attributes:
        after: The steps that have to end before.
    """

    after: tuple[str, ...]


class Wait(msgspec.Struct, frozen=True):
    """
    Nothing can be launched before an instant.

    Attributes:
        until: Seconds on the monotonic clock that was handed in.
    """

    until: float


Command: TypeAlias = LaunchStep | SkipStep | Wait
