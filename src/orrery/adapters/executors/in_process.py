"""
Execution in this process: plain functions one after the other, ``async def`` functions overlapping.

One event loop serves the run. Asynchronous steps that are ready become tasks; plain steps are called
where the run is, and hold the loop while they take. The tasks are kept by ``awaited``. With threads, or a limit on how
many overlap, the steps are carried out by ``overlapping``.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orrery.adapters.executors.schemas import (
    RETRIES,
    STEP_DEPENDENCIES,
    TAG_LIMITS,
    max_concurrent_of,
    retries_of,
    tag_limits_of,
)
from orrery.base.errors import InvalidConfigError
from orrery.definitions.parts.executor import ExecutorDefinition
from orrery.model.config.schema import Field, Noneable
from orrery.model.events import build
from orrery.model.events.event import Event
from orrery.model.events.payloads import LogsCapturedData
from orrery.plan.active import NOTED_KINDS, ActiveExecution
from orrery.plan.commands import LaunchStep, SkipStep, Wait
from orrery.plan.step import ExecutionStep
from orrery.runtime.engine.attempt import attempt_step, awaits_here
from orrery.runtime.engine.executor import Executor, RetryMode, TagLimit
from orrery.runtime.engine.hooks import run_hooks
from orrery.runtime.engine.slots import TICK_SECONDS
from orrery.runtime.engine.step import StepEnd

__all__ = ["IN_PROCESS_CONFIG", "InProcessExecutor", "create", "in_process_executor"]

_NAMED_STEPS = 1_000


class InProcessExecutor(Executor):
    """
    Execute steps in this process.

    Args:
        retries: Whether failed steps are tried again.
        threads: In how many threads plain functions run; 0 for the thread of the run, one after the other.
        max_concurrent: How many steps may be under way at once; None for any number.
        tag_limits: How many steps with a tag may be under way at once.
    """

    def __init__(
        self,
        retries: RetryMode = RetryMode.ENABLED,
        *,
        threads: int = 0,
        max_concurrent: int | None = None,
        tag_limits: Sequence[TagLimit] = (),
    ) -> None:
        self._retries = retries
        self._threads = threads
        self._max_concurrent = max_concurrent
        self._tag_limits = tuple(tag_limits)

    @property
    def retries(self) -> RetryMode:
        """Return whether failed steps are tried again."""
        return self._retries

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[Event]:
        """Execute the plan and yield every event in order."""
        job_name = plan_context.run.job_name
        pid = os.getpid()
        started = time.perf_counter()
        count = len(execution_plan)
        yield build.engine_event(job_name, f"Executing steps in process (pid: {pid})", pid=pid)
        if plan_context.capture is not None:
            yield _logs_captured(job_name, plan_context.capture.file_key, execution_plan.step_keys_to_execute, pid)
        if self._threads or self._max_concurrent is not None or self._tag_limits:
            # Only runs whose steps overlap pay for what that needs.
            from orrery.adapters.executors.overlapping import Overlapping
            from orrery.runtime.remote.dispatch import Dispatch

            yield from Overlapping(
                Dispatch(plan_context, self._retries, self._tag_limits),
                plan_context,
                threads=self._threads or 1,
                max_concurrent=self._max_concurrent,
                reads_unseen=_reads_unseen,
            ).run()
        else:
            active = ActiveExecution(execution_plan, plan_context.known_outputs, plan_context.consult)
            plan_context.given_outputs = active.given_outputs
            plan_context.active = active
            plan_context.was_skipped = active.was_skipped
            if self._retries is RetryMode.ENABLED:
                plan_context.may_make_again = active.was_skipped
            yield from self._steps(plan_context, active)
        if count:
            taken = (time.perf_counter() - started) * 1000.0
            yield build.engine_event(job_name, f"Finished steps in process (pid: {pid}) in {_duration(taken)}", pid=pid)

    def _steps(self, plan_context: Any, active: ActiveExecution) -> Iterator[Event]:
        awaited: Any = None  # the asynchronous steps, once there are any
        limit = 1 if active.has_priorities else None  # what becomes ready next may go before what is ready now
        limits = plan_context.limits
        slots = plan_context.slots
        while not active.is_complete:
            if limits is not None:
                limits.check_run()
            commands = active.commands(time.monotonic(), limit)
            plain: list[LaunchStep] = []
            wait: Wait | None = None
            launches = [command for command in commands if type(command) is LaunchStep]
            if slots is not None:
                launches, told = slots.admitted(launches)
                yield from told
            for launch in launches:
                if awaits_here(plan_context, launch.step):
                    if awaited is None:
                        # 30 ms with asyncio: only for runs with something asynchronous.
                        from orrery.adapters.executors.awaited import AwaitedSteps

                        awaited = AwaitedSteps(plan_context, active)
                    if plan_context.barrier is not None and _reads_unseen(launch.step):
                        plan_context.barrier.flush()
                    yield from awaited.start(launch)
                else:
                    plain.append(launch)
            for command in commands:
                if type(command) is SkipStep:
                    yield build.step_skipped(
                        plan_context.ref_of(command.step),
                        command.reason,
                        command.failed_parents,
                        command.reasons,
                        command.saved_seconds,
                    )
                elif isinstance(command, Wait):
                    wait = command
            is_awaiting = awaited is not None and awaited.are_under_way
            if is_awaiting and plain:
                yield from awaited.begin()
            for launch in plain:
                if limits is not None:
                    limits.check_run()
                if plan_context.capture is None:
                    yield from self._run_plain(plan_context, active, launch)
                else:
                    yield from self._run_captured(plan_context, active, launch)
                if slots is not None:
                    slots.give_back(launch.step.key)
                if is_awaiting:
                    yield from awaited.told()
            if limit is not None and active.has_ready:
                continue
            waits = slots is not None and slots.has_waiting
            if is_awaiting or waits or wait is not None:
                plan_context.push()
            if is_awaiting:
                due = active.next_retry()
                if waits:
                    due = min(due or math.inf, time.monotonic() + TICK_SECONDS)
                for each in (yield from awaited.until(due)):
                    if slots is not None:
                        slots.give_back(each.step.key)
                    end = each.task.result()
                    if each.events:
                        yield from run_hooks(each.context, each.events)
                    self._note_end(plan_context, active, each.step.key, end)
            elif waits:
                time.sleep(TICK_SECONDS if limits is None else limits.left(TICK_SECONDS))
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
        steps = attempt_step(plan_context, step, launch.attempt)
        while True:
            try:
                event = next(steps)
            except StopIteration as stop:
                self._note_end(plan_context, active, key, stop.value)
                return
            if event.event_type_value in NOTED_KINDS:
                active.note_event(key, event)
            yield event

    def _note_end(self, plan_context: Any, active: ActiveExecution, key: str, end: StepEnd) -> None:
        if end.kind == "success":
            active.note_success(key)
        elif end.kind == "retry" and self._retries is RetryMode.ENABLED:
            active.note_retry(key, time.monotonic() + end.wait_seconds)
        else:
            active.note_failure(key)
            plan_context.note_failure(key, end.error)


def _logs_captured(job_name: str, file_key: str, step_keys: Sequence[str], pid: int) -> Event:
    """Say where the output of the steps is kept; the keys are left out where they are very many."""
    named = tuple(step_keys) if len(step_keys) <= _NAMED_STEPS else ()
    data = LogsCapturedData(file_key=file_key, step_keys=named)
    return build.logs_captured(job_name, data, message=f"Capturing logs for process (pid: {pid}).")


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


IN_PROCESS_CONFIG = Field(
    {
        "retries": RETRIES,
        "threads": Field(
            int,
            is_required=False,
            default_value=0,
            description="In how many threads plain functions run; 0 for the thread of the run, one after the other.",
        ),
        "max_concurrent": Field(
            Noneable(int),
            is_required=False,
            default_value=None,
            description="How many steps may be under way at once; any number if not given.",
        ),
        "tag_concurrency_limits": TAG_LIMITS,
        "marker_to_close": Field(str, is_required=False, description="Kept for compatibility; means nothing."),
        "step_dependency_config": STEP_DEPENDENCIES,
    },
    description="Execute all steps in this process.",
)
"""Config of :data:`in_process_executor`."""


def create(config: Mapping[str, Any]) -> InProcessExecutor:
    """Return the executor that *config* asks for."""
    threads = config.get("threads") or 0
    if threads < 0:
        raise InvalidConfigError(f"threads of the executor is {threads}.", mend="give 0 or more.")
    limit = config.get("max_concurrent")
    return InProcessExecutor(
        retries_of(config),
        threads=threads,
        max_concurrent=max_concurrent_of(config) if limit is not None else None,
        tag_limits=tag_limits_of(config),
    )


in_process_executor = ExecutorDefinition(
    "in_process",
    config_schema=IN_PROCESS_CONFIG,
    executor_creation_fn=lambda init_context: create(init_context.executor_config or {}),
    description="Execute all steps in one process.",
)
"""Execute all steps in one process; config ``retries: {enabled: {}}`` or ``{disabled: {}}``."""
