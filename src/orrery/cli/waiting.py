"""
Waiting for a run that another process executes.
"""

from __future__ import annotations

import time
from typing import Any

from orrery.cli.endings import FAILED, INTERRUPTED, SUCCESS, interrupted_by
from orrery.cli.paper import echo, styled
from orrery.model.events.event import EventType
from orrery.model.records.run import Run, RunStatus
from orrery.runtime.engine.interrupts import signal_told
from orrery.runtime.instance.instance import Instance

__all__ = ["exit_code_of", "wait_until_it_ends"]

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


def exit_code_of(instance: Instance, run: Run) -> int:
    """Tell how a run ended, and return the exit code that says so: of a canceled one, that of the signal that ended it."""
    echo(f"{run.run_id}  {styled(run.status.value.lower())}")
    if run.status is not RunStatus.CANCELED:
        return SUCCESS if run.is_success else FAILED
    for entry in instance.all_logs(run.run_id, of_type=EventType.RUN_CANCELED):
        data: Any = entry.get_dagster_event().event_specific_data
        if data is not None and data.error is not None:
            return interrupted_by(signal_told(data.error.message))
    return INTERRUPTED
