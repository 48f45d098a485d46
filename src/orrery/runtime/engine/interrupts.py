"""
What a signal does to a run: it ends it in order.

While a run goes on in the main thread, SIGINT and SIGTERM raise :class:`ExecutionInterruptedError`
where the run is: resources are closed, the run is recorded as canceled. While a record is written the
signal waits, so that what is written is written whole. A second signal has its usual effect. Elsewhere,
and where the process handles these signals itself, nothing is changed.
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

__all__ = ["interruptible", "raise_execution_interrupts"]

_AGAIN_SECONDS = 0.005
_PATIENCE_SECONDS = 2.0
_WRITING = ("orrery.runtime.engine.record", "orrery.runtime.instance.", "orrery.adapters.storage.")
_NAMES = {signal.SIGINT: "SIGINT", signal.SIGTERM: "SIGTERM"}


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGINT and SIGTERM end the run inside in order."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    replaced: dict[int, Any] = {}

    waits_since: float | None = None

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal waits_since
        waits_since = waits_since or time.monotonic()
        if _is_writing(frame) and time.monotonic() - waits_since < _PATIENCE_SECONDS:
            again = threading.Timer(_AGAIN_SECONDS, os.kill, (os.getpid(), number))
            again.daemon = True
            again.start()
            return
        for each, handler in replaced.items():
            signal.signal(each, handler)
        raise ExecutionInterruptedError(f"the run was asked to stop by {_NAMES.get(signal.Signals(number), number)}")

    ordinary_handlers: tuple[tuple[signal.Signals, Any], ...] = (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGTERM, signal.SIG_DFL),
    )
    for each, ordinary in ordinary_handlers:
        if signal.getsignal(each) is ordinary:
            replaced[each] = signal.signal(each, interrupt)
    try:
        yield
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)


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
