"""
Execution in warm worker processes on this machine.

A code process imports the job once and plans the run. Workers are forked from it as there is work, keep their resources
from step to step, and tell the run what happens; the run alone writes records. A worker that dies takes the step down
that it carried out, and no other.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from selectors import EVENT_READ, DefaultSelector
from typing import Any
from weakref import finalize

import msgspec

from orrery.base.errors import SubprocessError
from orrery.base.tags import FRESH_PROCESS_TAG
from orrery.model.events import build
from orrery.model.events.event import Event
from orrery.plan.commands import LaunchStep
from orrery.runtime.engine.executor import Executor, RetryMode, TagLimit
from orrery.runtime.engine.expiry import Expiry
from orrery.runtime.engine.limits import limit_in
from orrery.runtime.processes.code_process import GRACE_SECONDS, Child, CodeProcess
from orrery.runtime.processes.nursery import Nursery
from orrery.runtime.remote.dispatch import Dispatch
from orrery.runtime.remote.messages import LineTold, StepEnded, decode_from_worker, describe_run, encode

__all__ = ["MultiprocessExecutor"]

_PREPARE = "orrery.workers.steps:prepare"
_WORK = "orrery.workers.steps:main"
_WARM = "orrery.workers.steps:warm"
_WARM_RECORDS = "orrery.workers.steps:warm_records"
_NURSERY = "nursery of code processes"
_CUT_SECONDS = 1.0  # a worker that ends closes its connection a moment before its end is known


class _Worker:
    """
    A worker process.

    Attributes:
        child: The process.
        launch: The step that it carries out, if any.
        is_own: Whether it is for one step alone.
        kill_at: When it is killed, if the step has not ended (monotonic clock).
        expiry: The limit that the step will have come up against then.
        end_at: When it is killed, if it goes on though it closed its connection in the middle of a step.
        is_ended: Whether it was killed for that.
    """

    __slots__ = ("child", "end_at", "expiry", "is_ended", "is_own", "kill_at", "launch")

    def __init__(self, child: Child, *, is_own: bool) -> None:
        self.child = child
        self.is_own = is_own
        self.launch: LaunchStep | None = None
        self.kill_at: float | None = None
        self.expiry: Expiry | None = None
        self.end_at: float | None = None
        self.is_ended = False


class MultiprocessExecutor(Executor):
    """
    Execute steps in worker processes that are forked from a process which has imported the job.

    Args:
        origin: Where the job comes from; the engine finds it.
        max_concurrent: How many steps may be under way at once.
        retries: Whether failed steps are tried again.
        tag_limits: How many steps with a tag may be under way at once.
        may_fork: Whether workers may be forked; else each is a fresh interpreter.
        preload_modules: Modules to import before the job.
        grace_seconds: How long a worker that was asked to stop has for it, before it is killed; 10 by
            default.
    """

    def __init__(
        self,
        origin: Any,
        *,
        max_concurrent: int = 1,
        retries: RetryMode = RetryMode.ENABLED,
        tag_limits: Sequence[TagLimit] = (),
        may_fork: bool = True,
        preload_modules: Sequence[str] = (),
        grace_seconds: float | None = None,
    ) -> None:
        self._origin = origin
        self._max_concurrent = max_concurrent
        self._retries = retries
        self._tag_limits = tuple(tag_limits)
        self._may_fork = may_fork
        self._preload_modules = list(preload_modules)
        self._grace_seconds = GRACE_SECONDS if grace_seconds is None else grace_seconds

    @property
    def retries(self) -> RetryMode:
        """Return whether failed steps are tried again."""
        return self._retries

    @property
    def uses_resources_of_run(self) -> bool:
        """Return False: each worker opens what its steps need."""
        return False

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[Event]:
        """Execute the plan and yield every event in order."""
        job_name = plan_context.run.job_name
        if not len(execution_plan):
            return
        started = time.perf_counter()
        yield build.engine_event(job_name, f"Executing steps in up to {self._max_concurrent} worker processes")
        description = msgspec.msgpack.encode((self._preload_modules, encode(describe_run(plan_context, self._origin))))
        with ExitStack() as stack:

            def start() -> CodeProcess:
                nursery = _nursery_of(plan_context.instance)
                code = CodeProcess.start(
                    _PREPARE, description, may_fork=self._may_fork, may_be_copy=True, fork=nursery.fork
                )
                return stack.enter_context(code)

            yield from _Pool(self, start, plan_context).run()
        taken = time.perf_counter() - started
        yield build.engine_event(job_name, f"Finished steps in worker processes in {taken:.2f}s")


def _nursery_of(instance: Any) -> Nursery:
    """Return the process that is kept, for as long as the instance is used, for the code processes of its runs."""
    found: Nursery | None = instance.scratch.get(_NURSERY)
    if found is None:
        found = instance.scratch[_NURSERY] = Nursery(_WARM, _WARM_RECORDS)
        instance.on_dispose.append(found.close)
        finalize(instance, found.close)  # many a program never disposes of its instance
    return found


class _Pool:
    """
    The workers of one run.

    Args:
        executor: How many, and what else was asked for.
        start: Starts the process that they are forked from; called when the first step needs it.
        plan_context: The context of the run.
    """

    def __init__(self, executor: MultiprocessExecutor, start: Callable[[], CodeProcess], plan_context: Any) -> None:
        self._executor = executor
        self._start_code = start
        self._started: CodeProcess | None = None
        self._context = plan_context
        self._dispatch = Dispatch(plan_context, executor._retries, executor._tag_limits)
        self._workers: dict[int, _Worker] = {}
        self._selector = DefaultSelector()

    def run(self) -> Iterator[Event]:
        """Carry the run out and yield its events; whatever ends it early stops the workers."""
        try:
            with self._selector:
                dispatch = self._dispatch
                yield from dispatch.advance()
                while not dispatch.is_complete:
                    if self._context.limits is not None and not dispatch.under_way:
                        self._context.limits.check_run()
                    yield from self._launch()
                    yield from self._listen(self._seconds_to_wait())
                    yield from dispatch.advance()
                yield from self._finish()
        except BaseException:
            self._stop()
            raise

    # -- workers -------------------------------------------------------------------------------

    @property
    def _code(self) -> CodeProcess:
        """Return the process that workers are forked from: a run that skips all of its steps needs none."""
        if self._started is None:
            self._started = self._start_code()
            self._selector.register(self._started, EVENT_READ)
        return self._started

    def _launch(self) -> Iterator[Event]:
        """Hand out steps while there is room."""
        while len(self._dispatch.under_way) < self._executor._max_concurrent:
            launch = self._dispatch.next_launch()
            if launch is None:
                return
            order = self._dispatch.order(launch)
            worker = self._idle_for(launch)
            if worker is None:
                ref = self._context.for_step(launch.step).ref
                yield build.step_worker_starting(ref, f'Starting a worker process for step "{launch.step.key}".')
                worker = self._start(launch)
            worker.launch = launch
            self._set_limit(worker, launch, order.run_seconds_left, order.run_seconds)
            try:
                worker.child.channel.send(encode(order))
            except OSError:  # it died while it waited: heard in a moment
                continue

    def _idle_for(self, launch: LaunchStep) -> _Worker | None:
        if FRESH_PROCESS_TAG in launch.step.tags:
            return None
        for worker in self._workers.values():
            if worker.launch is None and not worker.is_own and worker.child.end is None:
                return worker
        return None

    def _start(self, launch: LaunchStep) -> _Worker:
        wanted = launch.step.tags.get(FRESH_PROCESS_TAG)
        child = self._code.start_child(_WORK, is_fresh=wanted == "spawn")
        worker = _Worker(child, is_own=wanted is not None)
        self._workers[child.number] = worker
        self._selector.register(child.channel, EVENT_READ, worker)
        return worker

    def _set_limit(
        self, worker: _Worker, launch: LaunchStep, run_left: float | None, run_seconds: float | None
    ) -> None:
        """Let a worker be killed that does not come back when its step is over its limit."""
        seconds = limit_in(launch.step.tags, f"step '{launch.step.key}'") if launch.step.tags else None
        worker.kill_at = worker.expiry = None
        if seconds is not None and (run_left is None or seconds <= run_left):
            worker.expiry = Expiry("step", seconds, launch.step.key)
            worker.kill_at = time.monotonic() + seconds + self._executor._grace_seconds
        elif run_left is not None:
            worker.expiry = Expiry("run", run_seconds or 0.0, launch.step.key)
            worker.kill_at = time.monotonic() + run_left + self._executor._grace_seconds

    def _seconds_to_wait(self) -> float | None:
        found = self._dispatch.seconds_to_wait() if not self._dispatch.under_way else self._dispatch.seconds_to_retry()
        now = time.monotonic()
        for worker in self._workers.values():
            if worker.kill_at is not None:
                left = max(0.0, worker.kill_at - now)
                if not left:
                    self._code.signal(worker.child, signal.SIGKILL, is_for_group=True)
                    worker.kill_at = now + self._executor._grace_seconds
                found = left if found is None else min(found, left)
            if worker.end_at is not None and not worker.is_ended:
                left = max(0.0, worker.end_at - now)
                if not left:
                    self._code.signal(worker.child, signal.SIGKILL, is_for_group=True)
                    worker.is_ended = True
                found = left if found is None else min(found, left)
        return found

    # -- what they tell ------------------------------------------------------------------------

    def _listen(self, seconds: float | None) -> Iterator[Event]:
        """Wait until something is told, at most so long; yield the events of it."""
        ready = self._selector.select(seconds)
        for key, _mask in ready:
            worker = key.data
            if worker is not None:
                yield from self._hear(worker)
        for child in self._started.take_news() if self._started is not None else ():
            worker = self._workers.get(child.number)
            if worker is not None:
                yield from self._gone(worker)

    def _hear(self, worker: _Worker) -> Iterator[Event]:
        for frame in worker.child.channel.receive_ready():
            message = decode_from_worker(frame.body)
            if isinstance(message, StepEnded):
                worker.launch = worker.kill_at = worker.expiry = None
                if worker.is_own:
                    worker.child.channel.finish()
            yield from self._dispatch.told(message)
        if worker.child.channel.is_over:
            self._forget_channel(worker)  # how it ended is told by the code process
            if worker.launch is not None and worker.end_at is None:  # unless it goes on, where nobody hears of it
                worker.end_at = time.monotonic() + _CUT_SECONDS

    def _gone(self, worker: _Worker) -> Iterator[Event]:
        yield from self._hear(worker)
        self._forget_channel(worker)
        del self._workers[worker.child.number]
        worker.child.channel.close()
        launch, end = worker.launch, worker.child.end
        if launch is None or end is None:
            return
        if worker.expiry is not None and end.signal == signal.SIGKILL and self._is_over_limit(worker):
            error: Exception = worker.expiry.error()
        elif worker.is_ended and end.signal == signal.SIGKILL:
            error = SubprocessError(
                f"The worker process {worker.child.process} of step '{launch.step.key}' closed its connection to the run, "
                "and was ended.",
                mend="let the step close only the files that it opened.",
            )
        else:
            error = SubprocessError(
                f"The worker process {worker.child.process} of step '{launch.step.key}' {end.describe()}.",
                mend="look at what the step wrote; give it a retry policy if it may be tried again.",
            )
        self._show_last_words(worker.child.process, launch.step.key)
        yield from self._dispatch.lost(launch.step.key, error)

    def _show_last_words(self, process: int | None, step_key: str) -> None:
        """Give to the step, and show, what its process wrote and did not come to show."""
        logs = self._context.instance.compute_logs
        if logs is None or self._context.capture is None or process is None:
            return
        with suppress(OSError, ValueError):  # of the disk, or nobody reads it: how the step failed is told all the same
            key = (self._context.run.run_id, "compute_logs", f"process-{process}")
            data = logs.note_lost(key, step_key)
            for stream, text in ((sys.stdout, data.stdout_text), (sys.stderr, data.stderr_text)):
                if text and stream is not None:
                    stream.write(text)
                    stream.flush()

    def _is_over_limit(self, worker: _Worker) -> bool:
        return worker.kill_at is not None and worker.kill_at - self._executor._grace_seconds <= time.monotonic()

    def _forget_channel(self, worker: _Worker) -> None:
        if worker.child.channel.fileno() in self._selector.get_map():
            self._selector.unregister(worker.child.channel)

    # -- the end -------------------------------------------------------------------------------

    def _finish(self) -> Iterator[Event]:
        """Let workers close their resources, and wait until they have."""
        for worker in self._workers.values():
            worker.child.channel.finish()
        while self._workers:
            yield from self._listen(None)

    def _stop(self) -> None:
        """Stop all workers: those at work are interrupted, and close their resources; lines that they log are kept."""
        for worker in self._workers.values():
            if worker.launch is None:
                worker.child.channel.finish()
            else:
                self._code.signal(worker.child, signal.SIGTERM)
        until = time.monotonic() + self._executor._grace_seconds
        while self._workers and time.monotonic() < until:
            ended = self._code.take_news(0.05)
            for worker in list(self._workers.values()):
                for frame in worker.child.channel.receive_ready():
                    message = decode_from_worker(frame.body)
                    if isinstance(message, LineTold):
                        self._dispatch.line(message)
            for child in ended:
                gone = self._workers.pop(child.number, None)
                if gone is not None:
                    gone.child.channel.close()
        for worker in self._workers.values():
            self._code.signal(worker.child, signal.SIGKILL, is_for_group=True)
            worker.child.channel.close()
