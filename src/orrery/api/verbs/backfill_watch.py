"""
Whether somebody cancels a backfill while its process is busy with a run of it.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from orrery.model.records.backfill import BackfillStatus
from orrery.runtime.engine.interrupts import interruptible

__all__ = ["Watch", "watched"]

_LOOK_SECONDS = 0.25


class Watch:
    """
    What was seen of a backfill.

    Attributes:
        has_interrupted: Whether it was canceled, and what went on was interrupted for that.
    """

    __slots__ = ("has_interrupted",)

    def __init__(self) -> None:
        self.has_interrupted = False


@contextmanager
def watched(backfill_id: str, store: Any) -> Iterator[Watch]:
    """
    Interrupt what goes on inside, as SIGTERM does, when the backfill is canceled.

    The run that goes on closes its resources and is recorded as canceled. Signals come to the main thread alone:
    in another one nothing is interrupted.

    Args:
        backfill_id: The backfill.
        store: Where it is kept.
    """
    watch = Watch()
    if threading.current_thread() is not threading.main_thread():
        yield watch
        return
    over = threading.Event()
    deciding = threading.Lock()

    def look() -> None:
        while not over.wait(_LOOK_SECONDS):
            known = store.get_backfill(backfill_id)
            if known is None or known.status is not BackfillStatus.CANCELING:
                continue
            with deciding:
                if not over.is_set() and signal.getsignal(signal.SIGTERM) not in (signal.SIG_DFL, signal.SIG_IGN):
                    watch.has_interrupted = True
                    os.kill(os.getpid(), signal.SIGTERM)
            return

    looking = threading.Thread(target=look, name=f"backfill-{backfill_id}", daemon=True)
    with interruptible():
        looking.start()
        try:
            yield watch
        finally:
            with deciding:
                over.set()
            looking.join()
