"""
What happens in a run, as somebody who watches wants to know it.

Pure: :class:`RunView` takes the entries of a run's event log one by one, whether they come live or are read
later, keeps how every step stands, and answers each entry that is worth telling with a
:class:`Happening`. The displays show these and the view; none of them looks at events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from orrery.cli.text import number
from orrery.model.events.checks import AssetCheckEvaluation, AssetCheckSeverity
from orrery.model.events.entry import EventLogEntry
from orrery.model.events.error_info import ErrorInfo
from orrery.model.events.event import Event
from orrery.model.events.payloads import (
    EngineEventData,
    HandledOutputData,
    HookErroredData,
    RunCanceledData,
    RunFailureData,
    RunFailureReason,
    StepFailureData,
    StepMaterializationData,
    StepOutputData,
    StepRetryData,
    StepSkippedData,
    StepSuccessData,
)

__all__ = ["Happening", "RunView", "StepView", "Totals", "Word", "rows_of"]

Word = Literal[
    "run_started",
    "run_done",
    "run_failed",
    "run_canceled",
    "step_started",
    "step_done",
    "step_failed",
    "step_skipped",
    "step_retrying",
    "check",
    "log",
]

_ROW_COUNTS = ("orrery/row_count", "dagster/row_count", "row_count", "dagster/partition_row_count")


@dataclass(slots=True)
class StepView:
    """
    How one step of a run stands.

    Attributes:
        key: Key of the step.
        label: What people call it: the asset's name, where it makes one.
        state: ``waiting``, ``running``, ``retrying``, ``done``, ``failed``, ``skipped``, ``canceled`` or ``not run``.
        started: When it started, in seconds since 1970 (UTC).
        seconds: How long it took, once it ended.
        rows: How many rows it gave, if it said so.
        note: Why it was skipped, or what failed, in a line.
        attempt: Which attempt it is, from 1.
        error: What went wrong, if it failed.
        is_reused: Whether it was skipped because its stored value is current.
        saved_seconds: How long making that value took.
    """

    key: str
    label: str
    state: str = "waiting"
    started: float | None = None
    seconds: float | None = None
    rows: int | None = None
    note: str = ""
    attempt: int = 1
    error: ErrorInfo | None = None
    is_template: bool = False
    is_reused: bool = False
    saved_seconds: float = 0.0
    row_counts: dict[str, int] = field(default_factory=dict)
    assets: list[str] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """
    One thing worth telling.

    Attributes:
        word: What it was.
        timestamp: When, in seconds since 1970 (UTC).
        step: The step it is about, if one.
        text: More, in the words of the user or the engine.
        state: For a check ``passed``, ``failed`` or ``warned``; for a log line the level's name.
        error: The error, if it is about one.
        level: For a log line the level, as in ``logging``.
    """

    word: Word
    timestamp: float
    step: StepView | None = None
    text: str = ""
    state: str = ""
    error: ErrorInfo | None = None
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """
    How many steps ended how.

    Attributes:
        done: Succeeded.
        failed: Failed.
        skipped: Were skipped, for a reason that is told.
        not_run: Never began, or were stopped.
        seconds: From the start of the run to its end.
        rows: Rows of all steps that told theirs; None if none did.
        saved_seconds: How long making the values took that are current.
    """

    done: int
    failed: int
    skipped: int
    not_run: int
    seconds: float
    rows: int | None
    saved_seconds: float = 0.0


class RunView:
    """
    How a run stands, from its events.

    Args:
        steps: Key and label of each step of the plan, in order; others are added as they are seen.
        templates: Keys of steps that a dynamic output multiplies: they are shown until the first copy starts.

    Attributes:
        run_id: The run, once it is known.
        job_name: Its job.
        state: ``waiting``, ``running``, ``done``, ``failed`` or ``canceled``.
        steps: Its steps by key.
        values: Where each stored value lies, by the name of its asset or output.
        checks: The evaluations of checks, in order.
        error: What ended the run, if that was no step.
        reason: Why it failed, in a line.
    """

    def __init__(self, steps: Iterable[tuple[str, str]] = (), templates: Iterable[str] = ()) -> None:
        self.run_id = ""
        self.job_name = ""
        self.state = "waiting"
        self.steps: dict[str, StepView] = {key: StepView(key, label) for key, label in steps}
        for key in templates:
            if key in self.steps:
                self.steps[key].is_template = True
        self.values: dict[str, str] = {}
        self._together: dict[tuple[str, str], dict[str, None]] = {}  # partitions that lie at one place, in order
        self.checks: list[AssetCheckEvaluation] = []
        self.error: ErrorInfo | None = None
        self.reason = ""
        self.first: float | None = None
        self.last: float | None = None

    # -- questions -----------------------------------------------------------------------------

    @property
    def visible_steps(self) -> list[StepView]:
        """Return the steps to show: without those that stand only for their copies."""
        return [step for step in self.steps.values() if not step.is_template or step.state != "replaced"]

    @property
    def totals(self) -> Totals:
        """Return how many steps ended how."""
        states: dict[str, int] = {}
        rows: int | None = None
        for step in self.visible_steps:
            states[step.state] = states.get(step.state, 0) + 1
            if step.rows is not None:
                rows = (rows or 0) + step.rows
        return Totals(
            done=states.get("done", 0),
            failed=states.get("failed", 0),
            skipped=states.get("skipped", 0),
            not_run=states.get("not run", 0) + states.get("canceled", 0),
            seconds=(self.last or 0.0) - (self.first or 0.0),
            rows=rows,
            saved_seconds=sum(step.saved_seconds for step in self.visible_steps),
        )

    @property
    def has_ended(self) -> bool:
        """Tell whether the run has ended."""
        return self.state in ("done", "failed", "canceled")

    # -- events in -----------------------------------------------------------------------------

    def feed(self, entry: EventLogEntry) -> Happening | None:
        """Take one entry; return what is worth telling of it, if anything is."""
        self.run_id = self.run_id or entry.run_id
        self.job_name = self.job_name or entry.job_name or ""
        if self.first is None:
            self.first = entry.timestamp
        if not self.has_ended:
            self.last = entry.timestamp
        event = entry.dagster_event
        if event is None:
            return self._log_line(entry)
        take = _TAKES.get(event.event_type_value)
        return None if take is None else take(self, entry, event)

    def _log_line(self, entry: EventLogEntry) -> Happening:
        return Happening(
            word="log",
            timestamp=entry.timestamp,
            step=self._step(entry.step_key) if entry.step_key else None,
            text=entry.user_message,
            state=level_name(entry.level),
            level=entry.level,
            error=entry.error_info,
        )

    def _step(self, key: str | None) -> StepView:
        key = key or ""
        step = self.steps.get(key)
        if step is None:
            template = self.steps.get(key.partition("[")[0])
            label = key if template is None else template.label + key[len(template.key) :]
            step = self.steps[key] = StepView(key, label)
            if template is not None and template is not step:
                template.is_template, template.state = True, "replaced"
        return step

    def _planned(self, entry: EventLogEntry, event: Event) -> None:
        """Name a step by the one asset or check that it makes, as a log tells it without a plan."""
        step = self._step(event.step_key)
        check = event.asset_check_key
        if event.asset_key is not None:
            step.assets.append(event.asset_key.to_escaped_user_string())
        elif check is not None:
            step.checks.append(f"{check.asset_key.to_escaped_user_string()}: {check.name}")
        names = step.assets or step.checks
        step.label = names[0] if len(names) == 1 else step.key

    def _run_started(self, entry: EventLogEntry, event: Event) -> Happening:
        self.state = "running"
        self.first = entry.timestamp  # what was told before, as by its launcher, is no part of it
        return Happening(word="run_started", timestamp=entry.timestamp)

    def _run_ended(self, entry: EventLogEntry, event: Event) -> Happening:
        data = event.event_specific_data
        word: Word = "run_done"
        self.state = "done"
        if isinstance(data, RunFailureData) or event.is_run_failure:
            word, self.state = "run_failed", "failed"
            if getattr(data, "failure_reason", None) is not RunFailureReason.STEP_FAILURE:  # that is told by the step
                self.error = getattr(data, "error", None)
            self.reason = event.message or ""
        elif isinstance(data, RunCanceledData) or event.event_type_value == "PIPELINE_CANCELED":
            word, self.state = "run_canceled", "canceled"
        for step in self.steps.values():
            if step.state in ("running", "retrying"):
                step.state = "canceled"
            elif step.state == "waiting":
                step.state = "not run"
            if step.state == "canceled" and step.seconds is None and step.started is not None:
                step.seconds = entry.timestamp - step.started
        return Happening(word=word, timestamp=entry.timestamp, text=self.reason, error=self.error)

    def _started(self, entry: EventLogEntry, event: Event) -> Happening:
        step = self._step(event.step_key)
        if event.event_type_value == "STEP_RESTARTED":
            step.attempt += 1
        step.state, step.started, step.seconds = "running", entry.timestamp, None
        return Happening(word="step_started", timestamp=entry.timestamp, step=step)

    def _succeeded(self, entry: EventLogEntry, event: Event) -> Happening:
        step = self._step(event.step_key)
        data = event.event_specific_data
        self._end(step, entry, "done")
        if isinstance(data, StepSuccessData):
            step.seconds = data.duration_ms / 1000
        return Happening(word="step_done", timestamp=entry.timestamp, step=step)

    def _failed(self, entry: EventLogEntry, event: Event) -> Happening:
        step = self._step(event.step_key)
        data = event.event_specific_data
        self._end(step, entry, "failed")
        if isinstance(data, StepFailureData):
            step.error = data.error
            step.note = headline(data.error)
        return Happening(word="step_failed", timestamp=entry.timestamp, step=step, text=step.note, error=step.error)

    def _skipped(self, entry: EventLogEntry, event: Event) -> Happening:
        step = self._step(event.step_key)
        data = event.event_specific_data
        step.state = "skipped"
        if isinstance(data, StepSkippedData):
            step.note = data.reason or ", ".join(data.upstream_step_keys)
            step.is_reused = bool(data.reasons)
            step.saved_seconds = data.saved_seconds or 0.0
        return Happening(word="step_skipped", timestamp=entry.timestamp, step=step, text=step.note)

    def _retrying(self, entry: EventLogEntry, event: Event) -> Happening:
        step = self._step(event.step_key)
        data = event.event_specific_data
        step.state = "retrying"
        if isinstance(data, StepRetryData):
            step.note = headline(data.error)
        return Happening(word="step_retrying", timestamp=entry.timestamp, step=step, text=step.note)

    @staticmethod
    def _end(step: StepView, entry: EventLogEntry, state: str) -> None:
        step.state = state
        step.note = ""
        if step.started is not None:
            step.seconds = max(0.0, entry.timestamp - step.started)

    def _output(self, entry: EventLogEntry, event: Event) -> None:
        data = event.event_specific_data
        if isinstance(data, StepOutputData):
            self._count_rows(event.step_key, data.output_name, data.metadata)

    def _handled(self, entry: EventLogEntry, event: Event) -> None:
        data = event.event_specific_data
        if isinstance(data, HandledOutputData):
            step = self._step(event.step_key)
            self._count_rows(event.step_key, data.output_name, data.metadata)
            place = _place(data.metadata)
            if place is not None and place not in self.values.values():
                name = step.label if data.output_name == "result" else f"{step.label}.{data.output_name}"
                self.values[name] = place

    def _made(self, entry: EventLogEntry, event: Event) -> None:
        data = event.event_specific_data
        if isinstance(data, StepMaterializationData):
            made = data.materialization
            name = made.asset_key.to_escaped_user_string()
            self._count_rows(event.step_key, f"asset {name}", made.metadata)
            place = _place(made.metadata)
            if place is not None:
                for known in [each for each, where in self.values.items() if where == place]:
                    del self.values[known]
                self.values[self._named(name, made.partition, place)] = place

    def _named(self, name: str, partition: str | None, place: str) -> str:
        """Return what lies at *place*: an asset, a partition of it, or the first and last of several and their number."""
        if partition is None:
            return name
        together = self._together.setdefault((name, place), {})
        together[str(partition)] = None
        if len(together) == 1:
            return f"{name} [{partition}]"
        return f"{name} [{next(iter(together))}...{partition}, {number(len(together))} partitions]"

    def _count_rows(self, step_key: str | None, name: str, metadata: Mapping[str, Any]) -> None:
        rows = rows_of(metadata)
        if rows is None or step_key is None:
            return
        step = self._step(step_key)
        step.row_counts[name] = rows
        assets = [value for key, value in step.row_counts.items() if key.startswith("asset ")]
        step.rows = sum(assets or step.row_counts.values())

    def _checked(self, entry: EventLogEntry, event: Event) -> Happening | None:
        data = event.event_specific_data
        if not isinstance(data, AssetCheckEvaluation):
            return None
        self.checks.append(data)
        return Happening(
            word="check",
            timestamp=entry.timestamp,
            step=self._step(event.step_key) if event.step_key else None,
            text=f"{data.asset_key.to_escaped_user_string()}: {data.check_name}",
            state=check_state(data),
        )

    def _trouble(self, entry: EventLogEntry, event: Event) -> Happening | None:
        data = event.event_specific_data
        error = data.error if isinstance(data, EngineEventData | HookErroredData) else None
        return None if error is None else self._said(entry, event, "error", 40, error)

    def _engine(self, entry: EventLogEntry, event: Event) -> Happening | None:
        """Show trouble, and what the engine says of one step: that it waits for others."""
        if event.step_key in self.steps and not (
            isinstance(event.event_specific_data, EngineEventData) and event.event_specific_data.error
        ):
            return self._said(entry, event, "info", 20)
        return self._trouble(entry, event)

    def _said(
        self, entry: EventLogEntry, event: Event, state: str, level: int, error: ErrorInfo | None = None
    ) -> Happening:
        return Happening(
            word="log",
            timestamp=entry.timestamp,
            step=self._step(event.step_key) if event.step_key and event.step_key in self.steps else None,
            text=event.message or "",
            state=state,
            level=level,
            error=error,
        )


_TAKES = {
    "ASSET_MATERIALIZATION_PLANNED": RunView._planned,
    "ASSET_CHECK_EVALUATION_PLANNED": RunView._planned,
    "PIPELINE_START": RunView._run_started,
    "PIPELINE_SUCCESS": RunView._run_ended,
    "PIPELINE_FAILURE": RunView._run_ended,
    "PIPELINE_CANCELED": RunView._run_ended,
    "STEP_START": RunView._started,
    "STEP_RESTARTED": RunView._started,
    "STEP_SUCCESS": RunView._succeeded,
    "STEP_FAILURE": RunView._failed,
    "STEP_SKIPPED": RunView._skipped,
    "STEP_UP_FOR_RETRY": RunView._retrying,
    "STEP_OUTPUT": RunView._output,
    "HANDLED_OUTPUT": RunView._handled,
    "ASSET_MATERIALIZATION": RunView._made,
    "ASSET_CHECK_EVALUATION": RunView._checked,
    "HOOK_ERRORED": RunView._trouble,
    "ENGINE_EVENT": RunView._engine,
}


def rows_of(metadata: Mapping[str, Any]) -> int | None:
    """Return the number of rows that *metadata* tells, if it does."""
    for name in _ROW_COUNTS:
        value = getattr(metadata.get(name), "value", None)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def _place(metadata: Mapping[str, Any]) -> str | None:
    value = getattr(metadata.get("path"), "value", None)
    return value if isinstance(value, str) and value else None


def check_state(evaluation: AssetCheckEvaluation) -> str:
    """Return ``passed``, ``failed``, or ``warned`` for a failure that only warns."""
    if evaluation.passed:
        return "passed"
    return "warned" if evaluation.severity is AssetCheckSeverity.WARN else "failed"


def headline(error: ErrorInfo | None) -> str:
    """Return the first line of what the user's code raised, behind the errors that we put around it."""
    while error is not None and error.cause is not None and is_wrapper(error):
        error = error.cause
    if error is None:
        return ""
    return error.message.strip().split("\n", 1)[0]


def is_wrapper(error: ErrorInfo) -> bool:
    """Tell whether an error only says where the user's code was when it raised its cause."""
    return error.cls_name in _WRAPPERS


_WRAPPERS = frozenset(
    {
        "ExecutionStepExecutionError",
        "ExecutionLoadInputError",
        "ExecutionHandleOutputError",
        "ResourceFunctionError",
        "TypeCheckError",
        "TypeLoadingError",
        "HookExecutionError",
        "ConfigMappingFunctionError",
        "UserCodeLoadError",
        "UserCodeExecutionError",
    }
)


def level_name(level: int) -> str:
    """Return the name of a log level: ``debug``, ``info``, ``warning``, ``error`` or ``critical``."""
    for least, name in ((50, "critical"), (40, "error"), (30, "warning"), (20, "info")):
        if level >= least:
            return name
    return "debug"
