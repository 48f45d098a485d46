"""The status of a run follows from its events, forward only."""

import pytest

from orrery.model.events import build
from orrery.model.events.event import EventType
from orrery.model.records.run import FINISHED_STATUSES, RunStatus
from orrery.model.records.run_status import is_terminal, status_after, status_after_event


@pytest.mark.parametrize(
    ("status", "event", "after"),
    [
        (RunStatus.NOT_STARTED, EventType.RUN_ENQUEUED, RunStatus.QUEUED),
        (RunStatus.QUEUED, EventType.RUN_DEQUEUED, None),
        (RunStatus.QUEUED, EventType.RUN_STARTING, RunStatus.STARTING),
        (RunStatus.NOT_STARTED, EventType.RUN_START, RunStatus.STARTED),
        (RunStatus.STARTING, EventType.RUN_START, RunStatus.STARTED),
        (RunStatus.STARTED, EventType.RUN_START, None),
        (RunStatus.STARTED, EventType.RUN_SUSPENDED, RunStatus.SUSPENDED),
        (RunStatus.SUSPENDED, EventType.RUN_RESUMED, RunStatus.STARTED),
        (RunStatus.STARTED, EventType.RUN_SUCCESS, RunStatus.SUCCESS),
        (RunStatus.STARTED, EventType.RUN_FAILURE, RunStatus.FAILURE),
        (RunStatus.QUEUED, EventType.RUN_CANCELED, RunStatus.CANCELED),
        (RunStatus.STARTED, EventType.RUN_CANCELING, RunStatus.CANCELING),
        (RunStatus.CANCELING, EventType.RUN_CANCELED, RunStatus.CANCELED),
        (RunStatus.CANCELING, EventType.RUN_SUCCESS, RunStatus.SUCCESS),
        (RunStatus.STARTED, EventType.STEP_FAILURE, None),
    ],
)
def test_an_event_takes_a_run_forward(status: RunStatus, event: EventType, after: RunStatus | None) -> None:
    assert status_after(status, event) is after
    assert status_after(status, event.value) is after


@pytest.mark.parametrize("status", sorted(FINISHED_STATUSES, key=lambda status: status.name))
@pytest.mark.parametrize("event", EventType)
def test_a_run_that_ended_stays_as_it_ended(status: RunStatus, event: EventType) -> None:
    """A worker that wakes up after its run was given up changes nothing."""
    assert is_terminal(status)
    assert status_after(status, event) is None


@pytest.mark.parametrize("event", [EventType.RUN_START, EventType.RUN_STARTING, EventType.RUN_ENQUEUED])
def test_a_run_that_was_asked_to_stop_does_not_start(event: EventType) -> None:
    assert status_after(RunStatus.CANCELING, event) is None


def test_a_started_run_is_not_queued_again() -> None:
    assert status_after(RunStatus.STARTED, EventType.RUN_ENQUEUED) is None


def test_a_log_line_changes_nothing() -> None:
    assert status_after_event(RunStatus.STARTED, None) is None
    assert status_after_event(RunStatus.STARTED, build.run_succeeded("j")) is RunStatus.SUCCESS
