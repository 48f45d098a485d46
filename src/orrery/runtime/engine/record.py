"""
The one room that writes events.

A :class:`Recorder` belongs to one run. It keeps the events for the result, makes an entry of each (and
of each log line), hands the entries to the instance in batches, and tells whoever listens. Entries are
handed over before a step's function is called, so that a function that asks the instance finds all that
came before it, and a step that takes hours hides nothing; so are log lines, whichever thread they come from, and the end of each step.

A function that is called in this process may hold the interpreter for minutes, or end the process: what happened before it
is stored by then, so that no kill takes it back. The first functions of a run wait for that each; later ones once the work that is at risk took many
times as long as the last such wait, so that runs of quick steps wait a tenth of their time at most.
Between two functions a run also waits while much is written, as two threads that compute hinder each other; log lines do
not wait, which as a rule come from somewhere that has to be waited for. Once something of the run was lost, no more functions
are called: what they did would be known to nobody.

Whoever shows a run to people is told of an entry once it is stored, so that what was seen is there after a kill.
"""

from __future__ import annotations

import logging
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from orrery.model.events.entry import EventLogEntry
from orrery.model.events.error_info import error_info_from_exception
from orrery.model.events.event import Event, level_of
from orrery.model.events.payloads import StepSkippedData
from orrery.model.records.run import Run
from orrery.runtime.processes.process_id import process_id

__all__ = ["Recorder"]

_DEBUG = logging.DEBUG
_QUIET = frozenset({"STEP_INPUT", "STEP_OUTPUT", "LOADED_INPUT", "HANDLED_OUTPUT", "STEP_SUCCESS", "STEP_START"})
_PUSHED = frozenset({"STEP_START", "STEP_SUCCESS", "STEP_FAILURE", "STEP_SKIPPED", "STEP_UP_FOR_RETRY"})
_STARTS = frozenset({"STEP_START", "STEP_RESTARTED"})
_BATCH = 256
_FIRST = 3
_TIMES = 10.0

Listener = Callable[[EventLogEntry], None]
Show = Callable[[Sequence[EventLogEntry]], None]


