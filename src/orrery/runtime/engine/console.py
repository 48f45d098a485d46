"""
What a run says on the console while it goes on: the user's own lines, and failures.

One line an entry, on standard error. Control codes are shown and not sent; further lines of a message
are indented, so that no message can look like a line of ours.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

from orrery.model.events.entry import EventLogEntry
from orrery.model.events.error_info import ErrorInfo
from orrery.model.events.event import Event
from orrery.runtime.ports.compute_logs import outside_capture

__all__ = ["Console", "plain_text"]

_LEVELS = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL"}
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), 0x7F, *range(0x80, 0xA0)) if code not in (0x09, 0x0A)}
_CONTROL |= {code: f"\\u{code:04x}" for code in (0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def plain_text(text: str, *, indent: str = "    ") -> str:
    """Return *text* without control codes, and with further lines indented."""
    if text.isprintable():  # as nearly all is: a tenth of the cost of looking at each sign
        return text
    return text.translate(_CONTROL).replace("\n", "\n" + indent)


def _failure_text(error: ErrorInfo) -> str:
    """Return what went wrong: the user's frames, then the error; ours are left out where there are theirs."""
    shown = error.cause if error.cause is not None and (error.cls_name or "").startswith("Execution") else error
    frames = shown.user_frames or shown.frames
    lines = [str(frame).rstrip() for frame in frames]
    return "\n".join([*lines, *shown.message.rstrip().split("\n")])


class Console:
    """
    Shows entries of at least a level, and failures.

    Args:
        level: Least level of log lines (numbers of :mod:`logging`).
    """

    def __init__(self, level: int = 20) -> None:
        self._level = level

    def __call__(self, entries: Iterable[EventLogEntry]) -> None:
        """Show those of *entries* that are worth it."""
        for entry in entries:
            event = entry.dagster_event
            if event is None or entry.level >= 40 or event.event_type_value == "STEP_UP_FOR_RETRY":
                self._show(entry, event)

    def _show(self, entry: EventLogEntry, event: Event | None) -> None:
        if event is None:
            if entry.level >= self._level:
                self._write(entry, entry.user_message, entry.error_info)
            return
        if entry.level >= 40 and event.event_type_value != "ENGINE_EVENT":
            data = event.event_specific_data
            error = getattr(data, "error", None) if event.event_type_value == "STEP_FAILURE" else None
            self._write(entry, event.message or "", error)
        elif event.event_type_value == "STEP_UP_FOR_RETRY":
            self._write(entry, event.message or "", None)

    @staticmethod
    def _write(entry: EventLogEntry, message: str, error: ErrorInfo | None) -> None:
        stream = sys.stderr
        if stream is None:
            return
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry.timestamp))
        where = f"{entry.step_key} - " if entry.step_key else ""
        level = _LEVELS.get(entry.level, str(entry.level))
        text = f"{when} - {level} - {where}{plain_text(message)}"
        if error is not None:
            text += "\n" + plain_text("    " + _failure_text(error))
        try:
            with outside_capture():
                stream.write(text + "\n")
                stream.flush()
        except (ValueError, OSError, UnicodeError):  # a closed or narrow stream must not end a run
            return
