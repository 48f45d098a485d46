"""
The loggers that come along: lines for people, lines of JSON, and the logger for code that has no context.

A job names them (``logger_defs={"console": colored_console_logger}``); what the functions of its steps log,
and every event, goes through them. Both write to standard error.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from orrery.definitions.parts.executor import InitLoggerContext, LoggerDefinition
from orrery.model.config.schema import Field
from orrery.runtime.engine.console import plain_text

__all__ = [
    "JsonLogFormatter",
    "colored_console_logger",
    "default_loggers",
    "default_system_loggers",
    "get_logger",
    "json_console_logger",
]

_COLORS = {logging.WARNING: "33", logging.ERROR: "31", logging.CRITICAL: "1;31", logging.DEBUG: "34"}


class JsonLogFormatter(logging.Formatter):
    """Write each record as one line of JSON: all of its fields, sorted by name."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line; a value that JSON cannot say is written as its text."""
        fields = dict(record.__dict__)
        if record.exc_info and not record.exc_text:
            fields["exc_text"] = self.formatException(record.exc_info)
        fields["exc_info"] = None
        fields["message"] = record.getMessage()
        return json.dumps(fields, sort_keys=True, default=str)


class _PlainFormatter(logging.Formatter):
    """Write a record as a line for people; no message can look like a line of another."""

    def __init__(self, *, colored: bool) -> None:
        super().__init__("%(asctime)s - %(name)s - %(levelname)s - %(message)s", "%Y-%m-%d %H:%M:%S %z")
        self._colored = colored

    def format(self, record: logging.LogRecord) -> str:
        shown = logging.makeLogRecord({**record.__dict__, "msg": plain_text(record.getMessage()), "args": ()})
        line = super().format(shown)
        color = _COLORS.get(record.levelno) if self._colored else None
        return f"\x1b[{color}m{line}\x1b[0m" if color else line


class _StandardErrorHandler(logging.StreamHandler[Any]):
    """Writes to what standard error is at that moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        """Return standard error."""
        return sys.stderr

    @stream.setter
    def stream(self, value: Any) -> None:
        """Keep to standard error."""


def _logger(init_context: InitLoggerContext, formatter: logging.Formatter) -> logging.Logger:
    config: Mapping[str, Any] = init_context.logger_config or {}
    level = str(config.get("log_level") or "INFO").upper()
    made = logging.Logger(config.get("name") or "orrery", level=logging.getLevelNamesMapping().get(level, logging.INFO))
    handler = _StandardErrorHandler()
    handler.setFormatter(formatter)
    made.addHandler(handler)
    return made


_SCHEMA = {
    "log_level": Field(str, is_required=False, default_value="INFO", description="The least level that is written."),
    "name": Field(str, is_required=False, default_value="orrery", description="The name of the logger."),
}


def _colored(init_context: InitLoggerContext) -> logging.Logger:
    on_terminal = sys.stderr is not None and sys.stderr.isatty()
    return _logger(init_context, _PlainFormatter(colored=on_terminal))


def _json(init_context: InitLoggerContext) -> logging.Logger:
    return _logger(init_context, JsonLogFormatter())


colored_console_logger = LoggerDefinition(
    _colored, config_schema=_SCHEMA, description="The default logger: lines for people, colored on a terminal."
)
"""Logger of lines for people, on standard error; colored on a terminal."""

json_console_logger = LoggerDefinition(_json, config_schema=_SCHEMA, description="A logger of lines of JSON.")
"""Logger of lines of JSON, on standard error."""


def default_loggers() -> Mapping[str, LoggerDefinition]:
    """Return the loggers of jobs that name none, by key."""
    return {"console": colored_console_logger}


def default_system_loggers(instance: Any) -> Sequence[tuple[LoggerDefinition, Mapping[str, Any]]]:
    """
    Return the loggers of a run whose config names none, each with its config.

    Args:
        instance: The instance of the run; its settings may name a level.
    """
    level = "DEBUG" if instance is None else (instance.get_settings("python_logs") or {}).get("level") or "DEBUG"
    return [(colored_console_logger, {"name": "orrery", "log_level": level})]


def get_logger(name: str | None = None) -> logging.Logger:
    """
    Return a logger of the standard library for code that has no context.

    Args:
        name: Name below ``orrery.builtin``; that itself if not given.

    >>> get_logger("ingest").name
    'orrery.builtin.ingest'
    """
    return logging.getLogger(f"orrery.builtin.{name}" if name else "orrery.builtin")
