"""Hooks of a step, called after it ended. A hook that raises is recorded and changes nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orrery.base.errors import HookExecutionError, InvariantViolationError
from orrery.model.events import build
from orrery.model.events.error_info import error_info_from_exception
from orrery.model.events.event import Event
from orrery.model.events.user import HookExecutionResult
from orrery.runtime.contexts.hook import HookContext
from orrery.runtime.contexts.step import StepExecutionContext
from orrery.runtime.engine.boundary import Boundary

__all__ = ["run_hooks"]


def run_hooks(context: StepExecutionContext, events: Sequence[Event]) -> Iterator[Event]:
    """Call the hooks of the step with what happened, in the order of their names."""
    for hook in sorted(context.step._hooks, key=lambda each: each.name):
        try:
            with Boundary(
                HookExecutionError,
                lambda name=hook.name: (
                    f"Error occurred during the execution of hook_fn triggered for op "  # type: ignore[misc]
                    f'"{context.step.name}", hook "{name}"'
                ),
            ):
                result = hook.hook_fn(HookContext(context, hook), events)
            if not isinstance(result, HookExecutionResult):
                raise InvariantViolationError(
                    f"Error in hook {hook.name}: hook unexpectedly returned result {result!r} of type {type(result)}. Should "
                    "be a HookExecutionResult"
                )
        except Exception as error:  # noqa: BLE001  # recorded; the run's outcome stays what it is
            yield build.hook_errored(context.ref, error_info_from_exception(error), hook.name)
            continue
        if result.is_skipped:
            yield build.hook_skipped(context.ref, hook.name)
        else:
            yield build.hook_completed(context.ref, hook.name)
