"""
The runs of a backfill, made in this process: one after the other, or as many at once as was asked for.

``model/automation`` decides which runs come next; here they are made. The intention of a run is stored, with
its id, before the run is made, and what came of it follows from the log of the run: a process that is killed
at any point leaves a backfill that goes on where it was (:meth:`Driver.settle`).
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from orrery.api.verbs.backfill_growth import grown, targets_of
from orrery.api.verbs.backfill_stale import STALE_REUSE
from orrery.api.verbs.backfill_watch import Watch, watched
from orrery.api.verbs.execute import execute_job_in_process
from orrery.api.verbs.results import ExecuteInProcessResult
from orrery.base.errors import (
    ExecutionInterruptedError,
    InvalidConfigError,
    UnknownPartitionError,
    UserCodeExecutionError,
)
from orrery.base.keys import AssetKey
from orrery.base.tags import BACKFILL_ID_TAG
from orrery.definitions.graphs.job import JobDefinition
from orrery.model.assets.graph import AssetGraph
from orrery.model.automation.backfill_progress import (
    BackfillPlan,
    BackfillProgress,
    Chunk,
    keys_of_run,
    next_chunks,
    progress_of,
)
from orrery.model.events.event import EventType
from orrery.model.events.payloads import RunFailureData, RunFailureReason
from orrery.model.partitions.loading import PartitionLoadingContext, partition_loading_context
from orrery.model.records.backfill import Backfill, BackfillRun, BackfillRunState, BackfillStatus
from orrery.model.records.lease import run_lease_name
from orrery.model.records.run import Run, RunStatus
from orrery.runtime.engine.boundary import Boundary

__all__ = ["Driver", "RunNews", "loading", "outcome_of"]

_WAVE = 256
"""How many runs are decided on, and stored, at once."""

_OUTCOMES = 64
_OUTCOMES_SECONDS = 1.0
_LOOK_SECONDS = 0.25
_POLL_SECONDS = 0.2

_FINAL = {RunStatus.SUCCESS: BackfillRunState.SUCCESS, RunStatus.FAILURE: BackfillRunState.FAILURE}


class RunNews(NamedTuple):
    """
    Tell of a run of a backfill that has ended.

    Attributes:
        run: What the run was about, and what came of it.
        seconds: How long it took.
        error: What the first failed step raised, in a line; None if nothing failed.
        ended: How many items are made or have failed by now.
        all: How many items there are.
    """

    run: BackfillRun
    seconds: float
    error: str | None
    ended: int
    all: int


class _Made(NamedTuple):
    """A run that has ended, how long it took, and what it failed of."""

    run: BackfillRun
    seconds: float
    error: str | None


def loading(backfill: Backfill, instance: Any) -> AbstractContextManager[PartitionLoadingContext]:
    """Look at partitions as they were when the backfill was asked for; dynamic ones as they are stored."""
    return partition_loading_context(datetime.fromtimestamp(backfill.created, UTC), instance)


class Driver:
    """
    Makes the runs of one backfill.

    Nobody else may drive it at the same time.

    Args:
        backfill: The backfill.
        plan: What is to be made.
        job_of: Gives the job that makes some assets, with their checks; or the job that the backfill is about.
        instance: Where it is kept.
        tell: Called after each run.
    """

    def __init__(
        self,
        backfill: Backfill,
        plan: BackfillPlan,
        job_of: Callable[[tuple[AssetKey, ...]], JobDefinition],
        instance: Any,
        tell: Callable[[RunNews], None] | None = None,
    ) -> None:
        self._backfill = backfill
        self._plan = plan
        self._job_of = job_of
        self._instance = instance
        self._store = instance.backfills
        self._tell = tell
        self._jobs: dict[tuple[AssetKey, ...], JobDefinition] = {}
        self._ended: list[BackfillRun] = []
        self._written_at = time.monotonic()
        self._looked_at = time.monotonic()
        self._tried = 0

    # -- the whole -----------------------------------------------------------------------------

    def drive(self) -> Backfill:
        """
        Make runs until nothing is left, or somebody cancels the backfill; return it as it stands then.

        Raises:
            BaseException: What interrupted it; it can be resumed.
        """
        watch = Watch()
        try:
            with watched(self._backfill.backfill_id, self._store) as watch:
                return self._drive()
        except (ExecutionInterruptedError, KeyboardInterrupt) as error:
            if watch.has_interrupted:
                return self._cancel_at_once()
            if isinstance(error, KeyboardInterrupt):
                raise
            raise KeyboardInterrupt(str(error)) from error

    def _drive(self) -> Backfill:
        waiting, over = self.settle()
        with loading(self._backfill, self._instance):
            progress = self._grown(progress_of(self._plan, over), over)
            counts = progress.counts()
        self._tried = self._plan.size - counts.blocked - counts.open
        number = len(over) + len(waiting)
        while True:
            if not waiting:
                with loading(self._backfill, self._instance):
                    chunks = next_chunks(progress, limit=_WAVE)
                waiting = [self._intention(number + place, chunk) for place, chunk in enumerate(chunks)]
                number += len(waiting)
                self._store.put_backfill_runs(self._backfill.backfill_id, [*self._ended, *waiting])
                self._ended = []
            if not waiting:
                return self._finish(progress)
            done = self._make(waiting)
            if done is None:
                return self.cancel()
            waiting = []
            with loading(self._backfill, self._instance):
                progress = self._grown(progress.with_runs(done), done)

    @property
    def plan(self) -> BackfillPlan:
        """Return what is to be made, with what was found on the way."""
        return self._plan

    def _grown(self, progress: BackfillProgress, done: Sequence[BackfillRun]) -> BackfillProgress:
        """Return the progress of a plan that makes the partitions, too, which these runs have added."""
        if not self._plan.growing:
            return progress
        more = grown(self._plan, {key for run in done for key in run.asset_keys}, self._instance)
        if more is self._plan:
            return progress
        self._plan = more
        targets = targets_of(more, self._instance)
        self._store.change_backfill(
            self._backfill.backfill_id, lambda known: msgspec.structs.replace(known, targets=targets)
        )
        return progress.in_plan(more)

    def settle(self) -> tuple[list[BackfillRun], list[BackfillRun]]:
        """
        Find out what became of runs that were meant to be made, and write it down.

        A run that was made and not finished is waited for while its process lives, and then given up.

        Returns:
            Runs that are still to be made, and those that are over.
        """
        waiting: list[BackfillRun] = []
        over: list[BackfillRun] = []
        found: list[BackfillRun] = []
        for run in self._store.get_backfill_runs(self._backfill.backfill_id):
            if run.state is not BackfillRunState.REQUESTED:
                over.append(run)
                continue
            record = self._instance.get_run_by_id(run.run_id)
            if record is None:
                waiting.append(run)
            else:
                found.append(outcome_of(run, self._at_its_end(record), self._instance, self._plan.graph))
        self._store.put_backfill_runs(self._backfill.backfill_id, found)
        return waiting, sorted([*over, *found], key=lambda run: run.number)

    def _at_its_end(self, record: Run) -> Run:
        """Return a run of a process that worked on this backfill before us, when it has ended."""
        while not record.is_finished:
            self._instance.report_lost_runs()
            found = self._instance.get_run_by_id(record.run_id)
            if found is None or found.is_finished:
                return found if found is not None else record
            if not self._instance.leases.get_leases(run_lease_name(record.run_id)):
                lost = RunFailureData(None, RunFailureReason.UNEXPECTED_TERMINATION)
                self._instance.report_run_failed(found, "Nobody works on this run any more.", lost)
                self._instance.flush()
                continue
            time.sleep(_POLL_SECONDS)
        return record

    def _cancel_at_once(self) -> Backfill:
        """Cancel when what went on was interrupted: no run of this process goes on any more."""
        for run in self._store.get_backfill_runs(self._backfill.backfill_id):
            if run.state is BackfillRunState.REQUESTED:
                record = self._instance.get_run_by_id(run.run_id)
                if record is not None and not record.is_finished:
                    self._instance.report_run_canceled(record, "The backfill was canceled before the run had begun.")
        self._instance.flush()
        return self.cancel()

    def cancel(self) -> Backfill:
        """Give up what was not made yet, and return the backfill."""
        waiting, _ = self.settle()
        given_up = [msgspec.structs.replace(run, state=BackfillRunState.GIVEN_UP) for run in waiting]
        self._store.put_backfill_runs(self._backfill.backfill_id, [*self._ended, *given_up])
        self._ended = []
        return self._end_as(BackfillStatus.CANCELED)

    def _finish(self, progress: BackfillProgress) -> Backfill:
        counts = progress.counts(is_over=True)
        return self._end_as(BackfillStatus.FAILURE if counts.failed or counts.blocked else BackfillStatus.SUCCESS)

    def _end_as(self, status: BackfillStatus) -> Backfill:
        now = time.time()
        ended = self._store.change_backfill(
            self._backfill.backfill_id, lambda known: msgspec.structs.replace(known, status=status, ended=now)
        )
        return ended if ended is not None else self._backfill

    def _is_canceled(self) -> bool:
        """Tell whether somebody has asked to cancel; looked up now and then."""
        if time.monotonic() - self._looked_at < _LOOK_SECONDS:
            return False
        self._looked_at = time.monotonic()
        known = self._store.get_backfill(self._backfill.backfill_id)
        return known is None or known.status is not BackfillStatus.STARTED

    # -- runs ----------------------------------------------------------------------------------

    def _intention(self, number: int, chunk: Chunk) -> BackfillRun:
        start, end = chunk.partitions if chunk.partitions is not None else (None, None)
        return BackfillRun(
            number=number,
            run_id=str(uuid.uuid4()),
            asset_keys=chunk.asset_keys,
            start=None if start is None else str(start),
            end=None if end is None else str(end),
        )

    def _make(self, runs: Sequence[BackfillRun]) -> list[BackfillRun] | None:
        """Make runs, none of which needs another; return what came of them, or None if the backfill is canceled."""
        if self._backfill.max_concurrent > 1 and len(runs) > 1:
            return self._make_at_once(runs)
        done: list[BackfillRun] = []
        try:
            for run in runs:
                if self._is_canceled():
                    return None
                done.append(self._make_one(run))
        finally:
            self._write()
        return done

    def _make_at_once(self, runs: Sequence[BackfillRun]) -> list[BackfillRun] | None:
        """Make runs in threads, each begun when one before it has ended; all that were begun are waited for."""
        left = deque(runs)
        done: list[BackfillRun] = []
        going: set[Future[_Made]] = set()
        with ThreadPoolExecutor(self._backfill.max_concurrent, "backfill") as pool:
            try:
                while left or going:
                    if self._is_canceled():
                        return None
                    while left and len(going) < self._backfill.max_concurrent:
                        run = left.popleft()
                        going.add(pool.submit(self._execute, run, self._job(run.asset_keys)))
                    over, going = wait(going, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
                    done += [self._after(each.result()) for each in over]
            finally:
                for each in wait(going).done:
                    if each.exception() is None:  # else its end is found out from its log, when this is gone on with
                        self._after(each.result())
                self._write()
        return done

    def _make_one(self, run: BackfillRun) -> BackfillRun:
        try:
            return self._after(self._execute(run, self._job(run.asset_keys)))
        except KeyboardInterrupt:
            record = self._instance.get_run_by_id(run.run_id)
            if record is not None and record.is_finished:
                self._note(outcome_of(run, record, self._instance, self._plan.graph))
            raise

    def _execute(self, run: BackfillRun, job: JobDefinition) -> _Made:
        begun = time.monotonic()
        try:
            result = self._run(run, job)
        except (InvalidConfigError, UserCodeExecutionError, UnknownPartitionError) as error:
            if self._backfill.job_name is None and not isinstance(error, UnknownPartitionError):
                raise  # the config of assets was checked for all of them; only a partition may be gone by now
            failed = msgspec.structs.replace(run, state=BackfillRunState.FAILURE)
            return _Made(failed, time.monotonic() - begun, _first_line(error))
        what = None if result.success else _first_error(result.all_events)
        over = outcome_of(run, result.run, self._instance, self._plan.graph)
        return _Made(over, time.monotonic() - begun, what)

    def _run(self, run: BackfillRun, job: JobDefinition) -> ExecuteInProcessResult:
        is_of_job = self._backfill.job_name is not None
        return execute_job_in_process(
            job,
            run_id=run.run_id,
            instance=self._instance,
            run_config=_config_of_job(self._backfill, run, job) if is_of_job else self._backfill.run_config,
            partition_key=run.start if run.start == run.end else None,
            partition_key_range=(run.start, run.end) if run.start != run.end else None,  # type: ignore[arg-type]  # both or none
            tags={**self._backfill.tags, BACKFILL_ID_TAG: self._backfill.backfill_id},
            raise_on_error=False,
            keep_values=False,
            console=False,
            asset_selection=None if is_of_job else frozenset(run.asset_keys),
            obeys_retries=True,
            reuse=STALE_REUSE if self._backfill.leaves_current else None,
        )

    def _after(self, made: _Made) -> BackfillRun:
        """Write down what came of a run, and tell of it."""
        self._note(made.run)
        with loading(self._backfill, self._instance):
            self._tried += _items(made.run, self._plan)
        if self._tell is not None:
            self._tell(RunNews(made.run, made.seconds, made.error, self._tried, self._plan.size))
        return made.run

    def _job(self, keys: tuple[AssetKey, ...]) -> JobDefinition:
        job = self._jobs.get(keys)
        if job is None:
            job = self._jobs[keys] = self._job_of(keys)
        return job

    def _note(self, run: BackfillRun) -> None:
        """Keep what came of a run; it is written with others, as it can be found out again."""
        self._ended.append(run)
        if len(self._ended) >= _OUTCOMES or time.monotonic() - self._written_at > _OUTCOMES_SECONDS:
            self._write()

    def _write(self) -> None:
        ended, self._ended = self._ended, []
        self._written_at = time.monotonic()
        self._store.put_backfill_runs(self._backfill.backfill_id, ended)


def outcome_of(run: BackfillRun, record: Run, instance: Any, graph: AssetGraph) -> BackfillRun:
    """
    Return what came of a run that has ended: all was made, or left alone, or what its log tells.

    One that failed as its process was gone is given up: what it has not made is open.
    """
    state = _FINAL.get(record.status, BackfillRunState.GIVEN_UP)
    if record.asset_selection is not None:
        run = msgspec.structs.replace(run, current=_left_alone_by(run, instance, graph))
    if state is BackfillRunState.SUCCESS:
        return msgspec.structs.replace(run, state=state)
    if state is BackfillRunState.FAILURE and _was_cut_short(instance, run.run_id):
        state = BackfillRunState.GIVEN_UP
    if record.asset_selection is None:  # a run of a job: it is made whole or not at all
        return msgspec.structs.replace(run, state=state)
    return msgspec.structs.replace(run, state=state, made=_made_by(instance, run.run_id))


def _made_by(instance: Any, run_id: str) -> tuple[tuple[AssetKey, tuple[str, ...]], ...]:
    """Return the partitions of each asset that a run has materialized, as its log tells."""
    made: dict[AssetKey, list[str]] = {}
    for record in _records(instance, run_id, EventType.ASSET_MATERIALIZATION):
        found = record.asset_materialization
        made.setdefault(found.asset_key, []).append(found.partition or "")
    return tuple((key, tuple(keys)) for key, keys in made.items())


def _left_alone_by(run: BackfillRun, instance: Any, graph: AssetGraph) -> tuple[AssetKey, ...]:
    """Return the assets that a run did not mean to make, as their steps found them current, as its log tells."""
    nodes = {
        event.step_key.partition(".")[0]
        for event in _events(instance, run.run_id, EventType.STEP_SKIPPED)
        if event.event_specific_data is not None and event.event_specific_data.reasons
    }
    if not nodes:
        return ()
    planned = {event.asset_key for event in _events(instance, run.run_id, EventType.ASSET_MATERIALIZATION_PLANNED)}
    return tuple(key for key in run.asset_keys if key not in planned and _is_of(graph.get(key).op_name, nodes))


def _is_of(op_name: str | None, nodes: Collection[str]) -> bool:
    """Tell whether one of some nodes is of an op; the second of the same name is named ``name_2``."""
    return op_name in nodes or any(each.rpartition("_")[0] == op_name for each in nodes)


def _events(instance: Any, run_id: str, kind: EventType) -> Iterator[Any]:
    return (record.event_log_entry.dagster_event for record in _records(instance, run_id, kind))


def _records(instance: Any, run_id: str, kind: EventType) -> Iterator[Any]:
    cursor: str | None = None
    while True:
        page = instance.get_records_for_run(run_id, cursor, kind)
        yield from page.records
        if not page.has_more:
            return
        cursor = page.cursor


def _was_cut_short(instance: Any, run_id: str) -> bool:
    """Tell whether a run failed because its process was gone, and not by itself."""
    failures = _events(instance, run_id, EventType.RUN_FAILURE)
    reasons = [event.event_specific_data.failure_reason for event in failures]
    return RunFailureReason.UNEXPECTED_TERMINATION in reasons


def _items(run: BackfillRun, plan: BackfillPlan) -> int:
    """Return how many items a run was about."""
    if run.state is BackfillRunState.GIVEN_UP:
        return sum(len(keys) for _, keys in run.made)
    return len(run.asset_keys) * len(keys_of_run(run, plan))


def _config_of_job(backfill: Backfill, run: BackfillRun, job: JobDefinition) -> Any:
    """Return the run config of a partition of a job: that of the backfill, or what the job's own function gives."""
    if backfill.run_config is not None or job.partitioned_config is None:
        return backfill.run_config
    with Boundary(
        UserCodeExecutionError,
        lambda: f"The run config or the tags of partition '{run.start}' of job '{job.name}' could not be made.",
    ):
        job.get_tags_for_partition_key(str(run.start))  # raises here, if it will raise
        return job.get_run_config_for_partition_key(str(run.start))


def _first_line(error: Exception) -> str:
    cause = getattr(error, "user_exception", None) or error
    return next(iter(str(cause).strip().splitlines()), type(cause).__name__)


def _first_error(events: Sequence[Any]) -> str | None:
    for event in events:
        data: Any = event.event_specific_data
        error = getattr(data, "error", None)
        if error is not None:
            cause = error.cause or error
            lines = str(cause.message).strip().splitlines()
            return lines[0] if lines else cause.cls_name
    return None
