"""
One attempt at a step, driven where it is called: what executors do for each step they were told to launch.

Everything around :func:`execute_step` that does not depend on where it happens: its limit in time, hooks, trace, and
the loop for what it awaits.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, cast

from orrery.base.errors import ExecutionInterruptedError
from orrery.definitions.parts.signature import ComputeFunction
from orrery.model.events.event import Event
from orrery.plan.step import ExecutionStep
from orrery.runtime.engine.executor import exit_as_error
from orrery.runtime.engine.hooks import run_hooks
from orrery.runtime.engine.launched import launch_elsewhere, launcher_of
from orrery.runtime.engine.limits import TimeLimits, guarded, limit_in, within
from orrery.runtime.engine.requests import Await
from orrery.runtime.engine.step import StepEnd, execute_step

__all__ = ["attempt_step", "awaits_here", "chance_for", "is_async"]


def is_async(step: ExecutionStep) -> bool:
    """Tell whether the function of the step is asynchronous."""
    fn = step.op._compute_fn
    return fn.is_async if type(fn) is ComputeFunction else False


def awaits_here(plan_context: Any, step: ExecutionStep) -> bool:
    """Tell whether the function of the step is asynchronous, and called in the loop of this run."""
    return is_async(step) and launcher_of(plan_context, step) is None


def chance_for(step: ExecutionStep) -> float:
    """Return the number that decides the jitter of a retry."""
    if step.retry_policy is None:
        return 0.5
    from random import random  # 2 ms, and only steps that may be tried again need it

    return random()


def attempt_step(plan_context: Any, step: ExecutionStep, attempt: int) -> Generator[Event, None, StepEnd]:
    """
    Carry out one attempt at *step* in this thread, and yield what happens.

    Args:
        plan_context: The context of the run.
        step: The step.
        attempt: 1 the first time.

    Returns:
        How it ended.
    """
    context = plan_context.for_step(step, attempt - 1)
    key = step.key
    events: list[Event] | None = None
    if step._hooks and not plan_context.is_launched:
        context.step_output_capture = {}
        events = []
    trace = plan_context.trace
    span = trace.begin("step", key) if trace is not None and not trace.is_of_worker else None
    launcher = launcher_of(plan_context, step)
    steps = execute_step(context, chance_for(step)) if launcher is None else launch_elsewhere(context, launcher)
    limits = plan_context.limits
    seconds = limit_in(step.tags, f"step '{key}'") if step.tags else None
    began = 0.0
    if limits is not None or seconds is not None:
        limits = limits or TimeLimits()
        began = limits.now()
        steps = guarded(steps, limits, context, seconds)
    send = steps.send
    item: Any
    reply: Any = None
    error: BaseException | None = None
    end: StepEnd | None = None
    while True:
        try:
            item = send(reply) if error is None else steps.throw(error)
        except StopIteration as stop:
            end = cast(StepEnd, stop.value)
            break
        reply = error = None
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
        if events is not None:
            events.append(item)
        yield item
    assert end is not None
    if span is not None:
        trace.end(span)
    if events:
        yield from run_hooks(context, events)
    return end
