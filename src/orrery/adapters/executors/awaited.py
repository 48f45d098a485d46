"""
The asynchronous steps of a run in its own process: tasks of its event loop, and what they tell.

What a step tells is taken where the run is, in order, and the step goes on once it was recorded: its start is on record
before its function is called, and no line that it logs stands before what came earlier.
"""

from __future__ import annotations

import asyncio  # whoever imports this has something to await
import time
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import nullcontext
from typing import Any, NamedTuple

from orrery.model.events.event import Event
from orrery.plan.active import NOTED_KINDS, ActiveExecution
from orrery.plan.commands import LaunchStep
from orrery.plan.step import ExecutionStep
from orrery.runtime.engine.attempt import chance_for
from orrery.runtime.engine.executor import drive_async
from orrery.runtime.engine.limits import waiting_within
from orrery.runtime.engine.step import execute_step
from orrery.runtime.ports.write_barrier import active as within_barrier

__all__ = ["Awaited", "AwaitedSteps"]

_ENDS = frozenset({"STEP_SUCCESS", "STEP_FAILURE", "STEP_UP_FOR_RETRY"})


class Awaited:
    """
    A step that is under way in the loop.

    Attributes:
        step: The step.
        context: Its context.
        events: What it told, for its hooks; None if it has none.
        task: Its task, whose result is how it ended.
    """

    __slots__ = ("context", "events", "step", "task")

    def __init__(self, step: ExecutionStep, context: Any) -> None:
        self.step = step
        self.context = context
        self.events: list[Event] | None = [] if step._hooks else None
        self.task: Any = None


class _Told(NamedTuple):
    """
    An event that waits to be taken.

    Attributes:
        event: The event.
        by: The step.
        taken: What the step waits for before it goes on; None if the event is its last.
    """

    event: Event
    by: Awaited
    taken: asyncio.Future[None] | None


class AwaitedSteps:
    """
    The asynchronous steps of one run.

    Args:
        plan_context: The context of the run.
        active: The state of its steps.
    """

    def __init__(self, plan_context: Any, active: ActiveExecution) -> None:
        self._context = plan_context
        self._active = active
        self._told: deque[_Told] = deque()
        self._ended: deque[Awaited] = deque()
        self._fresh: set[Awaited] = set()
        self._waker: asyncio.Future[None] | None = None
        self._count = 0

    @property
    def are_under_way(self) -> bool:
        """Tell whether any step was started and has not been told to have ended."""
        return self._count > 0

    def start(self, launch: LaunchStep) -> Iterator[Event]:
        """Yield that a step starts; once that was taken, let its function be called in the loop."""
        step = launch.step
        context = self._context.for_step(step, launch.attempt - 1)
        if step._hooks:
            context.step_output_capture = {}
        awaited = Awaited(step, context)
        steps = execute_step(context, chance_for(step))
        first = next(steps)
        assert type(first) is Event
        yield from self._take(first, awaited)
        awaited.task = self._context.loop.start(self._carry_out(awaited, steps))
        awaited.task.add_done_callback(lambda _task: self._end(awaited))
        self._fresh.add(awaited)
        self._count += 1

    async def _carry_out(self, awaited: Awaited, steps: Generator[Any, Any, Any]) -> Any:
        """Carry a step that has started to its end, and return how it ended."""
        step = awaited.step
        trace, capture = self._context.trace, self._context.capture
        loop = asyncio.get_running_loop()

        def tell(event: Event) -> asyncio.Future[None] | None:
            taken = None if event.event_type_value in _ENDS else loop.create_future()
            self._told.append(_Told(event, awaited, taken))
            self._wake()
            return taken

        span = trace.begin("step", step.key) if trace is not None else None
        try:
            with (
                within_barrier(self._context.barrier),
                nullcontext() if capture is None else capture.asynchronous(step.key),
            ):
                return await drive_async(steps, tell, waiting_within(self._context.limits, step))
        finally:
            if span is not None:
                trace.end(span)

    def begin(self) -> Iterator[Event]:
        """Let the functions of steps that have just started be called, before plain functions hold the loop."""
        while True:
            self._context.loop.run(asyncio.sleep(0))
            goes_on = any(each.by in self._fresh for each in self._told)
            yield from self.told()
            if not goes_on:
                self._fresh.clear()
                return

    def told(self) -> Iterator[Event]:
        """Yield what steps have told, and let them go on."""
        taken = []
        while self._told:
            each = self._told.popleft()
            yield from self._take(each.event, each.by)
            if each.taken is not None:
                taken.append(each.taken)
        if taken:
            self._context.loop.fulfil(taken)

    def until(self, due: float | None) -> Generator[Event, None, list[Awaited]]:
        """
        Yield what steps tell, as they tell it, until one has ended.

        Args:
            due: When to wait no longer, on the clock that does not jump; None if nothing else is due.

        Returns:
            The steps that have ended.
        """
        self._fresh.clear()
        while True:
            self._context.loop.run(self._happens(due))
            ended = [self._ended.popleft() for _ in range(len(self._ended))]
            yield from self.told()
            self._count -= len(ended)
            if ended or (due is not None and time.monotonic() >= due):
                return ended
            self._context.push()

    async def _happens(self, due: float | None) -> None:
        """Wait until a step tells something or ends, or *due* has come."""
        if self._told or self._ended:
            return
        loop = asyncio.get_running_loop()
        self._waker = loop.create_future()
        alarm = None if due is None else loop.call_later(max(0.0, due - time.monotonic()), self._wake)
        try:
            await self._waker
        finally:
            self._waker = None
            if alarm is not None:
                alarm.cancel()

    def _take(self, event: Event, awaited: Awaited) -> Iterator[Event]:
        if awaited.events is not None:
            awaited.events.append(event)
        if event.event_type_value in NOTED_KINDS:
            self._active.note_event(awaited.step.key, event)
        yield event

    def _end(self, awaited: Awaited) -> None:
        self._ended.append(awaited)
        self._wake()

    def _wake(self) -> None:
        if self._waker is not None and not self._waker.done():
            self._waker.set_result(None)
