"""
The loggers of a run: ``context.log``, and the loggers that the job names.

A logger that a job names (``@logger``) gets every line of the user, and every event as a line, as
records of :mod:`logging`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import Any

from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.parts.executor import InitLoggerContext
from orrery.model.config.configured import NOTHING_GIVEN
from orrery.model.records.run import Run
from orrery.plan.run_config import ResolvedRunConfig
from orrery.runtime.contexts.log import LogManager
from orrery.runtime.engine.record import Recorder

__all__ = ["make_run_logger"]


class _Fanning:
    """A sink that records each line, and hands it to the loggers of the job."""

    def __init__(self, recorder: Recorder, loggers: list[logging.Logger], run: Run) -> None:
        self._recorder = recorder
        self._loggers = loggers
        self._run = run

    def log(self, level: int, message: str, step_key: str | None, record: logging.LogRecord | None) -> None:
        """Take one line."""
        self._recorder.log(level, message, step_key, record)
        for each in self._loggers:
            if record is not None and each.isEnabledFor(level):
                made = logging.makeLogRecord({**record.__dict__, "name": each.name})
                made.dagster_meta = {"run_id": self._run.run_id, "job_name": self._run.job_name, "step_key": step_key}
                each.handle(made)

    def log_lines(self, lines: Sequence[tuple[int, str]], step_key: str | None) -> None:
        """Take many lines, each as a record: the loggers of the job want them so."""
        for level, text in lines:
            self.log(level, text, step_key, logging.LogRecord("orrery", level, "", 0, text, None, None))


def make_run_logger(recorder: Recorder, job: JobDefinition, resolved: ResolvedRunConfig, run: Run) -> LogManager:
    """Return the logger of a run; makes the loggers that the job names, or that run config chose of them."""
    definitions: dict[str, Any] = dict(job.loggers)
    if not definitions:
        return LogManager(sink=recorder)
    chosen = resolved.loggers or dict.fromkeys(definitions)
    loggers = []
    for key in chosen:
        definition = definitions.get(key)
        if definition is None:
            continue
        config = resolved.loggers.get(key)
        if config is None and getattr(definition, "configured_from", None) is not None:
            config = definition.resolve_config(NOTHING_GIVEN, subject=f"logger '{key}'", environment=os.environ)
        elif config is None and definition.config_field is not None and definition.config_field.default_provided:
            config = definition.config_field.default_value
        loggers.append(definition.logger_fn(InitLoggerContext(config, definition, job, run.run_id)))
    recorder.listen(_EventLines(loggers, run))
    return LogManager(sink=_Fanning(recorder, loggers, run))


class _EventLines:
    """Hands every event to loggers, as a line."""

    def __init__(self, loggers: list[logging.Logger], run: Run) -> None:
        self._loggers = loggers
        self._run = run

    def __call__(self, entry: Any) -> None:
        event = entry.dagster_event
        if event is None:
            return
        for each in self._loggers:
            if not each.isEnabledFor(entry.level):
                continue
            text = f"{self._run.job_name} - {self._run.run_id} - {event.pid or ''} - {event.event_type_value} - {event.message}"
            record = each.makeRecord(each.name, entry.level, "orrery", 0, text, (), None)
            record.dagster_meta = {
                "run_id": self._run.run_id,
                "job_name": self._run.job_name,
                "step_key": entry.step_key,
                "dagster_event": event,
            }
            each.handle(record)
