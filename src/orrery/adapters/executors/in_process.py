"""
Execution in this process: plain functions one after the other, ``async def`` functions overlapping.

One event loop serves the run. Asynchronous steps that are ready become tasks; plain steps are called
where the run is, and hold the loop while they take.
"""

from __future__ import annotations

import os
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any, cast

from orrery.base.errors import ExecutionInterruptedError
from orrery.definitions.parts.executor import ExecutorDefinition
from orrery.definitions.parts.signature import ComputeFunction
from orrery.model.events import build
from orrery.model.events.checks import AssetCheckSeverity
from orrery.model.events.event import Event
from orrery.model.events.payloads import LogsCapturedData
from orrery.plan.active import ActiveExecution
from orrery.plan.commands import LaunchStep, SkipStep, Wait
from orrery.plan.step import ExecutionStep
from orrery.runtime.engine.executor import Executor, RetryMode, drive_async, exit_as_error
from orrery.runtime.engine.hooks import run_hooks
from orrery.runtime.engine.limits import TimeLimits, guarded, limit_in, within
from orrery.runtime.engine.requests import Await
from orrery.runtime.engine.step import StepEnd, execute_step
from orrery.runtime.ports.write_barrier import active_barrier

__all__ = ["InProcessExecutor", "in_process_executor"]

_NAMED_STEPS = 1_000


