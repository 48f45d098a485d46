"""
What a signal does to a run: it ends it in order.

While a run goes on in the main thread, SIGINT and SIGTERM raise :class:`ExecutionInterruptedError`
where the run is: resources are closed, the run is recorded as canceled. While a record is written, or the
streams of a step are led elsewhere, the signal waits, so that what is written is written whole: the recorder
calls :meth:`Interrupts.deliver` when a line is written, and where nobody calls, the signal is sent again a moment
later. So it is where Python lets no error out, as of a finalizer or of what the garbage collector calls (Dask has it call
something): what was raised there is lost. A second signal has its usual effect. Elsewhere, and where the process handles these signals itself,
nothing is changed.

A process that wants more of it (the command: a word at once, an end at the second signal) makes :class:`Interrupts` itself
and says what to do as a signal arrives; runs inside then wait and are ended by the same rule.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from orrery.base.errors import ExecutionInterruptedError

__all__ = ["Interrupts", "interruptible", "raise_execution_interrupts", "signal_told"]

_AGAIN_SECONDS = 0.005
_PATIENCE_SECONDS = 2.0
_WRITING = (
    "orrery.runtime.engine.record",
    "orrery.runtime.instance.",
    "orrery.adapters.compute_logs.",
    "orrery.adapters.storage.",
    "orrery.runtime.processes.frames",
)
_RUN = "orrery.runtime.engine.run"
_ASKED = "the run was asked to stop by "
_ORDINARY: tuple[tuple[signal.Signals, Any], ...] = (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGTERM, signal.SIG_DFL),
)


class Interrupts:
    """
    The signals that ask the run of one main thread to stop, and the handlers that were there before.

    Args:
        signals: Which; SIGINT and SIGTERM, as far as the process does not handle them itself, if None.
        arrived: Called as each signal arrives, by its handler; False if the signal does not count. With it, signals come
            here to the end, also after the first.
    """

    def __init__(
        self, signals: Sequence[signal.Signals] | None = None, arrived: Callable[[int], bool] | None = None
    ) -> None:
        self._signals = signals
        self._arrived = arrived
        self._replaced: dict[int, Any] = {}
        self._waiting: int | None = None
        self._waits_since = 0.0
        self._is_sent_again = False
        # A signal is not sent again while the handlers are given back: it would end the process.
        self._giving_back = threading.RLock()
        self._raised: tuple[int, ExecutionInterruptedError] | None = None
        self._hook_before: Any = None

    def take(self) -> None:
        """Handle the signals."""
        if self._hook_before is None:
            self._hook_before, sys.unraisablehook = sys.unraisablehook, self._lost
        found = self._signals
        if found is None:
            found = [each for each, ordinary in _ORDINARY if signal.getsignal(each) is ordinary]
        for each in found:
            self._replaced[each] = signal.signal(each, self._arrive)

    def give_back(self) -> None:
        """Let signals have the effect that they had before."""
        self._let_go()
        if self._hook_before is not None:
            if sys.unraisablehook == self._lost:  # else somebody has put another before it, which calls it still
                sys.unraisablehook = self._hook_before
            self._hook_before = None
        self._raised = None

    def _let_go(self) -> None:
        with self._giving_back:
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
        is_sent_again, self._is_sent_again = self._is_sent_again, False
        if is_sent_again:
            if self._waiting is None:  # it was delivered in the meantime
                return
        elif self._arrived is not None and not self._arrived(number):
            return
        if self._waiting is None:
            self._waits_since = time.monotonic()
        self._waiting = number
        if _is_writing(frame) and time.monotonic() - self._waits_since < _PATIENCE_SECONDS:
            self._send_later()
            return
        self._interrupt(number)

    def _send_later(self) -> None:
        again = threading.Timer(_AGAIN_SECONDS, self._send_again)
        again.daemon = True
        again.start()

    def _send_again(self) -> None:
        with self._giving_back:
            if self._waiting is not None and self._replaced:
                self._is_sent_again = True
                os.kill(os.getpid(), self._waiting)

    def _interrupt(self, number: int) -> None:
        self._waiting = None
        if self._arrived is None:
            self._let_go()
        error = ExecutionInterruptedError(f"{_ASKED}{signal.Signals(number).name}")
        self._raised = number, error
        raise error

    def _lost(self, lost: Any) -> None:
        """Take in an error that Python lets nobody hear of; if it is ours, the signal is sent once more."""
        raised, before = self._raised, self._hook_before or sys.__unraisablehook__
        if raised is None or lost.exc_value is not raised[1]:
            before(lost)
            return
        self._raised = None
        if self._arrived is None:
            self.take()
        self._waiting, self._waits_since = raised[0], time.monotonic()
        self._send_later()


def signal_told(message: str) -> signal.Signals:
    """Return the signal that ended a run, as the message of its interruption tells it; SIGINT if it tells none."""
    _before, _asked, after = message.partition(_ASKED)
    name = after.split()[0] if after.split() else ""
    return signal.Signals[name] if name in signal.Signals.__members__ else signal.SIGINT


@contextmanager
def interruptible() -> Iterator[Interrupts]:
    """Let SIGINT and SIGTERM end the run inside in order; where signals end it already, that is what is given."""
    interrupts = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    in_charge = _in_charge()
    if in_charge is not None:
        yield in_charge
        return
    interrupts.take()
    try:
        yield interrupts
    finally:
        interrupts.give_back()


def _in_charge() -> Interrupts | None:
    """Return what handles the signals of this process already, if it is one of these."""
    for each, _ordinary in _ORDINARY:
        owner = getattr(signal.getsignal(each), "__self__", None)
        if isinstance(owner, Interrupts):
            return owner
    return None


def _is_writing(frame: FrameType | None) -> bool:
    """Tell whether the thread whose innermost frame this is writes a record; whoever launched the run does not count."""
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith(_WRITING):
            return True
        if name == _RUN:
            return False
        frame = frame.f_back
    return False


@contextmanager
def raise_execution_interrupts() -> Iterator[None]:
    """Let SIGINT and SIGTERM raise :class:`ExecutionInterruptedError` inside."""
    with interruptible():
        yield
