"""
Waiting for a run that another process executes.
"""

from __future__ import annotations

import time
from typing import Any

from orrery.cli.endings import FAILED, INTERRUPTED, SUCCESS, interrupted_by
from orrery.cli.json_output import echo_json
from orrery.cli.paper import echo, styled
from orrery.model.events.event import EventType
from orrery.model.records.run import Run, RunStatus
from orrery.runtime.engine.interrupts import signal_told
from orrery.runtime.instance.instance import Instance

__all__ = ["exit_code_of", "follow_launched", "tell_status", "wait_until_it_ends"]

_POLL_SECONDS = 0.1
_LOOK_SECONDS = 1.0


def wait_until_it_ends(instance: Instance, run_id: str, timeout_seconds: float | None = None) -> Run | None:
    """
    Wait until a run has ended, and return it; None if the time is over before.

    A run whose process is gone has ended: that is looked for meanwhile.
    """
    until = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    looked = time.monotonic()
    while True:
        run = instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return run
        if until is not None and time.monotonic() >= until:
            return None
        if time.monotonic() - looked > _LOOK_SECONDS:
            looked = time.monotonic()
            instance.report_lost_runs()
        time.sleep(_POLL_SECONDS)


def tell_status(run_id: str, status: str, as_json: bool = False) -> None:
    """Tell how a run stands: in a line, or in a document."""
    if as_json:
        echo_json({"run_id": run_id, "status": status})
    else:
        echo(f"{run_id}  {styled(status)}")


def follow_launched(instance: Instance, run: Run, *, wait: bool, as_json: bool) -> int:
    """
    Tell that a run was submitted, with *wait* also how it ended; return the exit code.

    One document tells both: the one of the end, where it is waited for.
    """
    if not (wait and as_json):
        tell_status(run.run_id, run.status.value.lower(), as_json)
    if not wait:
        return SUCCESS
    ended = wait_until_it_ends(instance, run.run_id)
    return FAILED if ended is None else exit_code_of(instance, ended, as_json)


def exit_code_of(instance: Instance, run: Run, as_json: bool = False) -> int:
    """Tell how a run ended, and return the exit code that says so: of a canceled one, that of the signal that ended it."""
    tell_status(run.run_id, run.status.value.lower(), as_json)
    if run.status is not RunStatus.CANCELED:
        return SUCCESS if run.is_success else FAILED
    for entry in instance.all_logs(run.run_id, of_type=EventType.RUN_CANCELED):
        data: Any = entry.get_dagster_event().event_specific_data
        if data is not None and data.error is not None:
            return interrupted_by(signal_told(data.error.message))
    return INTERRUPTED