class InProcessExecutor(Executor):
    """
    Execute steps in this process.

    Args:
        retries: Whether failed steps are tried again.
    """

    def __init__(self, retries: RetryMode = RetryMode.ENABLED) -> None:
        self._retries = retries

    @property
    def retries(self) -> RetryMode:
        """Return whether failed steps are tried again."""
        return self._retries

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[Event]:
        """Execute the plan and yield every event in order."""
        active = ActiveExecution(execution_plan, plan_context.known_outputs, plan_context.consult)
        plan_context.given_outputs = active.given_outputs
        plan_context.active = active
        job_name = plan_context.run.job_name
        pid = os.getpid()
        started = time.perf_counter()
        count = len(execution_plan)
        yield build.engine_event(job_name, f"Executing steps in process (pid: {pid})", pid=pid)
        if plan_context.capture is not None:
            yield _logs_captured(job_name, plan_context.capture.file_key, execution_plan.step_keys_to_execute, pid)
        yield from self._steps(plan_context, active)
        if count:
            taken = (time.perf_counter() - started) * 1000.0
            yield build.engine_event(job_name, f"Finished steps in process (pid: {pid}) in {_duration(taken)}", pid=pid)

    def _steps(self, plan_context: Any, active: ActiveExecution) -> Iterator[Event]:
        tasks: dict[Any, ExecutionStep] = {}
        queue: deque[tuple[Event, ExecutionStep]] = deque()
        limit = 1 if active.has_priorities else None  # what becomes ready next may go before what is ready now
        limits = plan_context.limits
        while not active.is_complete:
            if limits is not None:
                limits.check_run()
            commands = active.commands(time.monotonic(), limit)
            plain: list[LaunchStep] = []
            wait: Wait | None = None
            for command in commands:
                if type(command) is LaunchStep:
                    if _is_async(command.step):
                        self._start(plan_context, active, command, tasks, queue)
                    else:
                        plain.append(command)
                elif type(command) is SkipStep:
                    ref = plan_context.for_step(command.step).ref
                    yield build.step_skipped(ref, command.reason, command.failed_parents)
                elif isinstance(command, Wait):
                    wait = command
            if tasks and plain:
                _turn(plan_context.loop)
            for launch in plain:
                if limits is not None:
                    limits.check_run()
                if plan_context.capture is None:
                    yield from self._run_plain(plan_context, active, launch)
                else:
                    yield from self._run_captured(plan_context, active, launch)
                while queue:
                    yield queue.popleft()[0]
            if limit is not None and active.has_ready:
                continue
            if tasks:
                due = active.next_retry()
                yield from self._wait_for_tasks(plan_context, active, tasks, queue, due)
            elif wait is not None:
                seconds = max(0.0, wait.until - time.monotonic())
                time.sleep(seconds if limits is None else limits.left(seconds))

    def _run_captured(self, plan_context: Any, active: ActiveExecution, launch: LaunchStep) -> Iterator[Event]:
        capture = plan_context.capture
        capture.begin(launch.step.key)
        try:
            yield from self._run_plain(plan_context, active, launch)
        finally:
            capture.end()

    def _run_plain(self, plan_context: Any, active: ActiveExecution, launch: LaunchStep) -> Iterator[Event]:
        step = launch.step
        key = step.key
        if plan_context.barrier is not None and _reads_unseen(step):
            plan_context.barrier.flush()
        context = plan_context.for_step(step, launch.attempt - 1)
        hooks = step._hooks
        events: list[Event] | None = None
        if hooks:
            context.step_output_capture = {}
            events = []
        trace = plan_context.trace
        span = trace.begin("step", key) if trace is not None else None
        steps = execute_step(context, random.random() if step.retry_policy is not None else 0.5)
        limits = plan_context.limits
        seconds = limit_in(step.tags, f"step '{key}'") if step.tags else None
        began = 0.0
        if limits is not None or seconds is not None:
            limits = limits or TimeLimits()
            began = limits.now()
            steps = guarded(steps, limits, context, seconds)
        reply: Any = None
        error: BaseException | None = None
        end: StepEnd | None = None
        while True:
            try:
                if error is not None:
                    raised, error = error, None
                    item = steps.throw(raised)
                elif reply is not None:
                    item = steps.send(reply)
                else:
                    item = next(steps)
            except StopIteration as stop:
                end = stop.value
                break
            reply = None
            if type(item) is Await:
                awaitable = item.awaitable
                if limits is not None:
                    awaitable = within(awaitable, limits, key, began, seconds)
                try:
                    reply = plan_context.run_awaitable(awaitable)
                except ExecutionInterruptedError:
                    raise
                except GeneratorExit as raised_here:
                    error = exit_as_error(raised_here)
                except BaseException as raised_here:  # noqa: BLE001  # handed to the step, where it belongs
                    error = raised_here
                continue
            event = cast(Event, item)
            kind = event.event_type_value
            if kind == "STEP_OUTPUT":
                data: Any = event.event_specific_data
                handle = data.step_output_handle
                active.note_output(key, handle.output_name, handle.mapping_key)
            elif kind == "ASSET_CHECK_EVALUATION":
                _note_check(active, key, event)
            if events is not None:
                events.append(event)
            yield event
        if span is not None:
            trace.end(span)
        yield from self._ended(plan_context, active, step, context, end, events)

    def _ended(
        self,
        plan_context: Any,
        active: ActiveExecution,
        step: ExecutionStep,
        context: Any,
        end: StepEnd | None,
        events: list[Event] | None,
    ) -> Iterator[Event]:
        assert end is not None
        key = step.key
        if end.kind == "success":
            if events:
                yield from run_hooks(context, events)
            active.note_success(key)
        elif end.kind == "retry" and self._retries is RetryMode.ENABLED:
            if events:
                yield from run_hooks(context, events)
            active.note_retry(key, time.monotonic() + end.wait_seconds)
        else:
            if events:
                yield from run_hooks(context, events)
            active.note_failure(key)
            plan_context.note_failure(key, end.error)

    def _start(
        self,
        plan_context: Any,
        active: ActiveExecution,
        launch: LaunchStep,
        tasks: dict[Any, ExecutionStep],
        queue: deque[tuple[Event, ExecutionStep]],
    ) -> None:
        step = launch.step
        if plan_context.barrier is not None and _reads_unseen(step):
            plan_context.barrier.flush()
        context = plan_context.for_step(step, launch.attempt - 1)
        if step._hooks:
            context.step_output_capture = {}

        def emit(event: Event) -> None:
            if event.event_type_value == "STEP_OUTPUT":
                data: Any = event.event_specific_data
                active.note_output(step.key, data.step_output_handle.output_name, data.step_output_handle.mapping_key)
            elif event.event_type_value == "ASSET_CHECK_EVALUATION":
                _note_check(active, step.key, event)
            queue.append((event, step))

        barrier = plan_context.barrier
        trace = plan_context.trace
        capture = plan_context.capture
        seconds = limit_in(step.tags, f"step '{step.key}'") if step.tags else None
        wait = _waiting(plan_context.limits, step.key, seconds)

        async def run() -> tuple[Any, StepEnd]:
            token = active_barrier.set(barrier)
            span = trace.begin("step", step.key) if trace is not None else None
            try:
                chance = random.random() if step.retry_policy is not None else 0.5
                with nullcontext() if capture is None else capture.asynchronous(step.key):
                    return context, await drive_async(execute_step(context, chance), emit, wait)
            finally:
                if span is not None:
                    trace.end(span)
                active_barrier.reset(token)

        tasks[plan_context.loop.start(run())] = step

    def _wait_for_tasks(
        self,
        plan_context: Any,
        active: ActiveExecution,
        tasks: dict[Any, ExecutionStep],
        queue: deque[tuple[Event, ExecutionStep]],
        due: float | None,
    ) -> Iterator[Event]:
        import asyncio  # loaded already: there are tasks

        async def first() -> set[Any]:
            timeout = None if due is None else max(0.0, due - time.monotonic())
            done, _pending = await asyncio.wait(list(tasks), return_when=asyncio.FIRST_COMPLETED, timeout=timeout)
            return done

        done = plan_context.loop.run(first())
        by_step: dict[str, list[Event]] = {}
        while queue:
            event, step = queue.popleft()
            if step._hooks:
                by_step.setdefault(step.key, []).append(event)
            yield event
        for task in [each for each in tasks if each in done]:
            step = tasks.pop(task)
            context, end = task.result()
            events = by_step.get(step.key) if step._hooks else None
            yield from self._ended(plan_context, active, step, context, end, events)


