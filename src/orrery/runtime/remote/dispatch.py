"""
The run's end of steps that are carried out elsewhere: which step goes next, and what each message means.

Whoever starts workers asks for orders while there is room, and hands in what workers tell. Nothing here knows what a
worker is.
"""

from __future__ import annotations

import pickle
import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from orrery.base.errors import SubprocessError
from orrery.model.events import build
from orrery.model.events.error_info import ErrorInfo, error_info_from_exception
from orrery.model.events.event import ASSET_EVENTS, Event
from orrery.model.events.payloads import ErrorSource
from orrery.plan.active import ActiveExecution
from orrery.plan.commands import LaunchStep, SkipStep, Wait
from orrery.plan.step import ExecutionStep
from orrery.runtime.engine.executor import RetryMode, TagLimit
from orrery.runtime.engine.slots import TICK_SECONDS, StepSlots
from orrery.runtime.engine.trace import Span, Trace
from orrery.runtime.remote.messages import EventTold, FromWorker, LineTold, StepEnded, StepOrder, record_of
from orrery.runtime.remote.orders import order_for

__all__ = ["Dispatch"]

_ENDS_FAILED = frozenset({"STEP_FAILURE", "STEP_UP_FOR_RETRY"})


class Dispatch:
    """
    The state of a run whose steps are carried out elsewhere.

    Args:
        plan_context: The context of the run.
        retries: Whether failed steps are tried again.
        tag_limits: How many steps with a tag may be under way.

    Attributes:
        under_way: The steps that were handed out and have not ended, by key.
    """

    def __init__(self, plan_context: Any, retries: RetryMode, tag_limits: Sequence[TagLimit] = ()) -> None:
        self._context = plan_context
        self._plan = plan_context.execution_plan
        self._retries = retries
        self._tag_limits = tuple(tag_limits)
        self._active = ActiveExecution(self._plan, plan_context.known_outputs, plan_context.consult)
        plan_context.given_outputs = self._active.given_outputs
        plan_context.active = self._active
        plan_context.was_skipped = self._active.was_skipped
        if retries is RetryMode.ENABLED:
            plan_context.may_make_again = self._active.was_skipped
        self._queue: list[LaunchStep] = []
        self._retry_at: float | None = None
        self._is_unsettled = True
        self._told_end: set[str] = set()
        self._slots: StepSlots | None = plan_context.slots
        self._push: Callable[[], None] = plan_context.push
        self._trace: Trace | None = plan_context.trace
        self._spans: dict[str, Span] = {}
        self.under_way: dict[str, LaunchStep] = {}

    @property
    def is_complete(self) -> bool:
        """Tell whether every step has ended."""
        return self._active.is_complete

    # -- what to do ----------------------------------------------------------------------------

    def advance(self) -> Iterator[Event]:
        """Take in what may be launched now; yield the events of the steps that are skipped."""
        while True:
            commands = self._active.commands(time.monotonic())
            self._retry_at = self._active.next_retry()
            found = False
            launches: list[LaunchStep] = []
            for command in commands:
                if isinstance(command, LaunchStep):
                    launches.append(command)
                elif isinstance(command, SkipStep):
                    found = True
                    yield build.step_skipped(
                        self._ref(command.step),
                        command.reason,
                        command.failed_parents,
                        command.reasons,
                        command.saved_seconds,
                    )
                else:
                    assert isinstance(command, Wait)
            if self._slots is not None:
                launches, told = self._slots.admitted(launches)
                yield from told
            self._queue += launches
            if not found:
                break
        self._push()
        if self._active.has_priorities:
            self._queue.sort(key=lambda each: -self._active.priority_of(each.step))

    def next_launch(self, may: Callable[[ExecutionStep], bool] | None = None) -> LaunchStep | None:
        """
        Return the next step for which there is room within the limits of tags, if there is one; it is under way then.

        Args:
            may: Tells whether there is room for a step elsewhere; always, if None.
        """
        for index, launch in enumerate(self._queue):
            if self._has_room(launch.step) and (may is None or may(launch.step)):
                del self._queue[index]
                self.under_way[launch.step.key] = launch
                self._told_end.discard(launch.step.key)
                return launch
        return None

    def _has_room(self, step: ExecutionStep) -> bool:
        for limit in self._tag_limits:
            name = limit.counted(step.tags)
            if name is None:
                continue
            same = sum(limit.counted(each.step.tags) == name for each in self.under_way.values())
            if same >= limit.limit:
                return False
        return True

    def order(self, launch: LaunchStep) -> StepOrder:
        """Return the order to carry a step out in another process; what its function may look up is recorded by then."""
        if self._is_unsettled and self._context.settle is not None:
            self._context.settle()
            self._is_unsettled = False
        if self._trace is not None:
            self._spans[launch.step.key] = self._trace.begin_beside("step", launch.step.key)
        limits = self._context.limits
        return order_for(
            launch.step,
            launch.attempt,
            plan=self._plan,
            was_given=self._active.given_outputs.__contains__,
            limits=limits,
            run_seconds=limits.run_seconds if limits is not None else None,
            skipped=self._active.skipped_before(launch.step),
            may_make_again=self._retries is RetryMode.ENABLED,
            may_reuse=self._context.may_reuse,
        )

    def seconds_to_retry(self) -> float | None:
        """Return how long it is until steps that wait for a retry, or for slots, are to be looked at; None if none do."""
        due = None if self._retry_at is None else max(0.0, self._retry_at - time.monotonic())
        if self._slots is None or not self._slots.has_waiting:
            return due
        return TICK_SECONDS if due is None else min(due, TICK_SECONDS)

    def seconds_to_wait(self) -> float | None:
        """Return how long nothing happens, where no step is under way: to the next retry, or the limit of the run."""
        limits = self._context.limits
        due = self.seconds_to_retry()
        if limits is None:
            return due
        left: float | None = limits.left() if due is None else limits.left(due)
        return left

    # -- what was told -------------------------------------------------------------------------

    def told(self, message: FromWorker) -> Iterator[Event]:
        """Take in what a worker told; yield the event that is to be recorded."""
        if isinstance(message, EventTold):
            yield self.happened(message.event)
        elif isinstance(message, LineTold):
            self.line(message)
        else:
            if message.trace is not None and self._trace is not None:
                self._trace.graft(self._spans[message.key], message.trace)
            self.ended(message.key, message.kind, message.wait_seconds, _exception(message))

    def happened(self, event: Event) -> Event:
        """Take in an event of a step, and return it: it is to be recorded."""
        if event.step_key in self.under_way:
            self._active.note_event(event.step_key, event)
            if event.event_type_value in _ENDS_FAILED:
                self._told_end.add(event.step_key)
        if event.event_type_value in ASSET_EVENTS:
            self._is_unsettled = True
        return event

    def line(self, message: LineTold) -> None:
        """Record a line of the log that a worker told."""
        self._context.log_manager.sink.log(message.level, message.message, message.step_key, record_of(message))

    def ended(self, key: str, kind: str, wait_seconds: float, error: BaseException | None) -> None:
        """
        Take in that an attempt at a step has ended.

        Args:
            key: The step.
            kind: ``success``, ``failure`` or ``retry``.
            wait_seconds: How long to wait before the retry.
            error: What was raised.
        """
        del self.under_way[key]
        self._give_back(key)
        if kind == "success":
            self._active.note_success(key)
        elif kind == "retry" and self._retries is RetryMode.ENABLED:
            self._active.note_retry(key, time.monotonic() + wait_seconds)
        else:
            self._active.note_failure(key)
            self._context.note_failure(key, error)

    def lost(self, key: str, error: Exception) -> Iterator[Event]:
        """
        Take in that whoever carried a step out is gone; its retry policy says whether it is tried again.

        Args:
            key: The step.
            error: What happened.
        """
        launch = self.under_way.pop(key)
        self._give_back(key)
        step = launch.step
        policy = step.retry_policy
        told_before = key in self._told_end
        info = error_info_from_exception(error)
        may_retry = policy is not None and launch.attempt <= policy.max_retries and not told_before
        if policy is not None and may_retry:
            wait = policy.calculate_delay(launch.attempt, random.random())
            yield build.step_up_for_retry(self._ref(step), info, wait)
            if self._retries is RetryMode.ENABLED:
                self._active.note_retry(key, time.monotonic() + wait)
                return
        elif not told_before:
            yield build.step_failed(self._ref(step), info, error_source=ErrorSource.UNEXPECTED_ERROR)
        self._active.note_failure(key)
        self._context.note_failure(key, error)

    def _give_back(self, key: str) -> None:
        span = self._spans.pop(key, None)
        if self._trace is not None and span is not None:
            self._trace.end(span)
        if self._slots is not None:
            self._slots.give_back(key)

    def _ref(self, step: ExecutionStep) -> build.StepRef:
        ref: build.StepRef = self._context.for_step(step).ref
        return ref


def _exception(message: StepEnded) -> BaseException | None:
    """Return what a step raised in another process, with its frames as text behind it."""
    if message.error is None:
        return None
    behind = SubprocessError(f"In the worker:\n{message.error.to_string()}")
    raised: Any = None
    if message.pickled is not None:
        try:
            raised = pickle.loads(message.pickled)  # noqa: S301  # from a worker of our own
        except Exception:  # noqa: BLE001  # a class that this process cannot find: the record tells what it was
            raised = None
    if not isinstance(raised, BaseException):
        return _told(message.error)
    raised.__cause__ = behind
    return raised


def _told(info: ErrorInfo) -> SubprocessError:
    cause = info.cause if info.cause is not None else info
    return SubprocessError(f"A step failed in its worker: {cause.message.strip()}\n{''.join(cause.stack)}")
