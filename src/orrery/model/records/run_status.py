"""
How a run's status follows from its events.

A run that has ended stays as it ended: an event that comes late (a worker that wakes up after its
run was given up) changes nothing. A run that was asked to stop does not start again.
"""

from __future__ import annotations

from orrery.model.events.event import Event, EventType
from orrery.model.records.run import FINISHED_STATUSES, RunStatus

__all__ = ["STATUS_EVENTS", "is_terminal", "status_after", "status_after_event"]

STATUS_EVENTS = {
    "PIPELINE_ENQUEUED": RunStatus.QUEUED,
    "PIPELINE_STARTING": RunStatus.STARTING,
    "PIPELINE_START": RunStatus.STARTED,
    "RUN_RESUMED": RunStatus.STARTED,
    "RUN_SUSPENDED": RunStatus.SUSPENDED,
    "PIPELINE_CANCELING": RunStatus.CANCELING,
    "PIPELINE_SUCCESS": RunStatus.SUCCESS,
    "PIPELINE_FAILURE": RunStatus.FAILURE,
    "PIPELINE_CANCELED": RunStatus.CANCELED,
}

# How far a run has come by each status; an event takes it no step back, except that a run may be
# suspended and go on.
_STAGE = {
    RunStatus.NOT_STARTED: 0,
    RunStatus.MANAGED: 0,
    RunStatus.QUEUED: 1,
    RunStatus.STARTING: 2,
    RunStatus.STARTED: 3,
    RunStatus.SUSPENDED: 3,
    RunStatus.CANCELING: 4,
    RunStatus.SUCCESS: 5,
    RunStatus.FAILURE: 5,
    RunStatus.CANCELED: 5,
}


def is_terminal(status: RunStatus) -> bool:
    """Tell whether a run that stands so has ended."""
    return status in FINISHED_STATUSES


def status_after(status: RunStatus, event_type: EventType | str) -> RunStatus | None:
    """
    Return how a run stands after an event of this kind, or None if it stands as before.

    Args:
        status: How it stands.
        event_type: The kind of event, or its word on the wire.

    >>> status_after(RunStatus.STARTED, EventType.RUN_SUCCESS)
    <RunStatus.SUCCESS: 'SUCCESS'>
    >>> status_after(RunStatus.CANCELED, EventType.RUN_START) is None
    True
    """
    to = STATUS_EVENTS.get(event_type.value if isinstance(event_type, EventType) else event_type)
    if to is None or to is status or status in FINISHED_STATUSES or _STAGE[to] < _STAGE[status]:
        return None
    return to


def status_after_event(status: RunStatus, event: Event | None) -> RunStatus | None:
    """Return how a run stands after *event*, or None if it stands as before."""
    return None if event is None else status_after(status, event.event_type_value)
