"""
Time limits: a step, or a run, that takes too long is stopped, and says so.

A limit is a tag: ``orrery/max_runtime``, in seconds, on an op (``op_tags`` of an asset) for each attempt at
its step, on a run for all of it. What holds it depends on where the function runs:

- ``async def`` functions are canceled where they await;
- plain functions in the main thread are interrupted by a timer signal (SIGALRM), wherever they are in Python,
  sleep or wait for the system;
- plain functions in another thread, or in a process that uses SIGALRM itself, are interrupted at their
  next line of Python: a call that blocks is waited for.

A function sees ``LimitReached``, which is no ``Exception``, so that ``except Exception`` does not swallow it;
one that catches it all the same is interrupted again each second. Code in C that does not return can only be stopped
with its process. Our own records are never interrupted: while one is written, the limit waits.

Executors in other processes use :func:`limit_in` and :class:`Expiry` (``expiry.py``) with their own means.
"""

from __future__ import annotations

import math
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from types import FrameType, TracebackType
from typing import Any, Self

from orrery.base.errors import InvalidDefinitionError
from orrery.base.tags import MAX_RUNTIME_SECONDS_TAG
from orrery.model.events.event import Event
from orrery.plan.step import ExecutionStep
from orrery.runtime.contexts.step import StepExecutionContext
from orrery.runtime.engine.expiry import Expiry, LimitReached

__all__ = ["TimeLimits", "guarded", "limit_in", "throw_into", "waiting_within", "within"]

_AGAIN_SECONDS = 1.0
_DEFERRED_SECONDS = 0.005
_USER_CODE = frozenset(
    {"orrery.runtime.engine.compute", "orrery.runtime.engine.inputs", "orrery.runtime.engine.outputs"}
)
_FIXED = frozenset({"STEP_START", "STEP_RESTARTED", "STEP_SUCCESS", "STEP_FAILURE", "STEP_UP_FOR_RETRY"})
_OPENING = "orrery.runtime.engine.resources"
_NEVER = (
    "orrery.runtime.engine.",
    "orrery.runtime.processes.",
    "orrery.runtime.remote.",
    "orrery.runtime.instance.",
    "orrery.adapters.compute_logs.",
    "orrery.adapters.storage.",
    "orrery.adapters.executors.",
    "orrery.api.",
)


def limit_in(tags: Mapping[str, str], what: str) -> float | None:
    """
    Return the limit that *tags* set, in seconds, or None.

    Args:
        tags: Tags of a step or of a run.
        what: Whose they are, for messages.

    Raises:
        InvalidDefinitionError: The tag holds no positive number.
    """
    given = tags.get(MAX_RUNTIME_SECONDS_TAG)
    if given is None:
        return None
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not seconds > 0 or math.isinf(seconds):
        raise InvalidDefinitionError(
            f"The tag {MAX_RUNTIME_SECONDS_TAG} of {what} is {given!r}, which is no number of seconds.",
            mend=f'write {{"{MAX_RUNTIME_SECONDS_TAG}": "60"}}.',
        )
    return seconds


