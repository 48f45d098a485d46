"""
Lines of Python's own logging, kept with the run like those of ``context.log``.

Captured are the loggers of :func:`orrery.get_logger`, and those that the settings of the instance name::

    python_logs:
      managed_python_loggers: [my_library, root]
      python_log_level: INFO

Each line names the step whose function logged it. The level holds for ``context.log``, too. Loggers are left as they
were when the run has ended; where they write besides does not change.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from orrery.base.errors import InvalidDefinitionError
from orrery.runtime.contexts.log import LogManager
from orrery.runtime.contexts.op import CURRENT_CONTEXT

__all__ = ["BUILTIN_LOGGER", "captured_python_logs", "level_of_settings", "loggers_of_settings"]

BUILTIN_LOGGER = "orrery.builtin"
"""The logger that :func:`orrery.get_logger` gives, and those below it."""


class _Capture(logging.Handler):
    """
    Hands records to the log of the run that goes on where they come from.

    Args:
        run_id: Only those of this run; of any run if None.
        level: Least level.
    """

    def __init__(self, run_id: str | None = None, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self._run_id = run_id
        self._busy = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep *record*, unless it belongs to no run or to another, or tells of our own writing."""
        if getattr(self._busy, "is_set", False):
            return
        context = CURRENT_CONTEXT.get()
        if context is not None:
            log, run_id = context.log, getattr(context, "run_id", None)
        elif _UNDER_WAY:  # a thread of the user's own: of the run that began last
            run_id, log = _UNDER_WAY[-1]
        else:
            return
        if self._run_id is not None and run_id != self._run_id:
            return
        self._busy.is_set = True
        try:
            log.handle(record)
        finally:
            self._busy.is_set = False


_UNDER_WAY: list[tuple[str, LogManager]] = []
_ALWAYS = _Capture()


def loggers_of_settings(settings: Mapping[str, Any]) -> Sequence[str]:
    """
    Return the names of the loggers that are captured.

    Raises:
        InvalidDefinitionError: The settings name something else.
    """
    found = (settings.get("python_logs") or {}).get("managed_python_loggers") or ()
    if isinstance(found, str) or not all(isinstance(each, str) for each in found):
        raise InvalidDefinitionError(
            f"The setting python_logs.managed_python_loggers is {found!r}, which is no list of names.",
            mend="write managed_python_loggers: [my_library].",
        )
    return list(found)


def level_of_settings(settings: Mapping[str, Any]) -> str | None:
    """
    Return the least level of lines that are kept, by name, or None.

    Raises:
        InvalidDefinitionError: There is no such level.
    """
    found = (settings.get("python_logs") or {}).get("python_log_level")
    if found is None:
        return None
    name = str(found).upper()
    if name not in logging.getLevelNamesMapping():
        raise InvalidDefinitionError(
            f"The setting python_logs.python_log_level is {found!r}, which is no level.",
            mend="write DEBUG, INFO, WARNING, ERROR or CRITICAL.",
        )
    return name


@contextmanager
def captured_python_logs(settings: Mapping[str, Any], log: LogManager, run_id: str) -> Iterator[None]:
    """
    Keep lines of Python's own logging with a run, while the block runs.

    Args:
        settings: Those of the instance.
        log: The log of the run.
        run_id: The run.
    """
    names: Sequence[str] = ()
    level = logging.NOTSET
    if settings:
        names = loggers_of_settings(settings)
        given = level_of_settings(settings)
        if given is not None:
            level = logging.getLevelNamesMapping()[given]
            log.setLevel(level)
    builtin = logging.getLogger(BUILTIN_LOGGER)
    if _ALWAYS not in builtin.handlers:
        builtin.addHandler(_ALWAYS)
        if builtin.level == logging.NOTSET:
            builtin.setLevel(logging.DEBUG)
    entry = (run_id, log)
    _UNDER_WAY.append(entry)
    handler = _Capture(run_id, level) if names else None
    changed = []
    for name in names:
        logger = logging.getLogger(None if name == "root" else name)
        changed.append((logger, logger.level))
        if level != logging.NOTSET:
            logger.setLevel(level)
        if handler is not None:
            logger.addHandler(handler)
    try:
        yield
    finally:
        _UNDER_WAY.remove(entry)
        for logger, before in changed:
            if handler is not None:
                logger.removeHandler(handler)
            logger.setLevel(before)
