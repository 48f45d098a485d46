"""
Launch a run where one is: the call returns when the run has ended.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orrery.model.records.run import Run
from orrery.runtime.ports.run_launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus

__all__ = ["InProcessRunLauncher"]


class InProcessRunLauncher:
    """
    Executes runs in this process, in the thread that launches them.

    Args:
        execute: Executes the run of an instance under a lease: instance, run id, token.
    """

    def __init__(self, execute: Callable[[Any, str, str], bool]) -> None:
        self._execute = execute

    def launch_run(self, context: LaunchRunContext) -> None:
        """Execute the run; that it failed is told in its log."""
        self._execute(context.instance, context.dagster_run.run_id, context.token)

    def terminate(self, run_id: str) -> bool:
        """Tell that nobody can be asked: whoever could be is busy with the run."""
        return False

    def check_run_worker_health(self, run: Run) -> CheckRunHealthResult:
        """Tell how the run ended: while it goes on, nobody is there to ask."""
        if not run.is_finished:
            return CheckRunHealthResult(status=WorkerStatus.UNKNOWN)
        return CheckRunHealthResult(status=WorkerStatus.SUCCESS if run.is_success else WorkerStatus.FAILED)

    def join(self, timeout: float = 30) -> None:
        """Return at once: a run has ended when its launch returns."""

    def dispose(self) -> None:
        """Do nothing."""
