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
    output, errors = _another(1), _another(2)  # steps may lead the streams into a file, and it is the people who wait

    def interrupt(number: int, _frame: FrameType | None) -> None:
        seen.append(number)
        if len(seen) > 1:
            _end_at_once(output, errors)
        tell()
        raise ExecutionInterruptedError(f"the run was asked to stop by {signal.Signals(number).name}")

    before = {each: signal.signal(each, interrupt) for each in _SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        for descriptor in (output, errors):
            if descriptor is not None:
                os.close(descriptor)


def _another(descriptor: int) -> int | None:
    try:
        return os.dup(descriptor)
    except OSError:  # the process was started without it
        return None


def _end_at_once(output: int | None, errors: int | None) -> None:
    """End the process now: no resource is closed, but the terminal is as it was."""
    try:
        if output is not None and os.isatty(output):
            os.write(output, b"\n" + _SHOW_CURSOR)
        if errors is not None:
            os.write(errors, b"Stopped at once: resources were not closed.\n")
    finally:
        os._exit(INTERRUPTED)
