"""
A run, as one of its workers sees it: resources that stay open from step to step, and steps one after the other.
"""

from __future__ import annotations

import logging
import os
import pickle
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from orrery.base.errors import ExecutionInterruptedError, UserCodeExecutionError
from orrery.definitions.parts.resource import ResourceDefinition
from orrery.model.events import build
from orrery.model.events.error_info import error_info_from_exception
from orrery.model.events.event import Event
from orrery.model.events.payloads import ErrorSource, LogsCapturedData
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.step import ExecutionStep
from orrery.runtime.contexts.log import LogManager
from orrery.runtime.contexts.plan import PlanOrchestrationContext
from orrery.runtime.contexts.step import StepExecutionContext
from orrery.runtime.engine.attempt import attempt_step
from orrery.runtime.engine.limits import TimeLimits, throw_into
from orrery.runtime.engine.loop import RunLoop
from orrery.runtime.engine.python_logs import captured_python_logs
from orrery.runtime.engine.resources import OpenResources, open_resources
from orrery.runtime.engine.step import StepEnd
from orrery.runtime.engine.trace import Trace, TraceTold
from orrery.runtime.remote.messages import EventTold, FromWorker, LineTold, RunTold, StepEnded, StepOrder
from orrery.runtime.remote.orders import resource_keys_of, step_of_order

__all__ = ["WorkSession"]

_FOLLOWED = frozenset({"LOADED_INPUT", "STEP_OUTPUT"})
"""Events that may wait for the next one: the input that was loaded is taken, the output is stored, or the step fails."""

_PLAIN = (str, int, float, bool, type(None))


class _Lines:
    """A sink that tells each line to the run."""

    def __init__(self, tell: Callable[[FromWorker], None]) -> None:
        self._tell = tell

    def log(self, level: int, message: str, step_key: str | None, record: logging.LogRecord | None) -> None:
        """Tell one line."""
        if record is None:
            self._tell(LineTold(level, message, step_key))
            return
        error = None
        if record.exc_info and record.exc_info[1] is not None:
            error = error_info_from_exception(record.exc_info[1])
        fields = {
            key: value
            for key, value in record.__dict__.items()
            if isinstance(value, _PLAIN) and key not in ("msg", "exc_text", "stack_info")
        }
        self._tell(LineTold(level, message, step_key, error, fields))

    def log_lines(self, lines: Sequence[tuple[int, str]], step_key: str | None) -> None:
        """Tell many lines."""
        for level, text in lines:
            self._tell(LineTold(level, text, step_key))


