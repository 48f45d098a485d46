"""
Steps that overlap in this process: asynchronous ones in one event loop, plain ones in threads.

The run stays in its own thread and waits for what steps tell; the loop runs in a thread of its own meanwhile. A step goes
on once its start and its inputs are recorded, so that its lines stand behind them, and its function finds them. A function
that is to be stopped is interrupted at its next line of Python; one that blocks in a call is waited for, and left behind
when the time of grace is over.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from orrery.base.errors import ExecutionInterruptedError
from orrery.model.events.event import Event
from orrery.plan.commands import LaunchStep
from orrery.plan.step import ExecutionStep
from orrery.runtime.engine.attempt import attempt_step, awaits_here, chance_for
from orrery.runtime.engine.executor import drive_async
from orrery.runtime.engine.hooks import run_hooks
from orrery.runtime.engine.limits import throw_into, waiting_within
from orrery.runtime.engine.step import StepEnd, execute_step
from orrery.runtime.ports.write_barrier import active
from orrery.runtime.remote.dispatch import Dispatch

__all__ = ["GRACE_SECONDS", "Overlapping"]

GRACE_SECONDS = 10.0
"""How long steps that were asked to stop have for it, before they are left behind."""

_AGAIN_SECONDS = 0.5
_BEFORE_FUNCTION = frozenset({"STEP_START", "STEP_RESTARTED", "STEP_INPUT"})


class _Told(NamedTuple):
    """
    A step has told an event.

    Attributes:
        event: The event.
        taken: Called once it was recorded, if the step waits for that.
    """

    event: Event
    taken: Callable[[], Any] | None = None


class _End(NamedTuple):
    """
    A step has ended.

    Attributes:
        key: The step.
        end: How; None if what it raised is not its own fault.
        error: What that was.
    """

    key: str
    end: StepEnd | None
    error: BaseException | None = None


class Overlapping:
    """
    The steps of one run that overlap in this process.

    Args:
        dispatch: The state of the run.
        plan_context: The context of the run.
        threads: How many plain functions may be under way at once.
        max_concurrent: How many steps may be under way at once; None for any number.
        reads_unseen: Tells whether a step depends on values that it does not load itself.
    """

    def __init__(
        self,
        dispatch: Dispatch,
        plan_context: Any,
        *,
        threads: int,
        max_concurrent: int | None,
        reads_unseen: Callable[[ExecutionStep], bool],
    ) -> None:
        self._dispatch = dispatch
        self._context = plan_context
        self._threads = threads
        self._max_concurrent = max_concurrent
        self._reads_unseen = reads_unseen
        self._told: SimpleQueue[_Told | _End] = SimpleQueue()
        self._is_stopped = False
        self._working: dict[str, threading.Thread] = {}
        self._tasks: dict[str, Any] = {}

    def run(self) -> Iterator[Event]:
        """Carry the steps out and yield their events; whatever ends the run early stops them."""
        dispatch, limits = self._dispatch, self._context.limits
        try:
            yield from dispatch.advance()
            while not dispatch.is_complete:
                if limits is not None and not dispatch.under_way:
                    limits.check_run()
                self._launch()
                yield from self._listen()
                yield from dispatch.advance()
        except BaseException:
            self._stop()
            raise

    # -- launching -----------------------------------------------------------------------------

    def _launch(self) -> None:
        while self._max_concurrent is None or len(self._dispatch.under_way) < self._max_concurrent:
            launch = self._dispatch.next_launch(self._has_thread)
            if launch is None:
                return
            step = launch.step
            if self._context.barrier is not None and self._reads_unseen(step):
                self._context.barrier.flush()
            if awaits_here(self._context, step):
                self._context.loop.share()
                self._tasks[step.key] = self._context.loop.start(self._await(launch))
            else:
                # Asynchronous IO managers are awaited in the loop, from any thread.
                self._context.loop.share()
                thread = threading.Thread(target=self._work, args=(launch,), name=f"orrery-{step.key}", daemon=True)
                self._working[step.key] = thread
                thread.start()

    def _has_thread(self, step: ExecutionStep) -> bool:
        return len(self._working) < self._threads or awaits_here(self._context, step)

    def _work(self, launch: LaunchStep) -> None:
        """Carry a plain step out, in a thread of its own."""
        step = launch.step
        try:
            with active(self._context.barrier), self._captured(step):
                told = _End(step.key, self._drive(launch))
        except BaseException as error:  # noqa: BLE001  # raised again where the run is
            told = _End(step.key, None, error)
        self._told.put(told)

    def _drive(self, launch: LaunchStep) -> StepEnd:
        steps = attempt_step(self._context, launch.step, launch.attempt)
        gate = threading.Lock()  # opened by the run, once for each event that it took
        gate.acquire()
        while True:
            try:
                event = next(steps)
            except StopIteration as stop:
                end: StepEnd = stop.value
                return end
            if event.event_type_value not in _BEFORE_FUNCTION:
                self._told.put(_Told(event))
                continue
            self._told.put(_Told(event, gate.release))
            while not gate.acquire(timeout=_AGAIN_SECONDS) and not self._is_stopped:
                pass
            if self._is_stopped:
                steps.close()
                raise ExecutionInterruptedError("the run was stopped before the function of the step was called")

    async def _await(self, launch: LaunchStep) -> None:
        """Carry an asynchronous step out, in the loop."""
        step, trace = launch.step, self._context.trace
        context = self._context.for_step(step, launch.attempt - 1)
        events: list[Event] = []
        if step._hooks:
            context.step_output_capture = {}

        loop = self._context.loop

        def emit(event: Event) -> Any:
            events.append(event)
            if event.event_type_value not in _BEFORE_FUNCTION:
                self._told.put(_Told(event))
                return None
            taken = loop().create_future()
            self._told.put(_Told(event, lambda: loop.fulfil([taken])))
            return taken

        span = trace.begin("step", step.key) if trace is not None else None
        try:
            with active(self._context.barrier), self._captured(step):
                wait = waiting_within(self._context.limits, step)
                end = await drive_async(execute_step(context, chance_for(step)), emit, wait)
                if step._hooks:
                    for event in run_hooks(context, list(events)):
                        self._told.put(_Told(event))
        except BaseException as error:  # noqa: BLE001  # raised again where the run is
            self._told.put(_End(step.key, None, error))
        else:
            self._told.put(_End(step.key, end))
        finally:
            if span is not None:
                trace.end(span)

    def _captured(self, step: ExecutionStep) -> AbstractContextManager[None]:
        capture = self._context.capture
        if capture is None:
            return nullcontext()
        found: AbstractContextManager[None] = capture.asynchronous(step.key)
        return found

    # -- listening -----------------------------------------------------------------------------

    def _listen(self) -> Iterator[Event]:
        """Wait until a step tells something, or a retry is due; yield all that was told."""
        dispatch = self._dispatch
        seconds = dispatch.seconds_to_retry() if dispatch.under_way else dispatch.seconds_to_wait()
        try:
            told = self._told.get(timeout=seconds)
            while True:
                if isinstance(told, _End):
                    self._working.pop(told.key, None)
                    self._tasks.pop(told.key, None)
                    if told.end is None:
                        assert told.error is not None
                        raise told.error
                    dispatch.ended(told.key, told.end.kind, told.end.wait_seconds, told.end.error)
                else:
                    yield dispatch.happened(told.event)
                    if told.taken is not None:
                        told.taken()
                told = self._told.get_nowait()
        except Empty:
            return

    def _stop(self) -> None:
        """Interrupt all steps, and wait until they have ended, but not for ever."""
        self._is_stopped = True
        for task in self._tasks.values():
            self._context.loop().call_soon_threadsafe(task.cancel)
        until = time.monotonic() + GRACE_SECONDS
        working = dict(self._working)
        while working and time.monotonic() < until:
            for thread in working.values():
                throw_into(thread, ExecutionInterruptedError)
            again = time.monotonic() + _AGAIN_SECONDS
            for key, thread in list(working.items()):
                thread.join(max(0.0, again - time.monotonic()))
                if not thread.is_alive():
                    del working[key]
