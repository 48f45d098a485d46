"""
The seam of executors: whoever carries out the commands of the state machine.

:class:`Executor` is what users derive from; :class:`Outcome` is what an executor's driver keeps beside
the events. :func:`drive` and :func:`drive_async` carry a step's generator to its end.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping
from enum import Enum
from typing import Any

from orrery.model.events.event import Event
from orrery.runtime.engine.requests import Await
from orrery.runtime.engine.step import StepEnd

__all__ = ["Executor", "RetryMode", "TagLimit", "drive_async", "exit_as_error"]


class RetryMode(Enum):
    """Whether an executor retries steps itself, leaves it to somebody above, or not at all."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    DEFERRED = "deferred"


class TagLimit:
    """
    How many steps with a tag may be under way at once.

    Args:
        key: The tag.
        limit: How many.
        value: Only with this value; any value if None.
        per_value: Count each value apart.
    """

    __slots__ = ("key", "limit", "per_value", "value")

    def __init__(self, key: str, limit: int, value: str | None = None, *, per_value: bool = False) -> None:
        self.key = key
        self.limit = limit
        self.value = value
        self.per_value = per_value

    def counted(self, tags: Mapping[str, str]) -> str | None:
        """Return under which name a step with these tags is counted; None if it is not."""
        found = tags.get(self.key)
        if found is None or (self.value is not None and found != self.value):
            return None
        return found if self.per_value else ""


class Executor(ABC):
    """
    Carries out the steps of a plan.

    Derive from it to execute steps somewhere else; give it to jobs through :func:`executor`.
    """

    @abstractmethod
    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[Event]:
        """
        Execute *execution_plan* and yield every event in order.

        Args:
            plan_context: The context of the run.
            execution_plan: The plan.
        """

    @property
    @abstractmethod
    def retries(self) -> RetryMode:
        """Return whether this executor retries steps itself."""

    @property
    def uses_resources_of_run(self) -> bool:
        """Tell whether steps use resources of the run's own process: it opens them before, and closes them after."""
        return True

    @property
    def step_dependency_config(self) -> Any:
        """Return rules on step dependencies beyond the plan's own: none."""
        return None


def exit_as_error(raised: GeneratorExit) -> RuntimeError:
    """
    Return the error that a function of the user meant by ``GeneratorExit``, which generators cannot be told.

    Raises:
        GeneratorExit: Nobody meant anything: what waits here is closed.
    """
    if raised.__traceback__ is None or raised.__traceback__.tb_next is None:
        raise raised
    error = RuntimeError("the function raised GeneratorExit")
    error.__cause__ = raised
    return error


async def drive_async(
    steps: Generator[Event | Await, Any, StepEnd],
    emit: Callable[[Event], Awaitable[None] | None],
    wait: Callable[[Awaitable[Any]], Awaitable[Any]] | None = None,
) -> StepEnd:
    """
    Carry a step's generator to its end inside an event loop.

    Args:
        steps: The step.
        emit: Takes each event; the step goes on when what it returned, if anything, is done. A task that was canceled
            waits no more: nobody may be there to take what it tells.
        wait: Awaits what the step awaits, where there is more to it (as a limit is).
    """
    reply: Any = None
    error: BaseException | None = None
    while True:
        try:
            if error is not None:
                raised, error = error, None
                item = steps.throw(raised)
            else:
                item = steps.send(reply)
        except StopIteration as stop:
            end: StepEnd = stop.value
            return end
        reply = None
        if type(item) is Await:
            try:
                reply = await (item.awaitable if wait is None else wait(item.awaitable))
            except GeneratorExit as raised_here:
                error = exit_as_error(raised_here)
            except BaseException as raised_here:  # noqa: BLE001  # the function's own, or a cancellation: the step decides
                error = raised_here
        else:
            taken = emit(item)  # type: ignore[arg-type]  # all else is an event
            if taken is not None and not _is_canceled():
                try:
                    await taken
                except GeneratorExit:
                    raise
                except BaseException as raised_here:  # noqa: BLE001  # a cancellation: the step decides
                    error = raised_here


def _is_canceled() -> bool:
    import asyncio  # loaded already: this is called in a task

    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
