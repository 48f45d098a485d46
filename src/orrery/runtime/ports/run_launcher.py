"""
Launchers: who starts the process that executes a run, and knows whether it lives.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Protocol

import msgspec

from orrery.model.records.run import Run

__all__ = ["CheckRunHealthResult", "LaunchRunContext", "RunLauncher", "WorkerStatus"]


class WorkerStatus(Enum):
    """How the process of a run is."""

    RUNNING = "RUNNING"
    NOT_FOUND = "NOT_FOUND"
    FAILED = "FAILED"
    SUCCESS = "SUCCESS"
    UNKNOWN = "UNKNOWN"


class CheckRunHealthResult(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a launcher knows about the process of a run.

    Attributes:
        status: How it is.
        msg: What people should read about it.
        run_worker_id: Names the process.
    """

    status: WorkerStatus
    msg: str | None = None
    run_worker_id: str | None = None


class LaunchRunContext(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a launcher is given.

    Attributes:
        dagster_run: The run to launch; it is recorded.
        workspace: Where its code is found; None where the run itself says it.
        instance: The instance that it is recorded in.
        token: Of the lease with which the launching process has the run in hand; whoever executes it takes it over.
        hand_over: To be told the number of the process that executes it, as soon as it is known.
    """

    dagster_run: Run
    workspace: Any = None
    instance: Any = None
    token: str = ""
    hand_over: Callable[[int], None] = lambda _process: None

    @property
    def run(self) -> Run:
        """Return the run to launch."""
        return self.dagster_run


class RunLauncher(Protocol):
    """Starts and stops the processes of runs."""

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start a process that executes the run; return when it is sure to start."""
        ...

    def terminate(self, run_id: str) -> bool:
        """Ask the process of a run to stop; tell whether there was one."""
        ...

    def check_run_worker_health(self, run: Run) -> CheckRunHealthResult:
        """Tell how the process of a run is."""
        ...

    def join(self, timeout: float = 30) -> None:
        """Wait until the processes that were started have ended, at most *timeout* seconds."""
        ...

    def dispose(self) -> None:
        """Let go of processes and threads."""
        ...
