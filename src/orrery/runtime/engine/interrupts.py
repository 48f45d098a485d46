"""
What a signal does to a run: it ends it in order.

While a run goes on in the main thread, SIGINT and SIGTERM raise :class:`ExecutionInterruptedError`
where the run is: resources are closed, the run is recorded as canceled. While a record is written, or the
streams of a step are led elsewhere, the signal waits, so that what is written is written whole: the recorder
calls :meth:`Interrupts.deliver` when a line is written, and where nobody calls, the signal is sent again a moment
later. A second signal has its usual effect. Elsewhere, and where the process handles these signals itself,
nothing is changed.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from orrery.base.errors import ExecutionInterruptedError

__all__ = ["Interrupts", "interruptible", "raise_execution_interrupts"]

_AGAIN_SECONDS = 0.005
_PATIENCE_SECONDS = 2.0
_WRITING = (
    "orrery.runtime.engine.record",
    "orrery.runtime.instance.",
    "orrery.adapters.compute_logs.",
    "orrery.adapters.storage.",
    "orrery.runtime.processes.frames",
)
_NAMES = {signal.SIGINT: "SIGINT", signal.SIGTERM: "SIGTERM"}
_ORDINARY: tuple[tuple[signal.Signals, Any], ...] = (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGTERM, signal.SIG_DFL),
)


class Interrupts:
    """The signals that ask the run of one main thread to stop, and the handlers that were there before."""

    def __init__(self) -> None:
        self._replaced: dict[int, Any] = {}
        self._waiting: int | None = None
        self._waits_since = 0.0

    def take(self) -> None:
        """Handle SIGINT and SIGTERM, unless the process handles them itself."""
        for each, ordinary in _ORDINARY:
            if signal.getsignal(each) is ordinary:
                self._replaced[each] = signal.signal(each, self._arrive)

    def give_back(self) -> None:
        """Let signals have the effect that they had before."""
        for number, handler in self._replaced.items():
            signal.signal(number, handler)
        self._replaced.clear()

    def deliver(self) -> None:
        """
        End the run if a signal waits; called when a record has been written.

        Raises:
            ExecutionInterruptedError: One waits, and this is the thread that signals come to.
        """
        if self._waiting is not None and self._replaced and threading.current_thread() is threading.main_thread():
            self._interrupt(self._waiting)

    def _arrive(self, number: int, frame: FrameType | None) -> None:
        if self._waiting is None:
            self._waits_since = time.monotonic()
        self._waiting = number
        if _is_writing(frame) and time.monotonic() - self._waits_since < _PATIENCE_SECONDS:
            again = threading.Timer(_AGAIN_SECONDS, self._send_again)
            again.daemon = True
            again.start()
            return
        self._interrupt(number)

    def _send_again(self) -> None:
        if self._waiting is not None and self._replaced:
            os.kill(os.getpid(), self._waiting)

    def _interrupt(self, number: int) -> None:
        self._waiting = None
        self.give_back()
        raise ExecutionInterruptedError(f"the run was asked to stop by {_NAMES.get(signal.Signals(number), number)}")


@contextmanager
def interruptible() -> Iterator[Interrupts]:
    """Let SIGINT and SIGTERM end the run inside in order."""
    interrupts = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    interrupts.take()
    try:
        yield interrupts
    finally:
        interrupts.give_back()


def _is_writing(frame: FrameType | None) -> bool:
    """Tell whether the thread whose innermost frame this is writes a record."""
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith(_WRITING):
            return True
        frame = frame.f_back
    return False


@contextmanager
def raise_execution_interrupts() -> Iterator[None]:
    """Let SIGINT and SIGTERM raise :class:`ExecutionInterruptedError` inside."""
    with interruptible():
        yield
