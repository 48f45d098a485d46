"""
The queue at work: launch what may be launched now.

There is no daemon in this either. :func:`launch_queued_runs` makes one pass; it is called when a run is submitted, by
every launched run when it has ended, by any run that gives a slot of a pool back for which somebody waits
(:func:`let_waiting_runs_go`), and by ``orrery queue run``. One process at a time makes a pass, by a lease; whoever
finds it taken waits for it, as the pass that goes on may have looked before there was room.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from orrery.base.errors import OrreryError, StorageError
from orrery.model.automation.pool_rules import PoolRoom, PoolRules, pool_rules
from orrery.model.automation.queue import QueueLimits, queue_limits, runs_to_launch
from orrery.model.events import build
from orrery.model.records.run import ACTIVE_RUN_STATUSES, Run, RunsFilter, RunStatus
from orrery.runtime.instance.leases import is_gone

__all__ = ["launch_queued_runs", "limits_in", "limits_of", "pool_rules_of", "let_waiting_runs_go", "pools_now"]

_LEASE = "queue"
_PASSING = "thread of the pass over the queue"
_LOOK_SECONDS = 0.02
_PATIENCE_SECONDS = 60.0
_PATIENCE_OF_RUNS_SECONDS = 1.0


def limits_of(instance: Any) -> QueueLimits:
    """
    Return the limits that the settings of an instance give its queue.

    Raises:
        StorageError: They say what nobody understands.
    """
    return limits_in(instance.get_settings("concurrency") or {})


def limits_in(settings: Any) -> QueueLimits:
    """
    Return the limits that ``concurrency:`` in the settings of an instance gives.

    Raises:
        StorageError: It says what nobody understands.
    """
    limits: QueueLimits = _understood(settings, "runs", queue_limits)
    return msgspec.structs.replace(limits, pools=_understood(settings, "pools", pool_rules))


def pool_rules_of(instance: Any) -> PoolRules:
    """
    Return what the settings of an instance say of pools.

    Raises:
        StorageError: They say what nobody understands.
    """
    rules: PoolRules = _understood(instance.get_settings("concurrency") or {}, "pools", pool_rules)
    return rules


def _understood(settings: Any, key: str, understand: Callable[[Any], Any]) -> Any:
    given = settings.get(key) if isinstance(settings, Mapping) else settings
    try:
        if given is not None and not isinstance(given, Mapping):
            raise ValueError(f"a mapping is expected, not {given!r}")
        return understand(given or {})
    except ValueError as error:
        raise StorageError(
            f"The settings of the instance, concurrency: {key}: {error}.", mend="correct orrery.yaml."
        ) from error


def pools_now(instance: Any, rules: PoolRules, going_on: Iterable[Run]) -> PoolRoom:
    """Return the room that is left in pools, without what processes had that are gone."""
    storage = instance.keeper.storage
    now = storage.get_lease_time()
    claims = [claim for claim in storage.get_claims() if not is_gone(claim.owner, claim.expires, now)]
    return PoolRoom(rules, {pool.name: pool.slots for pool in storage.get_pools()}, claims, going_on)


def let_waiting_runs_go(instance: Any, pools: Iterable[str]) -> None:
    """
    Launch the runs that may be launched now that slots of *pools* are free, if one of those that wait takes any.

    For runs, between their steps and at their end. Where runs are launched in the thread that launches them, it is left
    to the end of launched runs: another run would be carried out in the midst of this one.
    """
    names = set(pools)
    if instance.coordinator is None or instance.get_settings("run_launcher") == "in_process":
        return
    waiting = instance.get_runs(RunsFilter(statuses=[RunStatus.QUEUED]))
    if any(run.run_op_concurrency is not None and names & run.run_op_concurrency.all_pools for run in waiting):
        launch_queued_runs(instance, patience_seconds=_PATIENCE_OF_RUNS_SECONDS)


def launch_queued_runs(
    instance: Any, workspace: Any = None, *, patience_seconds: float = _PATIENCE_SECONDS
) -> Sequence[str]:
    """
    Launch the runs that wait and may be launched now; return their ids.

    A run that is launched in this very thread ends before this returns, and asks for a pass, too: that is left to the
    pass that goes on, which looks again until there is nothing to launch.

    Args:
        instance: The instance.
        workspace: Handed to the launcher.
        patience_seconds: How long to wait for another process that makes a pass.
    """
    if instance.scratch.get(_PASSING) == threading.get_ident():
        return []
    launched: list[str] = []
    while found := _pass(instance, workspace, patience_seconds):
        launched.extend(found)
    return launched


def _pass(instance: Any, workspace: Any, patience_seconds: float) -> Sequence[str]:
    limits = limits_of(instance)
    instance.report_lost_runs()
    end = time.monotonic() + patience_seconds
    while (lease := _take(instance)) is None:
        if time.monotonic() > end:
            return []  # whoever has it makes passes of more than a minute, and sees the end of each run that it launches
        time.sleep(_LOOK_SECONDS)
    launched = []
    instance.scratch[_PASSING] = threading.get_ident()
    try:
        queued = instance.get_runs(RunsFilter(statuses=[RunStatus.QUEUED]), ascending=True)
        going_on = instance.get_runs(RunsFilter(statuses=sorted(ACTIVE_RUN_STATUSES, key=lambda each: each.value)))
        pools = pools_now(instance, limits.pools, going_on) if any(each.run_op_concurrency for each in queued) else None
        for run in runs_to_launch(queued, going_on, limits, pools) if queued else ():
            instance.report_dagster_event(build.run_dequeued(run.job_name), run.run_id)
            try:
                instance.launch_run(run.run_id, workspace)
            except OrreryError:  # the run's own log tells it; those behind it go on
                continue
            launched.append(run.run_id)
    finally:
        del instance.scratch[_PASSING]
        instance.keeper.give_back(lease)
    return launched


def _take(instance: Any) -> Any:
    """Take the lease on the queue; None while a living process has it."""
    keeper = instance.keeper
    lease = keeper.new_lease(_LEASE, "")
    found = keeper.storage.get_leases(_LEASE)
    if found and not is_gone(found[0].owner, found[0].expires, keeper.storage.get_lease_time()):
        return None
    if not keeper.storage.put_lease(lease, instead_of=found[0].token if found else None):
        return None
    keeper.hold(lease.token)
    return lease
