"""
What a signal does to a run: it ends it in order.

While a run goes on in the main thread, SIGINT and SIGTERM raise :class:`ExecutionInterruptedError`
where the run is: resources are closed, the run is recorded as canceled. A second signal has its usual
effect. Elsewhere, and where the process handles these signals itself, nothing is changed.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from orrery.base.errors import ExecutionInterruptedError

__all__ = ["interruptible", "raise_execution_interrupts"]

_NAMES = {signal.SIGINT: "SIGINT", signal.SIGTERM: "SIGTERM"}


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGINT and SIGTERM end the run inside in order."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    replaced: dict[int, Any] = {}

    def interrupt(number: int, _frame: FrameType | None) -> None:
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


@contextmanager
def raise_execution_interrupts() -> Iterator[None]:
    """Let SIGINT and SIGTERM raise :class:`ExecutionInterruptedError` inside."""
    with interruptible():
        yield