class WorkSession:
    """
    The steps of one run that this process carries out.

    Use it in a ``with`` statement: at the end, resources are closed, last opened first.

    Args:
        description: The run.
        plan: Its plan, compiled here.
        resource_defs: Resources by key.
        instance: The instance of the run.
        tell: Tells the run what happens; any thread may call it.
        tell_with_next: Tells what may wait for the next message, as that follows soon; *tell* if not given.
        is_launched: Whether a step launcher of the run sent the steps here.
    """

    def __init__(
        self,
        description: RunTold,
        plan: ExecutionPlan,
        resource_defs: Mapping[str, ResourceDefinition],
        instance: Any,
        tell: Callable[[FromWorker], None],
        *,
        tell_with_next: Callable[[FromWorker], None] | None = None,
        is_launched: bool = False,
    ) -> None:
        self._description = description
        self._is_launched = is_launched
        self._plan = plan
        self._resource_defs = resource_defs
        self._instance = instance
        self._tell = tell
        self._tell_with_next = tell_with_next or tell
        self._followed = _FOLLOWED
        self._process = os.getpid()
        self._log = LogManager(sink=_Lines(tell))
        self._loop = RunLoop()
        self._opened: OpenResources | None = None
        self._context: PlanOrchestrationContext | None = None
        self._stack = ExitStack()
        self._capture: Any = None
        self._trace: Trace | None = None

    def __enter__(self) -> WorkSession:
        run = self._description.run
        self._stack.enter_context(captured_python_logs(self._instance.settings, self._log, run.run_id))
        logs = self._instance.compute_logs
        if logs is not None and self._description.captures:
            key = (run.run_id, "compute_logs", f"process-{self._process}")
            self._capture = self._stack.enter_context(logs.capture_steps(key))
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the resources, last opened first; a second call does nothing."""
        try:
            if self._opened is not None:
                self._opened.close()  # what it raises is told as an event
        finally:
            self._loop.close()
            self._stack.close()

    def interrupt(self, thread: threading.Thread) -> None:
        """Stop the step that *thread* carries out: at its next line of Python, or where it awaits something."""
        self._loop.interrupt()
        throw_into(thread, ExecutionInterruptedError)

    # -- steps ---------------------------------------------------------------------------------

    def carry_out(self, order: StepOrder) -> StepEnded:
        """Carry one order out; tell its events as they come, and return how it ended."""
        trace = self._trace = Trace(is_of_worker=True) if self._description.traces else None
        steps = self.attempt(order)
        while True:
            try:
                event = next(steps)
            except StopIteration as stop:
                end: StepEnd = stop.value
                return _ended(order.key, end, trace.told() if trace is not None else None)
            if event.event_type_value in self._followed:
                self._tell_with_next(EventTold(event))
            else:
                self._tell(EventTold(event))

    def attempt(self, order: StepOrder) -> Generator[Event, None, StepEnd]:
        """Carry one order out, and yield the events of the step; how it ended is returned."""
        step = step_of_order(self._plan, order)
        self._followed = _FOLLOWED if step._hooks else _FOLLOWED | {"STEP_SUCCESS"}
        limits = _limits(order)
        try:
            context = self._ready_for(step, limits)
        except Exception as error:  # noqa: BLE001  # a resource that cannot be opened is the failure of the step
            return (yield from self._not_begun(step, order, error))
        skipped = order.skipped
        context.was_skipped = (lambda _step, producer: producer in skipped) if skipped else None
        context.may_make_again = context.was_skipped if order.may_make_again else None
        context.may_reuse = (lambda _step: True) if order.may_reuse else None
        capture = self._capture
        if capture is not None:
            data = LogsCapturedData(file_key=capture.file_key, step_keys=(step.key,))
            self._event(build.logs_captured(self._description.run.job_name, data, message=self._captured()))
            capture.begin(step.key)
        try:
            return (yield from attempt_step(context, step, order.attempt))
        finally:
            if capture is not None:
                capture.end()

    def context_of(self, order: StepOrder) -> StepExecutionContext:
        """Return the context that one order is carried out in; what it needs is open until the session is closed."""
        step = step_of_order(self._plan, order)
        return self._ready_for(step, _limits(order)).for_step(step, order.attempt - 1)

    def _captured(self) -> str:
        return f"Capturing logs for process (pid: {self._process})."

    def _event(self, event: Event) -> None:
        self._tell(EventTold(event))

    def _ready_for(self, step: ExecutionStep, limits: TimeLimits | None) -> PlanOrchestrationContext:
        """Open what the step needs and is not open yet, and return the context of the run."""
        keys = resource_keys_of(step, self._plan) & self._resource_defs.keys()
        trace = self._trace
        span = trace.begin("resources", ", ".join(sorted(keys))) if trace is not None else None
        with ExitStack() as stack:
            if limits is not None:
                stack.enter_context(limits)
            if self._opened is None:
                self._opened = self._open(keys, step)
            else:
                self._opened.open_more(keys, step.key)
        if trace is not None and span is not None:
            trace.end(span)
        context = self._context
        if context is None:
            known = self._description.known_outputs
            context = PlanOrchestrationContext(
                execution_plan=self._plan,
                run=self._description.run,
                instance=self._instance,
                log_manager=self._log,
                opened=self._opened,
                loop=self._loop,
                known_outputs={handle: owner for handle, owner in known if owner is not None}
                or [handle for handle, _owner in known],  # type: ignore[arg-type]  # a mapping says whose they are
                capture=self._capture,
            )
            context.origin = self._description.origin
            context.is_launched = self._is_launched
            self._context = context
        context.limits = limits
        context.trace = trace
        return context

    def _open(self, keys: set[str], step: ExecutionStep) -> OpenResources:
        return open_resources(
            self._resource_defs,
            keys,
            self._plan.resolved_run_config.resources,
            instance=self._instance,
            run=self._description.run,
            log=self._log,
            emit=self._event,
            job_name=self._description.run.job_name,
            step_key=step.key,
            run_async=self._loop.run,
        )

    def _not_begun(self, step: ExecutionStep, order: StepOrder, error: Exception) -> Generator[Event, None, StepEnd]:
        """Tell that the step failed before its function was called; it may be tried again like any other."""
        handle = step._handle.to_string() if step._handle is not None else step.template_key
        ref = build.StepRef(self._description.run.job_name, step.key, handle)
        source = ErrorSource.USER_CODE_ERROR if isinstance(error, UserCodeExecutionError) else None
        info = error_info_from_exception(error)
        policy = step.retry_policy
        if policy is not None and source is not None and order.attempt <= policy.max_retries:
            wait = policy.calculate_delay(order.attempt, 0.5)
            yield build.step_up_for_retry(ref, info, wait)
            return StepEnd("retry", error, wait)
        yield build.step_failed(ref, info, error_source=source or ErrorSource.FRAMEWORK_ERROR)
        return StepEnd("failure", error)


def _limits(order: StepOrder) -> TimeLimits | None:
    """Return the limit of the run, as far as it is left to this step."""
    if order.run_seconds_left is None:
        return None
    return TimeLimits(order.run_seconds_left, told_seconds=order.run_seconds)


def _ended(key: str, end: StepEnd, trace: TraceTold | None) -> StepEnded:
    if end.error is None:
        return StepEnded(key, end.kind, end.wait_seconds, trace=trace)
    info = error_info_from_exception(end.error)
    return StepEnded(key, end.kind, end.wait_seconds, info, _pickled(end.error), trace)


def _pickled(error: BaseException) -> bytes | None:
    try:
        data = pickle.dumps(error)
        pickle.loads(data)  # noqa: S301  # what was just written
    except Exception:  # noqa: BLE001  # the exception is the user's, and pickling runs their code: its record is enough
        return None
    return data