def _logs_captured(job_name: str, file_key: str, step_keys: Sequence[str], pid: int) -> Event:
    """Say where the output of the steps is kept; the keys are left out where they are very many."""
    named = tuple(step_keys) if len(step_keys) <= _NAMED_STEPS else ()
    data = LogsCapturedData(file_key=file_key, step_keys=named)
    return build.logs_captured(job_name, data, message=f"Capturing logs for process (pid: {pid}).")


def _waiting(
    limits: TimeLimits | None, step_key: str, seconds: float | None
) -> Callable[[Awaitable[Any]], Awaitable[Any]] | None:
    """Return how an asynchronous step that begins now awaits what it awaits, if its time is limited."""
    if limits is None and seconds is None:
        return None
    held = limits or TimeLimits()
    began = held.now()
    return lambda awaitable: within(awaitable, held, step_key, began, seconds)


def _note_check(active: ActiveExecution, step_key: str, event: Event) -> None:
    found: Any = event.event_specific_data
    blocks = found.blocking and not found.passed and found.severity is AssetCheckSeverity.ERROR
    active.note_check(step_key, found.asset_key, found.check_name, blocks=blocks)


def _turn(loop: Any) -> None:
    """Let tasks begin before plain functions hold the loop."""
    import asyncio

    loop.run(asyncio.sleep(0))


def _is_async(step: ExecutionStep) -> bool:
    fn = step.op._compute_fn
    return fn.is_async if type(fn) is ComputeFunction else False


def _reads_unseen(step: ExecutionStep) -> bool:
    """Tell whether the step depends on values that it does not load itself."""
    if step.after:
        return True
    for each in step.inputs.values():
        kind = each.definition._type
        if kind is not None and kind.is_nothing:
            return True
    return False


def _duration(milliseconds: float) -> str:
    if milliseconds < 10:
        return f"{milliseconds:.2f}ms"
    if milliseconds < 1000:
        return f"{milliseconds:.0f}ms"
    return f"{milliseconds / 1000:.2f}s"


def _create(init_context: Any) -> InProcessExecutor:
    config = init_context.executor_config or {}
    retries = config.get("retries") if isinstance(config, dict) else None
    mode = next(iter(retries)) if isinstance(retries, dict) and retries else "enabled"
    return InProcessExecutor(RetryMode(mode))


in_process_executor = ExecutorDefinition(
    "in_process",
    executor_creation_fn=_create,
    description="Execute all steps in one process.",
)
"""Execute all steps in one process; config ``retries: {enabled: {}}`` or ``{disabled: {}}``."""
