"""
Steps that find their partitions on the way: what is asked of them before, and how the found ones are made.

The function is called as the backfill policy of the asset says: once for each partition, once for some, or once for all. One that
fails leaves the others; the step fails at the end, and another attempt makes what is still missing.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

from orrery.base.errors import ExecutionInterruptedError
from orrery.model.events.reuse import Reason
from orrery.plan.commands import DecideLater, SkipStep
from orrery.plan.step import ExecutionStep
from orrery.runtime.contexts.step import StepExecutionContext
from orrery.runtime.engine.expiry import LimitReached

__all__ = ["attempt_each", "consult_found"]

Consult = Callable[[ExecutionStep], SkipStep | DecideLater | None]


def consult_found(plan_context: Any, further: Consult | None) -> Consult | None:
    """
    Return what says of a step before it is launched that it need not run: also where nothing was found for it.

    Args:
        plan_context: The context of the run.
        further: What is asked of other steps.
    """
    if not plan_context.discovering:
        return further

    def consult(step: ExecutionStep) -> SkipStep | DecideLater | None:
        if step.key in plan_context.discovering and not plan_context.for_step(step).found_partitions:
            return SkipStep(step, str(Reason(kind="none_missing")), reused=True)
        return further(step) if further is not None else None

    return consult


def attempt_each(
    context: StepExecutionContext, attempt: Callable[[StepExecutionContext], Generator[Any, Any, None]]
) -> Generator[Any, Any, None]:
    """
    Make an attempt at each of the partitions that were found.

    Args:
        context: The step.
        attempt: Makes one, with the context of these partitions.

    Raises:
        Exception: What the first one that failed has raised, when all were tried.
    """
    first: Exception | None = None
    values = context.plan_context.values
    gathered: dict[tuple[str, str, str | None], dict[str, Any]] = {}
    shares = _shares(context)
    for share in shares:
        own = context.of_partitions(share)
        try:
            yield from attempt(own)
        except (ExecutionInterruptedError, LimitReached, GeneratorExit, KeyboardInterrupt):
            raise
        except Exception as error:  # noqa: BLE001  # the others are made; it is raised below
            context.log.error(f"Partition {', '.join(map(repr, map(str, share)))} failed: {_line(error)}")
            first = first or error
            continue
        if values is not None and len(shares) > 1:
            for name in context.step.outputs:
                place = (context.step.key, name, None)
                if place in values:
                    value = values.pop(place)
                    each = {str(share[0]): value} if len(share) == 1 else value
                    if isinstance(each, dict):
                        gathered.setdefault(place, {}).update(each)
    if values is not None:
        values.update(gathered)
    if first is not None:
        raise first


def _shares(context: StepExecutionContext) -> list[Sequence[str]]:
    """Return the partitions of each call, as the backfill policy says: one by one where there is none."""
    found = list(context.found_partitions)
    assets_def = context.step.assets_def
    policy = assets_def.backfill_policy if assets_def is not None else None
    most = 1 if policy is None else policy.max_partitions_per_run or len(found)
    return [found[start : start + most] for start in range(0, len(found), most)]


def _line(error: Exception) -> str:
    cause = getattr(error, "user_exception", None) or error
    return next(iter(str(cause).strip().splitlines()), type(cause).__name__)
