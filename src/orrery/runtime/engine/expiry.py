"""
What is said when a time limit was reached: to the function that is stopped, and to whoever reads the record.
"""

from __future__ import annotations

from typing import NamedTuple

from orrery.base.errors import TimeLimitExceededError
from orrery.base.tags import MAX_RUNTIME_SECONDS_TAG

__all__ = ["Expiry", "LimitReached"]


class Expiry(NamedTuple):
    """
    A limit that was reached.

    Attributes:
        scope: ``step`` or ``run``.
        seconds: The limit.
        step_key: The step that was under way, if any.
    """

    scope: str
    seconds: float
    step_key: str | None = None

    def error(self) -> TimeLimitExceededError:
        """Return the error that tells of it."""
        limit = f"limit of {self.seconds:g} s"
        if self.scope == "step":
            what = f"Step '{self.step_key}' was stopped at its {limit}."
        elif self.step_key is not None:
            what = f"Step '{self.step_key}' was stopped: the run reached its {limit}."
        else:
            what = f"The run was stopped at its {limit}."
        return TimeLimitExceededError(
            what,
            mend=f"give it more time, with the tag {MAX_RUNTIME_SECONDS_TAG}, or less to do.",
            scope=self.scope,
            seconds=self.seconds,
        )


class LimitReached(BaseException):
    """
    What a function sees that is stopped at a limit.

    Attributes:
        expiry: Which limit.
    """

    expiry: Expiry | None = None

    def __init__(self, expiry: Expiry | None = None) -> None:
        super().__init__("the time limit was reached")
        if expiry is not None:
            self.expiry = expiry

    def told(self) -> TimeLimitExceededError:
        """Return the error that is recorded, with the frames of the function that was stopped."""
        error = (self.expiry or Expiry("step", 0.0)).error()
        return error.with_traceback(self.__traceback__)
