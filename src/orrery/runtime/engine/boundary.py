"""
The one boundary between our code and the user's.

Every call of a user's function goes through :class:`Boundary`. What the function raises becomes an
error of ours that holds it, unless it is meant for us (a request for a retry, an interruption, a time limit) or is ours.
What went wrong in an external process is the user's own fault, and so is a ``SystemExit`` or ``KeyboardInterrupt`` of user
code, which is not the end of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

from orrery.base.errors import ExecutionInterruptedError, OrreryError, PipesExecutionError, UserCodeExecutionError
from orrery.model.events.user import Failure, RetryRequested
from orrery.runtime.engine.expiry import LimitReached

__all__ = ["Boundary"]

_PASSED_ON = (Failure, RetryRequested, OrreryError, ExecutionInterruptedError, LimitReached)


class Boundary:
    """
    Turn what the block raises into *error_class*, with a message that is only made when it is needed.

    Args:
        error_class: The class to raise.
        describe: Makes the message.
    """

    __slots__ = ("_describe", "_error_class")

    def __init__(self, error_class: type[UserCodeExecutionError], describe: Callable[[], str]) -> None:
        self._error_class = error_class
        self._describe = describe

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None or (isinstance(error, _PASSED_ON) and not isinstance(error, PipesExecutionError)):
            return
        if isinstance(error, GeneratorExit) and (traceback is None or traceback.tb_next is None):
            return  # our own generator is closed where it waits: nothing below it raised this
        raise self._error_class(self._describe(), user_exception=error) from error
