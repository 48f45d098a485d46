"""The logger of a Pipes context. Imported on first use, as `logging` takes 6 ms."""

from __future__ import annotations

import logging
from typing import Callable

_LEVELS = (
    (logging.CRITICAL, "CRITICAL"),
    (logging.ERROR, "ERROR"),
    (logging.WARNING, "WARNING"),
    (logging.INFO, "INFO"),
)


class PipesLogger(logging.Logger):
    """
    Logger whose records go to the orchestrator, of all levels.

    Args:
        send: Takes the text of a record and the name of its level.
    """

    def __init__(self, send: Callable[[str, str], None]) -> None:
        super().__init__(name="orrery-pipes")
        self.addHandler(PipesLoggerHandler(send))


class PipesLoggerHandler(logging.Handler):
    """
    Handler that sends the records of any logger to the orchestrator.

    Args:
        send: Takes the text of a record and the name of its level.
    """

    def __init__(self, send: Callable[[str, str], None]) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        """Send *record*; its exception, if it has one, is part of the text."""
        self._send(self.format(record), level_name(record.levelno))


def level_name(number: int) -> str:
    """
    Return the standard level that *number* reaches.

    Levels of one's own have no name at the orchestrator, where they would count for an error in the protocol.
    """
    for bound, name in _LEVELS:
        if number >= bound:
            return name
    return "DEBUG"
