"""
Ctrl-C: once in order, twice at once.

The first SIGINT or SIGTERM ends the run in order: resources are closed, the run is recorded as canceled. The second
ends the process, whatever the user's code does about it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from orrery.base.errors import ExecutionInterruptedError
from orrery.cli.endings import INTERRUPTED

__all__ = ["once_in_order"]

_SHOW_CURSOR = b"\x1b[?25h"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def once_in_order(tell: Callable[[], None]) -> Iterator[None]:
    """
    Let a first signal raise :class:`ExecutionInterruptedError` inside, and a second one end the process.

    Args:
        tell: Called at the first one; it may only do what a signal handler may.
    """
    seen: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        seen.append(number)
        if len(seen) > 1:
            _end_at_once()
        tell()
        raise ExecutionInterruptedError(f"the run was asked to stop by {signal.Signals(number).name}")

    before = {each: signal.signal(each, interrupt) for each in _SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _end_at_once() -> None:
    """End the process now: no resource is closed, but the terminal is as it was."""
    if os.isatty(1):
        os.write(1, b"\n" + _SHOW_CURSOR)
    os.write(2, b"Stopped at once: resources were not closed.\n")
    os._exit(INTERRUPTED)
