"""``backfill`` and its kin: make many partitions, of assets that are cut alike or otherwise, in the right order."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from orrery.api.verbs.backfill_driver import Driver, RunNews, loading, outcome_of
from orrery.api.verbs.backfill_growth import targets_of
from orrery.api.verbs.backfill_hold import in_hand, is_in_hand
from orrery.api.verbs.backfill_jobs import check_config_of_job
from orrery.api.verbs.backfill_plan import job_of, plan_again, plan_backfill, repository_of
from orrery.api.verbs.execute import plan_of
from orrery.base.errors import (
    BackfillNotFoundError,
    InvalidInvocationError,
    InvariantViolationError,
    nearest_hint,
)
from orrery.base.keys import AssetKey, CoercibleToAssetKey
from orrery.base.tags import normalize_run_tags
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.project.definitions import Definitions
from orrery.definitions.project.repository import RepositoryDefinition
from orrery.model.assets.graph import AssetGraph
from orrery.model.automation.backfill_progress import BackfillPlan, BackfillProgress, ItemCounts, progress_of
from orrery.model.partitions.loading import partition_loading_context
from orrery.model.records.backfill import Backfill, BackfillRun, BackfillRunState, BackfillStatus
from orrery.runtime.instance.instance import Instance

__all__ = [
    "BackfillResult",
    "backfill",
    "cancel_backfill",
    "find_backfill",
    "progress_of_backfill",
    "reopen_backfill",
    "request_backfill",
    "require_open",
    "resume_backfill",
    "retry_backfill",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillResult:
    """
    How a backfill stands.

    Attributes:
        backfill: What was asked for, and how it ended.
        progress: What was made of each asset, and what failed.
        runs: The runs that were meant to make it.
        instance: Where dynamic partitions are kept.
    """

    backfill: Backfill
    progress: BackfillProgress
    runs: Sequence[BackfillRun]
    instance: Any = field(default=None, repr=False, compare=False)

    @property
    def backfill_id(self) -> str:
        """Return the id of the backfill."""
        return self.backfill.backfill_id

    @property
    def success(self) -> bool:
        """Tell whether all was made."""
        return self.backfill.status is BackfillStatus.SUCCESS

    @property
    def counts(self) -> ItemCounts:
        """Return how many items stand how."""
        with loading(self.backfill, self.instance):
            return self.progress.counts(is_over=self.backfill.status is BackfillStatus.FAILURE)

    def made(self, asset_key: CoercibleToAssetKey) -> Sequence[str]:
        """Return the partitions of an asset that were made."""
        key = AssetKey.from_coercible(asset_key)
        with loading(self.backfill, self.instance):
            made, current = self.progress.made.get(key), self.progress.current.get(key)
            return [] if made is None else list(made if current is None else made - current)

    def current(self, asset_key: CoercibleToAssetKey) -> Sequence[str]:
        """Return the partitions of an asset that were left alone, as they were current when their turn came."""
        with loading(self.backfill, self.instance):
            return list(self.progress.current.get(AssetKey.from_coercible(asset_key), ()))

    def failed(self, asset_key: CoercibleToAssetKey) -> Sequence[str]:
        """Return the partitions of an asset that failed."""
        with loading(self.backfill, self.instance):
            return list(self.progress.failed.get(AssetKey.from_coercible(asset_key), ()))


def backfill(
    definitions: Definitions | RepositoryDefinition,
    selection: Any = "*",
    *,
    instance: Instance,
    partitions: str | Sequence[str] = (),
    which: str = "missing",
    partitions_of: CoercibleToAssetKey | None = None,
    discover: bool = False,
    job: str | JobDefinition | None = None,
    run_config: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    max_concurrent: int = 1,
    tell: Callable[[RunNews], None] | None = None,
) -> BackfillResult:
    """
    Make many partitions, in this process, now.

    Each item (a partition of an asset, or an asset without partitions) is made when what it needs is made. A
    failure leaves alone all that does not need what failed. What is done is recorded: after a crash
    :func:`resume_backfill` goes on, and makes nothing twice.

    Args:
        definitions: The project.
        selection: Which assets.
        instance: Where it is recorded and values are kept.
        partitions: Which partitions: keys, ranges (``"2013-01-01...2013-01-31"``), or, of several dimensions,
            ``"carrier=AA"``. All that exist if not given. Of assets that are cut otherwise, those that follow.
        which: Which of them: ``"missing"`` (never made), ``"failed"``, ``"stale"`` (missing, or out of date: made by
            other code, with other config, or of other inputs than would be used now; of what only needs something that is
            made, what turns out to be current is left alone) or ``"all"``.
        partitions_of: The asset whose keys *partitions* are, where several could be meant.
        discover: Make the assets without partitions upstream of dynamic ones in any case, to find new partitions.
        job: A job of *definitions*, instead of assets: it is run for each of its partitions. Ask the result for it by
            its name: ``result.failed("nightly")``.
        run_config: Run config of each run; that of the job for the partition if not given.
        tags: Tags of each run.
        max_concurrent: How many runs may go on at once, in threads of this process.
        tell: Called after each run.

    Returns:
        A :class:`BackfillResult`.

    Raises:
        UnknownPartitionError: No selected asset has a partition that is named.
        InvalidSubsetError: The selection names nothing that this project makes.
        InvalidInvocationError: *discover* has nothing to find; or the *job* has no partitions, or stands beside what
            is about assets.
        InvalidConfigError: The run config does not fit.

    Example::

        result = backfill(defs, "daily+", partitions="2013-01-01...2013-01-31", instance=Instance.get())
        assert result.success, result.failed("daily")
    """
    plan = plan_backfill(
        definitions,
        selection,
        instance=instance,
        partitions=partitions,
        which=which,
        partitions_of=partitions_of,
        discover=discover,
        job=job,
        run_config=run_config,
    )
    asked = request_backfill(
        plan,
        definitions,
        instance=instance,
        selection="" if plan.job_name is not None else str(selection),
        run_config=run_config,
        tags=tags,
        max_concurrent=max_concurrent,
    )
    return _drive(asked, plan, repository_of(definitions), instance, tell)


def request_backfill(
    plan: BackfillPlan,
    definitions: Definitions | RepositoryDefinition,
    *,
    instance: Instance,
    selection: str = "",
    run_config: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    max_concurrent: int = 1,
) -> Backfill:
    """
    Record a backfill, and make nothing of it yet: :func:`resume_backfill` does.

    Args:
        plan: What it makes, from :func:`plan_backfill`.
        definitions: The project.
        instance: Where it is recorded.
        selection: What the user selected, for people.
        run_config: Run config of each run.
        tags: Tags of each run.
        max_concurrent: How many runs may go on at once.

    Raises:
        InvalidConfigError: The run config does not fit.
        InvalidInvocationError: *max_concurrent* is no number above zero.
    """
    if max_concurrent < 1:
        raise InvalidInvocationError(
            f"max_concurrent is {max_concurrent!r}: that many runs cannot go on at once.",
            mend="give a number above zero.",
        )
    repository = repository_of(definitions)
    if plan.job_name is not None:
        check_config_of_job(repository.get_job(plan.job_name), run_config)
    else:
        for group in plan.groups:
            plan_of(job_of(repository, group.keys), run_config)
    with partition_loading_context(dynamic_partitions_store=instance):
        targets = targets_of(plan, instance)
    asked = Backfill(
        backfill_id=uuid.uuid4().hex[:8],
        selection=selection,
        job_name=plan.job_name,
        targets=targets,
        tags=normalize_run_tags(tags) if tags else {},
        run_config=run_config,
        max_concurrent=max_concurrent,
        growing=tuple(plan.growing),
        leaves_current=plan.leaves_current,
        created=time.time(),
    )
    instance.backfills.add_backfill(asked)
    return asked


def resume_backfill(
    backfill_id: str,
    definitions: Definitions | RepositoryDefinition,
    *,
    instance: Instance,
    tell: Callable[[RunNews], None] | None = None,
) -> BackfillResult:
    """
    Go on with a backfill that was interrupted; what it has made is not made again.

    Args:
        backfill_id: The backfill.
        definitions: The project.
        instance: Where it is recorded.
        tell: Called after each run.

    Raises:
        BackfillNotFoundError: There is none of this id.
        InvariantViolationError: It is finished, another process works on it, or its assets are cut otherwise by now.
    """
    known = require_open(find_backfill(backfill_id, instance))
    repository = repository_of(definitions)
    return _drive(known, plan_again(known, repository, instance), repository, instance, tell)


def retry_backfill(
    backfill_id: str,
    definitions: Definitions | RepositoryDefinition,
    *,
    instance: Instance,
    tell: Callable[[RunNews], None] | None = None,
) -> BackfillResult:
    """
    Make again what failed in a backfill, and what was not made for that reason, or as it was canceled.

    What it has made is left alone. Args are those of :func:`resume_backfill`.

    Raises:
        BackfillNotFoundError: There is none of this id.
        InvariantViolationError: All of it was made, or another process works on it.
    """
    known = find_backfill(backfill_id, instance)
    if known.status is BackfillStatus.SUCCESS:
        raise InvariantViolationError(
            f"All of backfill {backfill_id} was made: there is nothing to retry.",
            mend="start another one with which='all' to make it again.",
        )
    reopen_backfill(backfill_id, instance=instance)
    return resume_backfill(backfill_id, definitions, instance=instance, tell=tell)


def reopen_backfill(backfill_id: str, *, instance: Instance) -> Backfill:
    """
    Let a backfill that failed, or was canceled, be resumed: what it has not made is open again.

    Raises are those of :func:`retry_backfill`.
    """
    known = find_backfill(backfill_id, instance)
    if known.status is BackfillStatus.SUCCESS:
        raise InvariantViolationError(
            f"All of backfill {backfill_id} was made: there is nothing to retry.",
            mend="start another one with which='all' (`--all`) to make it again.",
        )
    with in_hand(backfill_id, instance):
        failed = [
            run for run in instance.backfills.get_backfill_runs(backfill_id) if run.state is BackfillRunState.FAILURE
        ]
        open_again = [msgspec.structs.replace(run, state=BackfillRunState.GIVEN_UP) for run in failed]
        instance.backfills.put_backfill_runs(backfill_id, open_again)
        opened = instance.backfills.change_backfill(
            backfill_id, lambda each: msgspec.structs.replace(each, status=BackfillStatus.STARTED, ended=None)
        )
    return opened if opened is not None else known


def cancel_backfill(backfill_id: str, *, instance: Instance) -> Backfill:
    """
    Cancel a backfill: no further run of it is begun, and the one that is going on is canceled.

    The process that works on the backfill notices it within a second. Runs that go on in other threads than its main one
    (``max_concurrent`` above 1, or a backfill that a thread makes) come to their end.

    Raises:
        BackfillNotFoundError: There is none of this id.
        InvariantViolationError: It is finished.
    """
    known = find_backfill(backfill_id, instance)
    if known.is_finished:
        raise InvariantViolationError(
            f"Backfill {backfill_id} is finished ({known.status.value.lower()}): there is nothing to cancel.",
            mend="look at it with `orrery backfills show`.",
        )
    canceling = instance.backfills.change_backfill(
        backfill_id,
        lambda each: each if each.is_finished else msgspec.structs.replace(each, status=BackfillStatus.CANCELING),
    )
    if is_in_hand(backfill_id, instance):
        return canceling if canceling is not None else known
    with in_hand(backfill_id, instance):
        return Driver(known, BackfillPlan(AssetGraph(), {}, ()), _no_job, instance).cancel()


def progress_of_backfill(
    backfill_id: str, definitions: Definitions | RepositoryDefinition, *, instance: Instance
) -> BackfillResult:
    """
    Return how far a backfill is, whoever works on it.

    Raises:
        BackfillNotFoundError: There is none of this id.
    """
    known = find_backfill(backfill_id, instance)
    plan = plan_again(known, repository_of(definitions), instance)
    return _result(known, plan, instance)


def _as_it_is(run: BackfillRun, instance: Instance, graph: AssetGraph) -> BackfillRun:
    """Return a run with what came of it, if it has ended and that is not written down yet."""
    if run.state is not BackfillRunState.REQUESTED:
        return run
    record = instance.get_run_by_id(run.run_id)
    return run if record is None or not record.is_finished else outcome_of(run, record, instance, graph)


def find_backfill(backfill_id: str, instance: Instance) -> Backfill:
    """
    Return a backfill by its id, or the latest one for ``"latest"``.

    Raises:
        BackfillNotFoundError: There is none of this id.
    """
    if backfill_id == "latest":
        newest = instance.backfills.get_backfills(limit=1)
        known = newest[0] if newest else None
    else:
        known = instance.backfills.get_backfill(backfill_id)
    if known is None:
        ids = [each.backfill_id for each in instance.backfills.get_backfills(limit=100)]
        raise BackfillNotFoundError(
            f"There is no backfill '{backfill_id}'.", mend=nearest_hint(backfill_id, ids, noun="backfill")
        )
    return known


def require_open(known: Backfill) -> Backfill:
    """
    Return a backfill that can be gone on with.

    Raises:
        InvariantViolationError: It is finished.
    """
    if known.is_finished:
        raise InvariantViolationError(
            f"Backfill {known.backfill_id} is finished ({known.status.value.lower()}).",
            mend="retry what failed, with retry_backfill or `orrery backfills retry`.",
        )
    return known


def _drive(
    known: Backfill,
    plan: BackfillPlan,
    repository: RepositoryDefinition,
    instance: Instance,
    tell: Callable[[RunNews], None] | None,
) -> BackfillResult:
    with in_hand(known.backfill_id, instance):
        driver = Driver(known, plan, _jobs(known, repository), instance, tell)
        ended = driver.drive()
    return _result(ended, driver.plan, instance)


def _result(known: Backfill, plan: BackfillPlan, instance: Instance) -> BackfillResult:
    runs = [_as_it_is(run, instance, plan.graph) for run in instance.backfills.get_backfill_runs(known.backfill_id)]
    with loading(known, instance):
        return BackfillResult(backfill=known, progress=progress_of(plan, runs), runs=runs, instance=instance)


def _jobs(known: Backfill, repository: RepositoryDefinition) -> Callable[[tuple[AssetKey, ...]], JobDefinition]:
    """Return what gives the job that makes some assets, or the job itself that a backfill is about."""
    name = known.job_name
    if name is not None:
        return lambda _keys: repository.get_job(name)
    return lambda keys: job_of(repository, keys)


def _no_job(_keys: tuple[AssetKey, ...]) -> JobDefinition:
    raise AssertionError("a backfill that is canceled makes no run")
