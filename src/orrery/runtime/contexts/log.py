"""
``context.log``: a logger of the standard library whose records go to the run's event log.

Made when it is first asked for. The sink (``runtime/engine/record.py``) keeps each line as an entry of
the event log, and shows it on the console and in the loggers of the job.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

__all__ = ["LogManager", "LogSink", "NullSink", "console_log"]


class LogSink(Protocol):
    """Where log lines go."""

    def log(self, level: int, message: str, step_key: str | None, record: logging.LogRecord | None) -> None:
        """
        Take one line.

        Args:
            level: Number of the level, as of :mod:`logging`.
            message: The text, complete.
            step_key: The step that said it, or None.
            record: The record, with exception and extra fields; None where there is none.
        """
        ...

    def log_lines(self, lines: Sequence[tuple[int, str]], step_key: str | None) -> None:
        """
        Take many lines at once, which cost less than one by one.

        Args:
            lines: Level and text of each.
            step_key: The step that said them, or None.
        """
        ...


class NullSink:
    """Forgets every line."""

    def log(self, level: int, message: str, step_key: str | None, record: logging.LogRecord | None) -> None:
        """Forget the line."""

    def log_lines(self, lines: Sequence[tuple[int, str]], step_key: str | None) -> None:
        """Forget the lines."""


class LogManager(logging.Logger):
    """
    Write to the log of a run: ``context.log.info("...")``.

    A :class:`logging.Logger` in every respect; what is said here is kept with the run, and names the
    step that said it.
    """

    def __init__(
        self,
        dagster_handler: Any = None,
        level: int = logging.DEBUG,
        managed_loggers: Any = None,
        *,
        sink: LogSink | None = None,
        step_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__("orrery", level)
        self._sink: LogSink = sink if sink is not None else NullSink()
        self._step_key = step_key
        self._metadata = dict(metadata or {})
        self._managed_loggers = list(managed_loggers or ())
        self._given_handler = dagster_handler

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Return what each line is tagged with."""
        return self._metadata

    @property
    def step_key(self) -> str | None:
        """Return the step whose lines these are, or None."""
        return self._step_key

    @property
    def sink(self) -> LogSink:
        """Return where its lines go."""
        return self._sink

    def for_step(self, step_key: str, metadata: Mapping[str, Any]) -> LogManager:
        """Return a logger of the same run whose lines name a step."""
        return LogManager(level=self.level, sink=self._sink, step_key=step_key, metadata=metadata)

    def with_tags(self, **new_tags: str) -> LogManager:
        """Return a logger whose lines bear further tags."""
        return LogManager(
            level=self.level, sink=self._sink, step_key=self._step_key, metadata={**self._metadata, **new_tags}
        )

    @staticmethod
    def create(loggers: Any, handlers: Any = None, instance: Any = None, dagster_run: Any = None) -> LogManager:
        """Return a logger that writes to *loggers* and *handlers* alone."""
        made = LogManager(managed_loggers=loggers)
        for handler in handlers or ():
            made.addHandler(handler)
        return made

    def log_dagster_event(self, level: int | str, msg: str, dagster_event: Any, batch_metadata: Any = None) -> None:
        """Write an event as a line."""
        self.log(level if isinstance(level, int) else _number(level), msg, extra={"dagster_event": dagster_event})

    def log(self, level: Any, msg: object, *args: Any, **kwargs: Any) -> None:
        """Write a line at *level*: a number, or the name of a level."""
        number = level if isinstance(level, int) else _number(str(level))
        if self.isEnabledFor(number):
            kwargs.setdefault("stacklevel", 2)
            self._log(number, msg, args, **kwargs)

    def log_lines(self, lines: Sequence[tuple[int, str]]) -> None:
        """
        Write many lines at once: texts that came from elsewhere, complete, with their levels.

        Args:
            lines: Number of the level and text of each.
        """
        if self.filters or self.handlers or self._managed_loggers:  # they want records
            for level, text in lines:
                self.log(level, "%s", text)
            return
        self._sink.log_lines([line for line in lines if self.isEnabledFor(line[0])], self._step_key)

    def handle(self, record: logging.LogRecord) -> None:
        """Hand a record to the sink, and to the handlers that were added."""
        if not self.filter(record):
            return
        self._sink.log(record.levelno, _text(record), self._step_key, record)
        if self.handlers:
            self.callHandlers(record)
        for each in self._managed_loggers:
            each.handle(record)

    def begin_python_log_capture(self) -> None:
        """Do nothing: capture of other loggers is a setting of the run."""

    def end_python_log_capture(self) -> None:
        """Do nothing: capture of other loggers is a setting of the run."""

    def __reduce__(self) -> Any:
        return LogManager, ()


def _number(level: str) -> int:
    found = logging.getLevelName(level.upper())
    if not isinstance(found, int):
        raise ValueError(f"'{level}' is no level: write debug, info, warning, error or critical.")
    return found


def _text(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001  # a format string that does not fit its arguments: the line is kept as it is
        return f"{record.msg!r} (args {record.args!r} do not fit: {error})"


def console_log() -> LogManager:
    """Return where code outside of runs logs: the logger ``orrery`` of the standard library."""
    return LogManager(managed_loggers=[logging.getLogger("orrery")])