class TimeLimits:
    """
    The limits of one run: of the run itself, and of the step that is under way.

    Args:
        run_seconds: Limit of the run, from now on; None if it has none.
        clock: Seconds on a clock that does not jump.
        told_seconds: The limit as it is told, where a part of it is over already.
    """

    def __init__(
        self,
        run_seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        told_seconds: float | None = None,
    ) -> None:
        self._clock = clock
        self._run_seconds = run_seconds if told_seconds is None else told_seconds
        self._run_deadline = clock() + run_seconds if run_seconds is not None else math.inf
        self._step_key: str | None = None
        self._step_seconds = 0.0
        self._step_deadline = math.inf
        self._alarm: _SignalAlarm | _ThreadAlarm | None = None

    # -- questions -----------------------------------------------------------------------------

    @property
    def run_seconds(self) -> float | None:
        """Return the limit of the run, as it is told."""
        return self._run_seconds

    def due(self) -> Expiry | None:
        """Return the limit that has been reached, if one has."""
        now = self._clock()
        if now >= self._step_deadline:
            return Expiry("step", self._step_seconds, self._step_key)
        if now >= self._run_deadline:
            return Expiry("run", self._run_seconds or 0.0, self._step_key)
        return None

    def run_is_due(self) -> bool:
        """Tell whether the limit of the run has been reached."""
        return self._clock() >= self._run_deadline

    def left(self, seconds: float = math.inf) -> float | None:
        """Return how many seconds are left to the run, at most *seconds*; None if nothing limits it."""
        left = min(seconds, self._run_deadline - self._clock())
        return None if math.isinf(left) else max(0.0, left)

    def now(self) -> float:
        """Return what the clock says."""
        return self._clock()

    def expiry_of(self, step_key: str, seconds: float | None) -> Expiry:
        """Return which limit an asynchronous step, whose own is *seconds*, came up against."""
        if seconds is None or self.run_is_due():
            return Expiry("run", self._run_seconds or 0.0, step_key)
        return Expiry("step", seconds, step_key)

    def check_run(self) -> None:
        """
        Go on, if there is time left.

        Raises:
            TimeLimitExceededError: The run has reached its limit.
        """
        if self.run_is_due():
            raise Expiry("run", self._run_seconds or 0.0).error()

    # -- what happens at the limit -------------------------------------------------------------

    def begin_step(self, key: str, seconds: float | None) -> None:
        """Let the step's function be interrupted when its limit, or that of the run, is reached."""
        self._step_key = key
        self._step_seconds = seconds or 0.0
        self._step_deadline = self._clock() + seconds if seconds is not None else math.inf
        self._arm()

    def end_step(self) -> None:
        """Let nothing be interrupted that is no function of a step."""
        self._step_key = None
        self._step_deadline = math.inf
        if self._alarm is not None:
            self._alarm.close()
            self._alarm = None

    def __enter__(self) -> Self:
        """Let the functions of resources be interrupted when the limit of the run is reached."""
        self._arm()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._alarm is not None:
            self._alarm.close()
            self._alarm = None

    def _arm(self) -> None:
        first = min(self._step_deadline, self._run_deadline)
        if math.isinf(first):
            return
        if self._alarm is None:
            self._alarm = _new_alarm(self.due)
        self._alarm.set(max(0.0001, first - self._clock()))


def guarded(
    steps: Generator[Any, Any, Any], limits: TimeLimits, context: StepExecutionContext, seconds: float | None
) -> Generator[Any, Any, Any]:
    """
    Drive *steps*, the generator of a step, under its limit.

    A limit that is reached while our own code works takes effect at the next event.
    """
    reply: Any = None
    error: BaseException | None = None
    limits.begin_step(context.step.key, seconds)
    try:
        while True:
            try:
                if error is not None:
                    raised, error = error, None
                    item = steps.throw(raised)
                else:
                    item = steps.send(reply)
            except StopIteration as stop:
                return stop.value
            try:
                reply = yield item
            except GeneratorExit:
                steps.close()
                raise
            except BaseException as thrown:  # noqa: BLE001  # meant for the step: handed on
                error = thrown
                continue
            if type(item) is Event and context.step_exception is None and item.event_type_value not in _FIXED:
                expiry = limits.due()
                error = LimitReached(expiry) if expiry is not None else None
    finally:
        limits.end_step()


async def within(
    awaitable: Awaitable[Any], limits: TimeLimits, step_key: str, began: float, seconds: float | None
) -> Any:
    """
    Await *awaitable*, and cancel it at the limit.

    Args:
        awaitable: What a step awaits.
        limits: Those of the run.
        step_key: The step.
        began: When the step began, on the clock of *limits*.
        seconds: The limit of the step, or None.

    Raises:
        LimitReached: The limit of the step or of the run was reached.
    """
    import asyncio  # loaded already: something is awaited

    task = asyncio.ensure_future(awaitable)
    try:
        await asyncio.wait(
            {task}, timeout=limits.left(began + seconds - limits.now() if seconds is not None else math.inf)
        )
        if task.done():
            return task.result()
        task.cancel()
        await asyncio.wait({task}, timeout=_AGAIN_SECONDS)  # let it put its things away
    except asyncio.CancelledError:
        task.cancel()
        raise
    if task.done() and not task.cancelled():
        task.exception()  # what it raised while it was canceled is asked for, so that nobody is warned
    raise LimitReached(limits.expiry_of(step_key, seconds))


def waiting_within(limits: TimeLimits | None, step: ExecutionStep) -> Callable[[Awaitable[Any]], Awaitable[Any]] | None:
    """Return how an asynchronous step that begins now awaits what it awaits, if its time is limited; None if not."""
    seconds = limit_in(step.tags, f"step '{step.key}'") if step.tags else None
    if limits is None and seconds is None:
        return None
    held = limits or TimeLimits()
    began = held.now()
    return lambda awaitable: within(awaitable, held, step.key, began, seconds)


def throw_into(thread: threading.Thread, error: type[BaseException]) -> None:
    """Raise *error* in another thread at its next line of Python, if that is in a function of the user."""
    if thread.ident is not None and _may_interrupt(sys._current_frames().get(thread.ident)):
        _throw(thread.ident, error)


