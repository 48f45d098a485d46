"""
Stopping a run from outside: asked first, killed when it does not listen.
"""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from orrery.base.errors import InvariantViolationError
from orrery.model.records.lease import Lease, run_lease_name
from orrery.model.records.run import Run, RunStatus
from orrery.runtime.instance.leases import is_of_this_machine, is_running

__all__ = ["GRACE_SECONDS", "cancel_run"]

GRACE_SECONDS = 10.0
"""How long a run that was asked to stop has for closing its resources, before its process is killed."""

_KILLED_SECONDS = 10.0
"""How long a process that was killed is waited for: the system takes its memory back first."""

_TICK_SECONDS = 0.05


def cancel_run(instance: Any, run: Run, *, grace_seconds: float = GRACE_SECONDS) -> bool:
    """
    Stop a run; return whether it was one that could be stopped.

    A run that waits is canceled. One that goes on is asked to stop (SIGTERM): it closes its resources in reverse and
    records that it was canceled. When the time of grace is over, its process is killed, and the end of the run recorded for it.

    Args:
        instance: The instance it is recorded in.
        run: The run.
        grace_seconds: The time of grace.

    Raises:
        InvariantViolationError: Its process is on another machine, or is this one.
    """
    if run.is_finished:
        return False
    lease = _lease(instance, run.run_id)
    if lease is None:
        instance.report_run_canceled(run, "The run was canceled before a process executed it.")
        instance.flush(run.run_id)
        return True
    _check_reach(run, lease)
    if run.status is not RunStatus.CANCELING:
        instance.report_run_canceling(run)
        instance.flush(run.run_id)
    _signal(lease, signal.SIGTERM)
    if not _ends(instance, run.run_id, lease, grace_seconds):
        _signal(lease, signal.SIGKILL)
        _ends(instance, run.run_id, lease, _KILLED_SECONDS)
    instance.report_lost_runs()
    return True


def _lease(instance: Any, run_id: str) -> Lease | None:
    instance.report_lost_runs()
    found = instance.leases.get_leases(run_lease_name(run_id)) if instance.leases is not None else []
    return found[0] if found else None


def _check_reach(run: Run, lease: Lease) -> None:
    if lease.owner.pid == os.getpid() and is_of_this_machine(lease.owner):
        raise InvariantViolationError(
            f"Run '{run.run_id}' is executed by this very process.", mend="stop it from another process, or by Ctrl-C."
        )
    if not is_of_this_machine(lease.owner):
        raise InvariantViolationError(
            f"Run '{run.run_id}' is executed by {lease.owner}, which cannot be signalled from here.",
            mend=f"cancel it on {lease.owner.host}.",
        )


def _signal(lease: Lease, number: signal.Signals) -> None:
    if is_running(lease.owner):
        try:
            os.kill(lease.owner.pid, number)
        except ProcessLookupError:  # it ended just now
            return


def _ends(instance: Any, run_id: str, lease: Lease, seconds: float) -> bool:
    """Wait until a run has ended, or its process has; tell whether it came to that."""
    until = time.monotonic() + seconds
    while is_running(lease.owner) and not instance.is_run_finished(run_id):
        if time.monotonic() > until:
            return False
        time.sleep(_TICK_SECONDS)
    return True
