"""Leases: who is gone, and what follows."""

from __future__ import annotations

import pytest

from orrery.model.events import build
from orrery.model.events.entry import EventLogEntry
from orrery.model.events.event import Event
from orrery.model.events.payloads import RunFailureData, RunFailureReason
from orrery.model.records.lease import Owner, events_of_a_lost_run, is_abandoned
from orrery.model.records.run import Run, RunStatus

OWNER = Owner(host="here", machine="boot-1", pid=7, started=11)


def entries(*events: Event) -> list[EventLogEntry]:
    return [
        EventLogEntry(None, 20, "", "run-1", float(at), event.step_key, "job", event) for at, event in enumerate(events)
    ]


def start(key: str) -> Event:
    return build.step_start(build.StepRef("job", key))


@pytest.mark.parametrize("now", [5.0, 5_000.0])
@pytest.mark.parametrize("is_running", [True, False])
def test_on_its_own_machine_the_process_tells(now: float, is_running: bool) -> None:
    """A process that sleeps for an hour is there; one that is gone is gone at once."""
    gone = is_abandoned(OWNER, 10.0, machine="boot-1", now=now, is_running=is_running)
    assert gone is not is_running


@pytest.mark.parametrize("machine", ["boot-2", ""])
def test_from_elsewhere_the_end_of_the_lease_tells(machine: str) -> None:
    assert not is_abandoned(OWNER, 10.0, machine=machine, now=9.0, is_running=False)
    assert is_abandoned(OWNER, 10.0, machine=machine, now=11.0, is_running=False)


def test_processes_that_cannot_be_looked_up_are_judged_by_time() -> None:
    nobody = Owner(host="a", machine="", pid=1, started=-1)
    assert not is_abandoned(nobody, 10.0, machine="", now=9.0, is_running=False)


def test_the_steps_that_were_going_on_fail_with_the_cause() -> None:
    """Those that ended, or wait for another attempt, do not."""
    log = entries(
        start("a"),
        build.step_success(build.StepRef("job", "a"), 1.0),
        start("b"),
        start("c"),
        start("d"),
        build.step_up_for_retry(build.StepRef("job", "d"), None),
    )
    *steps, end = events_of_a_lost_run(Run(job_name="job", run_id="run-1", status=RunStatus.STARTED), log, OWNER)
    assert [(event.event_type_value, event.step_key) for event in steps] == [
        ("STEP_FAILURE", "b"),
        ("STEP_FAILURE", "c"),
    ]
    assert end.event_type_value == "PIPELINE_FAILURE"
    assert "its process (pid 7 on here) is gone" in end.message.lower()
    data = end.event_specific_data
    assert isinstance(data, RunFailureData)
    assert (data.failure_reason, data.first_step_failure_key) == (RunFailureReason.UNEXPECTED_TERMINATION, "b")


@pytest.mark.parametrize("status", [RunStatus.NOT_STARTED, RunStatus.STARTING])
def test_a_run_that_had_not_begun_fails_too(status: RunStatus) -> None:
    (end,) = events_of_a_lost_run(Run(job_name="job", run_id="run-1", status=status), [], OWNER)
    assert end.event_type_value == "PIPELINE_FAILURE"


def test_a_run_that_was_asked_to_stop_is_canceled() -> None:
    run = Run(job_name="job", run_id="run-1", status=RunStatus.CANCELING)
    (end,) = events_of_a_lost_run(run, entries(start("a")), OWNER)
    assert end.event_type_value == "PIPELINE_CANCELED"


@pytest.mark.parametrize("status", [RunStatus.SUCCESS, RunStatus.FAILURE, RunStatus.CANCELED, RunStatus.QUEUED])
def test_nothing_follows_for_a_run_that_ended_or_waits(status: RunStatus) -> None:
    assert events_of_a_lost_run(Run(job_name="job", run_id="run-1", status=status), entries(start("a")), OWNER) == ()
