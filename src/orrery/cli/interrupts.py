"""
Ctrl-C: once in order, twice at once.

The first SIGINT, SIGTERM or SIGHUP (the terminal was closed) ends the run in order: resources are closed, the run is
recorded as canceled. The second ends the process, whatever the user's code does about it; the run is then recorded as failed
by whoever opens the instance next.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from orrery.cli.endings import interrupted_by
from orrery.runtime.engine.interrupts import Interrupts

__all__ = ["Asked", "once_in_order"]

_SHOW_CURSOR = b"\x1b[?25h"
_CLOSED = getattr(signal, "SIGHUP", None)
_SIGNALS = (signal.SIGINT, signal.SIGTERM, *((_CLOSED,) if _CLOSED is not None else ()))


class Asked:
    """
    Whether the command was asked to stop.

    Attributes:
        by: The first signal; None if none came.
    """

    __slots__ = ("by",)

    def __init__(self) -> None:
        self.by: int | None = None

    @property
    def exit_code(self) -> int:
        """Return the code that the command ends with then."""
        return interrupted_by(self.by if self.by is not None else signal.SIGINT)


@contextmanager
def once_in_order(tell: Callable[[str, int | None], None], asked: Asked | None = None) -> Iterator[None]:
    """
    Let a first signal raise :class:`ExecutionInterruptedError` inside, and a second one end the process.

    While a record is written the first one waits, as in every run (:mod:`orrery.runtime.engine.interrupts`); people are
    told of it at once, and the second one waits for nothing.

    Args:
        tell: Called at the first one with the name of the signal and the descriptor of standard error as it was before
            steps led it elsewhere; it may only do what a signal handler may.
        asked: Gets to know which signal it was.

    A signal that the process was told to ignore (``nohup``) is ignored.
    """
    asked = asked or Asked()
    output, errors = _another(1), _another(2)  # steps may lead the streams into a file, and it is the people who wait

    def arrived(number: int) -> bool:
        if asked.by is not None:
            if number == _CLOSED:
                return False  # the terminal and its shell both send it: nobody was impatient
            _end_at_once(number, output, errors)
        asked.by = number
        tell(signal.Signals(number).name, errors)
        return True

    heard = [each for each in _SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]
    interrupts = Interrupts(heard, arrived)
    interrupts.take()
    try:
        yield
    finally:
        interrupts.give_back()
        for descriptor in (output, errors):
            if descriptor is not None:
                os.close(descriptor)


def _another(descriptor: int) -> int | None:
    try:
        return os.dup(descriptor)
    except OSError:  # the process was started without it
        return None


def _end_at_once(number: int, output: int | None, errors: int | None) -> None:
    """End the process now: no resource is closed, but the terminal is as it was."""
    try:
        with contextlib.suppress(OSError):  # the terminal is gone, and nobody reads it
            if output is not None and os.isatty(output):
                os.write(output, b"\n" + _SHOW_CURSOR)
            if errors is not None:
                os.write(errors, b"Stopped at once: resources were not closed.\n")
    finally:
        os._exit(interrupted_by(number))
