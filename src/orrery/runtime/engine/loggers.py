"""
The loggers of a run: ``context.log``, and the loggers that the job names.

A logger that a job names (``@logger``) gets every line of the user, and every event as a line, as
records of :mod:`logging`, whose ``dagster_meta`` tells where each comes from. Records are made for those
loggers alone that listen at the level of the line.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from orrery.base.wire import to_wire
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.parts.executor import InitLoggerContext
from orrery.model.config.configured import NOTHING_GIVEN
from orrery.model.events.entry import EventLogEntry
from orrery.model.events.event import Event
from orrery.model.records.run import Run
from orrery.plan.run_config import ResolvedRunConfig
from orrery.runtime.contexts.log import LogManager
from orrery.runtime.engine.record import Recorder

__all__ = ["EventFields", "make_run_logger"]


class EventFields(dict[str, Any]):
    """
    An event as the loggers of a job get it: a dictionary that JSON can say, with the attributes of the event.

    ``json.dumps`` writes it as a nested object; ``fields.event_type_value`` and all the other names of
    :class:`~orrery.model.events.event.Event` answer as the event does, which is ``fields.event``.
    """

    __slots__ = ("event",)

    event: Event

    def __init__(self, event: Event) -> None:
        super().__init__(msgspec.to_builtins(event, enc_hook=to_wire), message=event.message)
        self.event = event

    def __getattr__(self, name: str) -> Any:
        if name == "event" or name.startswith("__"):  # not made yet, as while it is unpickled
            raise AttributeError(name)
        return getattr(self.event, name)


class _Fanning:
    """A sink that records each line, and hands it to the loggers of the job."""

    def __init__(self, recorder: Recorder, loggers: list[logging.Logger], run: Run) -> None:
        self._recorder = recorder
        self._loggers = loggers
        self._run = run

    def log(self, level: int, message: str, step_key: str | None, record: logging.LogRecord | None) -> None:
        """Take one line."""
        self._recorder.log(level, message, step_key, record)
        listening = [] if record is None else [each for each in self._loggers if each.isEnabledFor(level)]
        if record is None or not listening:
            return
        fields = {**record.__dict__, "msg": _joined(self._run, step_key, message), "args": ()}
        error = fields.pop("error_info", None)  # of a line that another process logged
        if error is not None and not fields["exc_text"]:
            fields["exc_text"] = error.to_string()
        event = fields.get("dagster_event")
        if isinstance(event, Event):
            event = fields["dagster_event"] = EventFields(event)
        fields["dagster_meta"] = _meta(self._run, step_key, message, record.created, event)
        for each in listening:
            each.handle(logging.makeLogRecord({**fields, "name": each.name}))

    def log_lines(self, lines: Sequence[tuple[int, str]], step_key: str | None) -> None:
        """Take many lines, each as a record: the loggers of the job want them so."""
        for level, text in lines:
            self.log(level, text, step_key, logging.LogRecord("orrery", level, "", 0, text, None, None))


def _joined(run: Run, *parts: str | int | None) -> str:
    """Return the text of a record: where it comes from, and what it says."""
    return " - ".join(str(each) for each in (run.job_name, run.run_id, *parts) if each is not None)


def _meta(
    run: Run, step_key: str | None, message: str, timestamp: float, event: EventFields | None
) -> Mapping[str, Any]:
    """Return what a record tells of its origin, beside its text."""
    return {
        "run_id": run.run_id,
        "job_name": run.job_name,
        "job_tags": dict(run.tags),
        "op_name": None if step_key is None else step_key.partition("[")[0].rsplit(".", 1)[-1],
        "resource_name": None,
        "resource_fn_name": None,
        "orig_message": message,
        "log_message_id": str(uuid.uuid4()),
        "log_timestamp": datetime.fromtimestamp(timestamp, UTC).replace(tzinfo=None).isoformat(),
        "dagster_event": event,
        "dagster_event_batch_metadata": None,
        "step_key": step_key,
    }


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

    def __call__(self, entry: EventLogEntry) -> None:
        event = entry.dagster_event
        if event is None:
            return
        listening = [each for each in self._loggers if each.isEnabledFor(entry.level)]
        if not listening:
            return
        message = event.message
        text = _joined(self._run, event.pid, entry.step_key, event.event_type.name, message)
        fields = EventFields(event)
        extra = {
            "dagster_event": fields,
            "dagster_meta": _meta(self._run, entry.step_key, message, entry.timestamp, fields),
        }
        for each in listening:
            each.handle(each.makeRecord(each.name, entry.level, "orrery", 0, text, (), None, extra=extra))
