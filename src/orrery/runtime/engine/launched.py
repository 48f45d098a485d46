"""
Steps that a step launcher carries out: who launches them, and how the attempt ended.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from orrery.base.errors import InvariantViolationError, SubprocessError
from orrery.model.events import build
from orrery.model.events.error_info import ErrorInfo, error_info_from_exception
from orrery.model.events.event import Event
from orrery.model.events.payloads import ErrorSource
from orrery.plan.step import ExecutionStep
from orrery.runtime.contexts.step import StepExecutionContext
from orrery.runtime.engine.requests import Await
from orrery.runtime.engine.step import StepEnd
from orrery.runtime.ports.step_launcher import StepLauncher

__all__ = ["launch_elsewhere", "launcher_of"]

_ENDS = {"STEP_SUCCESS": "success", "STEP_FAILURE": "failure", "STEP_UP_FOR_RETRY": "retry"}


def launcher_of(plan_context: Any, step: ExecutionStep) -> StepLauncher | None:
    """Return who carries *step* out elsewhere; None if it is called here."""
    keys = step.op.required_resource_keys
    if not keys or plan_context.is_launched:
        return None
    resources = plan_context.opened.mapping
    for key in keys:
        found = resources.get(key)
        if isinstance(found, StepLauncher):
            return found
    return None


def launch_elsewhere(context: StepExecutionContext, launcher: StepLauncher) -> Generator[Event | Await, Any, StepEnd]:
    """
    Let *launcher* carry one attempt at a step out, and yield what it tells.

    What the step reads is stored and recorded before; only the events of the step itself count for how it ended.
    """
    plan_context = context.plan_context
    if plan_context.barrier is not None:
        plan_context.barrier.flush()
    if plan_context.settle is not None:
        plan_context.settle()
    end: StepEnd | None = None
    try:
        for event in launcher.launch_step(context):
            if not isinstance(event, Event):
                raise InvariantViolationError(
                    f"The step launcher {type(launcher).__name__} yielded {event!r} for step '{context.step.key}', "
                    "which is no event.",
                    mend="yield what run_step_from_ref yields.",
                )
            if event.step_key == context.step.key and event.event_type_value in _ENDS:
                end = _end_of(event)
            yield event
        if end is None:
            raise SubprocessError(
                f"The step launcher {type(launcher).__name__} ended without telling how step '{context.step.key}' ended.",
                mend="yield all events of the step; the last one is its success, its failure, or that it is up for retry.",
            )
    except Exception as error:  # noqa: BLE001  # the launcher is the user's; what it raises is the failure of the step
        if end is None:
            context.step_exception = error
            yield build.step_failed(
                context.ref, error_info_from_exception(error), error_source=ErrorSource.USER_CODE_ERROR
            )
        return StepEnd("failure", error)
    if end.kind == "failure":
        context.step_exception = end.error
    return end


def _end_of(event: Event) -> StepEnd:
    kind = _ENDS[event.event_type_value]
    if kind == "success":
        return StepEnd(kind)
    data: Any = event.event_specific_data
    info: ErrorInfo | None = data.error
    error = SubprocessError(f"A launched step failed: {_told(info)}")
    return StepEnd(kind, error, float(data.seconds_to_wait or 0.0) if kind == "retry" else 0.0)


def _told(info: ErrorInfo | None) -> str:
    if info is None:
        return "its launcher told no error."
    cause = info.cause if info.cause is not None else info
    return f"{cause.message.strip()}\n{''.join(cause.stack)}"
