"""
The queue at work: launch what may be launched now.

There is no daemon in this either. :func:`launch_queued_runs` makes one pass; it is called when a run is submitted, by
every launched run when it has ended, and by ``orrery queue run``. One process at a time makes a pass, by a lease; whoever
finds it taken waits for it, as the pass that goes on may have looked before there was room.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from orrery.base.errors import OrreryError, StorageError
from orrery.model.automation.queue import QueueLimits, queue_limits, runs_to_launch
from orrery.model.events import build
from orrery.model.records.run import ACTIVE_RUN_STATUSES, RunsFilter, RunStatus
from orrery.runtime.instance.leases import is_gone

__all__ = ["launch_queued_runs", "limits_of"]

_LEASE = "queue"
_PASSING = "thread of the pass over the queue"
_LOOK_SECONDS = 0.02
_PATIENCE_SECONDS = 60.0


def limits_of(instance: Any) -> QueueLimits:
    """
    Return the limits that the settings of an instance give its queue.

    Raises:
        StorageError: They say what nobody understands.
    """
    given = (instance.get_settings("concurrency") or {}).get("runs") or {}
    try:
        return queue_limits(given)
    except ValueError as error:
        raise StorageError(
            f"The settings of the instance, concurrency: runs: {error}.", mend="correct orrery.yaml."
        ) from error


def launch_queued_runs(instance: Any, workspace: Any = None) -> Sequence[str]:
    """
    Launch the runs that wait and may be launched now; return their ids.

    A run that is launched in this very thread ends before this returns, and asks for a pass, too: that is left to the
    pass that goes on, which looks again until there is nothing to launch.

    Args:
        instance: The instance.
        workspace: Handed to the launcher.
    """
    if instance.scratch.get(_PASSING) == threading.get_ident():
        return []
    launched: list[str] = []
    while found := _pass(instance, workspace):
        launched.extend(found)
    return launched


def _pass(instance: Any, workspace: Any) -> Sequence[str]:
    limits = limits_of(instance)
    instance.report_lost_runs()
    end = time.monotonic() + _PATIENCE_SECONDS
    while (lease := _take(instance)) is None:
        if time.monotonic() > end:
            return []  # whoever has it makes passes of more than a minute, and sees the end of each run that it launches
        time.sleep(_LOOK_SECONDS)
    launched = []
    instance.scratch[_PASSING] = threading.get_ident()
    try:
        queued = instance.get_runs(RunsFilter(statuses=[RunStatus.QUEUED]), ascending=True)
        going_on = instance.get_runs(RunsFilter(statuses=sorted(ACTIVE_RUN_STATUSES, key=lambda each: each.value)))
        for run in runs_to_launch(queued, going_on, limits) if queued else ():
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
