"""
Leases: which process has a run in hand, and what follows when that process is gone.

Pure. A process renews its leases while it lives; whoever looks next compares what the lease says with what
is known of that process (``runtime/instance/leases.py`` looks, ``runtime/instance/lost_runs.py`` records
what follows). On the machine of the owner its process is looked up, so that a death is told at once, and a
process that merely sleeps is left alone; from elsewhere only the end of the lease tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from orrery.model.events import build
from orrery.model.events.entry import EventLogEntry
from orrery.model.events.error_info import ErrorInfo
from orrery.model.events.event import Event
from orrery.model.events.payloads import ErrorSource, RunFailureReason
from orrery.model.records.run import FINISHED_STATUSES, Run, RunStatus

__all__ = [
    "LEASE_SECONDS",
    "RENEWAL_SECONDS",
    "Lease",
    "Owner",
    "events_of_a_lost_run",
    "is_abandoned",
    "run_lease_name",
    "steps_going_on",
]

LEASE_SECONDS = 30.0
"""How long a lease holds without being renewed, for those who cannot look the process up."""

RENEWAL_SECONDS = 8.0
"""How often a living process renews its leases: three renewals may fail before anybody is told."""

_BEGUN = ("STEP_START", "STEP_RESTARTED")
_ENDED = ("STEP_SUCCESS", "STEP_FAILURE", "STEP_SKIPPED", "STEP_UP_FOR_RETRY")


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """
    One process, such that no other is taken for it.

    Attributes:
        host: Name of its machine, for people.
        machine: Names the table of processes that its number belongs to: one boot of one machine, one
            container. Empty where processes cannot be looked up.
        pid: Its number there.
        started: When it started, in ticks since that boot: numbers of processes are given again.
    """

    host: str
    machine: str
    pid: int
    started: int

    def __str__(self) -> str:
        return f"pid {self.pid} on {self.host}"


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """
    What one process has in hand.

    Attributes:
        name: What it is; one lease a name.
        token: Names this claim; whoever takes the lease over gives it another.
        owner: The process.
        run_id: The run with whose end the lease ends; empty for none.
        taken: When it was taken, in seconds since 1970 (UTC).
        expires: Until when it holds, where the process cannot be looked up.
    """

    name: str
    token: str
    owner: Owner
    run_id: str = ""
    taken: float
    expires: float


def run_lease_name(run_id: str) -> str:
    """Return the name of the lease on a run."""
    return f"run/{run_id}"


def is_abandoned(owner: Owner, expires: float, *, machine: str, now: float, is_running: bool) -> bool:
    """
    Tell whether what *owner* has in hand is nobody's by now.

    Args:
        owner: Who took it.
        expires: Until when it holds.
        machine: The machine from which we look.
        now: The present instant, in seconds since 1970 (UTC).
        is_running: Whether the process was found, if it is one of our machine; not asked otherwise.

    >>> owner = Owner(host="a", machine="boot-1", pid=7, started=1)
    >>> is_abandoned(owner, 100.0, machine="boot-1", now=50.0, is_running=False)
    True
    >>> is_abandoned(owner, 100.0, machine="boot-2", now=50.0, is_running=False)
    False
    """
    if machine and owner.machine == machine:
        return not is_running
    return now > expires


def events_of_a_lost_run(run: Run, entries: Iterable[EventLogEntry], owner: Owner) -> Sequence[Event]:
    """
    Return what is to be recorded of a run whose process is gone: the steps that were going on, then its end.

    Nothing for a run that has ended, or that waits in the queue. A run that was asked to stop is canceled;
    every other one failed.

    Args:
        run: The run as it stands.
        entries: Its log, oldest first.
        owner: The process that had it in hand.
    """
    if run.status in FINISHED_STATUSES or run.status is RunStatus.QUEUED:
        return ()
    cause = f"its process ({owner}) is gone"
    if run.status is RunStatus.CANCELING:
        return (build.run_canceled(run.job_name, message=f"The run was asked to stop, and {cause}."),)
    going_on = steps_going_on(entries)
    told = ErrorInfo(message=f"The process of the run ({owner}) is gone.", cls_name="ProcessLost")
    return (
        *(build.step_failed(ref, told, error_source=ErrorSource.UNEXPECTED_ERROR) for ref in going_on),
        build.run_failed(
            run.job_name,
            told,
            reason=RunFailureReason.UNEXPECTED_TERMINATION,
            context_message=f"{cause[0].upper()}{cause[1:]}.",
            first_failed_step=going_on[0].step_key if going_on else None,
        ),
    )


def steps_going_on(entries: Iterable[EventLogEntry]) -> list[build.StepRef]:
    """Return the steps that began and did not end, in the order in which they began."""
    going_on: dict[str, build.StepRef] = {}
    for entry in entries:
        event = entry.dagster_event
        if event is None or event.step_key is None:
            continue
        if event.event_type_value in _BEGUN:
            going_on[event.step_key] = build.StepRef(
                event.job_name, event.step_key, event.node_handle, event.step_kind, event.pid
            )
        elif event.event_type_value in _ENDED:
            going_on.pop(event.step_key, None)
    return list(going_on.values())