def _may_interrupt(frame: FrameType | None) -> bool:
    """
    Tell whether the thread whose innermost frame this is may be interrupted there.

    It may in functions of the user and in IO managers, as called by a step or for a resource that is opened; it may
    not while a record is written or anything is closed.
    """
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name in _USER_CODE:
            return True
        if name == _OPENING:
            function = frame.f_code.co_name
            if function in ("close", "finish"):
                return False
            if function.startswith(("_make", "_enter")):
                return True
        elif name.startswith(_NEVER):
            return False
        frame = frame.f_back
    return False


def _new_alarm(due: Callable[[], Expiry | None]) -> _SignalAlarm | _ThreadAlarm:
    if threading.current_thread() is threading.main_thread():
        handler = signal.getsignal(signal.SIGALRM)
        if handler is signal.SIG_DFL or isinstance(getattr(handler, "__self__", None), _SignalAlarm):
            return _SignalAlarm(due)
    return _ThreadAlarm(due)


class _SignalAlarm:
    """Interrupts the main thread by a timer signal; gives the timer back to whoever had it."""

    def __init__(self, due: Callable[[], Expiry | None]) -> None:
        self._due = due
        self._is_closed = False
        self._previous: Any = signal.signal(signal.SIGALRM, self._ring)
        self._previous_left = signal.setitimer(signal.ITIMER_REAL, 0.0)[0]
        self._began = time.monotonic()

    def set(self, seconds: float) -> None:
        """Ring after *seconds*."""
        signal.setitimer(signal.ITIMER_REAL, seconds)

    def close(self) -> None:
        """Ring no more."""
        self._is_closed = True
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, self._previous)
        if self._previous_left:
            left = self._previous_left - (time.monotonic() - self._began)
            signal.setitimer(signal.ITIMER_REAL, max(0.0001, left))

    def _ring(self, _number: int, frame: FrameType | None) -> None:
        if self._is_closed:  # it rang while it was put away
            return
        expiry = self._due()
        if expiry is None or not _may_interrupt(frame):  # a clock that runs behind, or work of our own: look again
            self.set(_DEFERRED_SECONDS)
            return
        self.set(_AGAIN_SECONDS)
        raise LimitReached(expiry)


class _ThreadAlarm:
    """Interrupts a thread at its next line of Python, from a thread of its own."""

    def __init__(self, due: Callable[[], Expiry | None]) -> None:
        self._due = due
        self._target = threading.get_ident()
        self._lock = threading.Condition()
        self._at = math.inf
        self._is_closed = False
        self._has_rung = False
        self._thread = threading.Thread(target=self._watch, name="orrery-limits", daemon=True)
        self._thread.start()

    def set(self, seconds: float) -> None:
        """Ring after *seconds*."""
        with self._lock:
            self._at = time.monotonic() + seconds
            self._lock.notify()

    def close(self) -> None:
        """Ring no more; take back what has not arrived."""
        with self._lock:
            self._is_closed = True
            self._lock.notify()
            if self._has_rung:
                _take_back(self._target)

    def _watch(self) -> None:
        with self._lock:
            while not self._is_closed:
                left = self._at - time.monotonic()
                if left > 0:
                    self._lock.wait(None if math.isinf(left) else left)
                    continue
                expiry = self._due()
                if expiry is None or not _may_interrupt(sys._current_frames().get(self._target)):
                    self._at = time.monotonic() + _DEFERRED_SECONDS
                    continue
                self._has_rung = True
                _throw(self._target, type("LimitReached", (LimitReached,), {"expiry": expiry}))
                self._at = time.monotonic() + _AGAIN_SECONDS


def _throw(thread: int, error: type[BaseException] | None) -> None:
    """Raise *error* in a thread at its next line of Python; None takes back what has not arrived."""
    from ctypes import c_ulong, py_object, pythonapi  # 6 ms, and runs in the main thread do without

    pythonapi.PyThreadState_SetAsyncExc(c_ulong(thread), py_object(error) if error is not None else None)


class _NothingMore(BaseException):
    """Arrives where it is thrown, and ends there."""


def _take_back(thread: int) -> None:
    """
    Take back what was thrown and has not arrived.

    Python notes that something was thrown until a thread meets it: with that note each function looks for it, and under a
    profiler the interpreter of Python 3.11 looks for ever. So this thread meets something.
    """
    _throw(thread, None)
    try:
        _throw(threading.get_ident(), _NothingMore)
        for _ in range(1_000):  # it arrives at the next turn, if not before
            pass
    except _NothingMore:
        return