class Recorder:
    """
    Writes the events and log lines of one run.

    Args:
        instance: Where entries go.
        run: The run.
        shown: Called with entries once they are stored, in their order, from any thread.
        before_durable: Called before entries become durable: publishes the values they tell of.

    Attributes:
        events: The events that were kept, in order.
        pushed: Kinds of events after which nothing waits: somebody may ask the instance about them.
        guards_functions: Whether functions of steps are called in this process.
        after_line: Called when a log line has been written, as a rule to let a signal that waited end the run.
    """

    def __init__(
        self,
        instance: Any,
        run: Run,
        shown: Sequence[Show] = (),
        before_durable: Callable[[], None] | None = None,
    ) -> None:
        self.events: list[Event] = []
        self.instance = instance
        self._store = instance.store_entries
        self._flush = instance.flush
        self._relieve = instance.relieve
        self._raise_lost = instance.raise_lost
        self._run_id = run.run_id
        self._process = process_id()
        self._job_name = run.job_name
        self._listeners: tuple[Listener, ...] = ()
        self._shown = tuple(shown)
        self._before = before_durable
        self._waiting: list[EventLogEntry] = []
        self._order = threading.RLock()  # log lines come from threads, too
        self.after_line: Callable[[], None] | None = None
        self.guards_functions = False
        self._has_refused = False
        self._guarded = 0
        self._safe_at = self._wait_seconds = 0.0
        self.pushed: frozenset[str] = _PUSHED

    def listen(self, listener: Listener) -> None:
        """Tell *listener* of each entry from now on, as it is made."""
        self._listeners = (*self._listeners, listener)

    def event(self, event: Event, *, keep: bool = True) -> None:
        """
        Record *event*; *keep* it for the result, too.

        Raises:
            Exception: Something of the run was lost, and a step would start of which nothing may be known, either.
        """
        kind = event.event_type_value
        entry = EventLogEntry(
            None,
            _DEBUG if kind in _QUIET else level_of(event),
            "",
            self._run_id,
            time.time(),
            event.step_key,
            self._job_name,
            event,
        )
        if keep:
            self.events.append(event)
        self._waiting.append(entry)
        for listener in self._listeners:
            listener(entry)
        if (kind in self.pushed and not _is_reused(event)) or len(self._waiting) >= _BATCH:
            self.push()
            if kind in _STARTS:
                if self.guards_functions:
                    self._relieve()
                    self._guard()
                self._raise_lost(self._run_id)

    def _guard(self) -> None:
        """Let what is behind become durable before a function is called; see the module for when."""
        now = time.perf_counter()
        if self._guarded >= _FIRST and now - self._safe_at < _TIMES * self._wait_seconds:
            return
        self._guarded += 1
        self.instance.settle()
        self._safe_at = time.perf_counter()
        self._wait_seconds = self._safe_at - now

    def log(self, level: int, message: str, step_key: str | None, record: logging.LogRecord | None) -> None:
        """Record a log line; it is handed over at once, as the next one may be hours away."""
        if process_id() != self._process:  # a copy of this process that the user's code forked
            self._refuse(message)
            return
        error = getattr(record, "error_info", None)  # of a line that another process logged
        if record is not None and record.exc_info and record.exc_info[1] is not None:
            error = error_info_from_exception(record.exc_info[1])
        entry = EventLogEntry(error, level, message, self._run_id, time.time(), step_key, self._job_name, None)
        self._waiting.append(entry)
        for listener in self._listeners:
            listener(entry)
        self.push()
        if self.after_line is not None:
            self.after_line()

    def log_lines(self, lines: Sequence[tuple[int, str]], step_key: str | None) -> None:
        """Record many lines, level and text of each; they are handed over together."""
        if process_id() != self._process:
            self._refuse(lines[0][1] if lines else "")
            return
        entries = [
            EventLogEntry(None, level, text, self._run_id, time.time(), step_key, self._job_name, None)
            for level, text in lines
        ]
        self._waiting.extend(entries)
        _tell(self._listeners, entries)
        self.push()
        if self.after_line is not None:
            self.after_line()

    def _refuse(self, message: str) -> None:
        """Warn a copy of this process, once, that what it logs is recorded nowhere."""
        if not self._has_refused:
            self._has_refused = True
            warnings.warn(
                f"{message!r} is logged by process {process_id()}, which a step of the run forked, and is not recorded, as the "
                "run would record it twice: print it, or return it to the step.",
                stacklevel=4,
            )

    def push(self) -> None:
        """Hand what waits to the instance."""
        with self._order:
            waiting = self._waiting[:]  # others may append at any moment: what comes later stays for the next time
            if waiting:
                del self._waiting[: len(waiting)]
                shown = self._shown
                self._store(waiting, self._before, (lambda: _show(shown, waiting)) if shown else None)

    def end(self, event: Event) -> None:
        """
        Record *event*, which tells that the run ended well, and return when all of it is durable.

        Raises:
            Exception: Something of the run was lost; so is *event*, of which nobody hears.
        """
        self.push()
        entry = EventLogEntry(
            None, level_of(event), "", self._run_id, time.time(), event.step_key, self._job_name, event
        )
        shown = self._shown
        self._store([entry], self._before, (lambda: _show(shown, [entry])) if shown else None, is_last=True)
        self._flush(self._run_id)
        self.events.append(event)
        _tell(self._listeners, [entry])

    def close(self) -> None:
        """Hand over what waits, and return when all of it is durable."""
        self.push()
        self._flush(self._run_id)


def _is_reused(event: Event) -> bool:
    """Tell whether the event skips a step whose value is current: of those many come at once, and are stored together."""
    data = event.event_specific_data
    return type(data) is StepSkippedData and bool(data.reasons)


def _tell(listeners: Sequence[Listener], entries: Sequence[EventLogEntry]) -> None:
    for entry in entries:
        for listener in listeners:
            listener(entry)


def _show(shown: Sequence[Show], entries: Sequence[EventLogEntry]) -> None:
    for show in shown:
        show(entries)
