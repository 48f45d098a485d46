"""
Launch runs from processes that have imported the user's code: a run begins in milliseconds.

One code process for each place of definitions, started at its first run and kept. Runs are forked from it, and
live on when it ends. It has the code as it was when it was imported: dispose of the launcher to take up new code.
"""

from __future__ import annotations

import os
import signal
import time

import msgspec

from orrery.adapters.launchers.subprocess import log_of_launch
from orrery.base.errors import InvariantViolationError
from orrery.model.records.run import Run
from orrery.runtime.ports.run_launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from orrery.runtime.processes.code_process import Child, CodeProcess

__all__ = ["ForkedRunLauncher"]

_LOAD = "orrery.workers.run:prepare"
_RUN = "orrery.workers.run:forked"
_WARMS = "orrery.workers.run:rehearse"


class ForkedRunLauncher:
    """Forks each run from a process that has imported its code."""

    def __init__(self) -> None:
        self._codes: dict[str, CodeProcess] = {}
        self._children: dict[str, tuple[CodeProcess, Child]] = {}
        self._owner = os.getpid()

    def launch_run(self, context: LaunchRunContext) -> None:
        """
        Fork the process of a run.

        Raises:
            InvariantViolationError: Nothing says where the run's code is.
            CodeLocationLoadError: The code cannot be imported.
        """
        run = context.dagster_run
        if not isinstance(run.job_code_origin, str):
            raise InvariantViolationError(
                f"Nothing says where the code of job '{run.job_name}' is, which run '{run.run_id}' executes.",
                mend="launch it with `orrery launch`, or record it with job_code_origin=.",
            )
        code = self._code(run.job_code_origin)
        job = {
            "instance": context.instance.get_ref(),
            "run_id": run.run_id,
            "token": context.token,
            "job_name": run.job_name,
            "log": log_of_launch(context.instance.storage_directory(), run.run_id),
        }
        child = code.start_child(_RUN, msgspec.json.encode(job), outlives=True)
        process = code.wait_until_started(child)
        child.channel.close()  # nothing more is said to it: a process that launches runs for days keeps no line to each
        if process is None:
            raise InvariantViolationError(
                f"The process of run '{run.run_id}' did not start.", mend="look at what the code process wrote."
            )
        context.hand_over(process)
        self._children[run.run_id] = (code, child)

    def _code(self, origin: str) -> CodeProcess:
        code = self._codes.get(origin)
        if code is None:
            code = self._codes[origin] = CodeProcess.start(_LOAD, origin.encode(), warms_spare=_WARMS)
        return code

    def terminate(self, run_id: str) -> bool:
        """Ask the process of a run to stop; tell whether it lives."""
        found = self._children.get(run_id)
        if found is None:
            return False
        code, child = found
        code.take_news()
        if child.end is not None:
            return False
        code.signal(child, signal.SIGTERM)
        return True

    def check_run_worker_health(self, run: Run) -> CheckRunHealthResult:
        """Tell how the process of a run is, if this launcher started it."""
        found = self._children.get(run.run_id)
        if found is None:
            return CheckRunHealthResult(status=WorkerStatus.NOT_FOUND)
        code, child = found
        code.take_news()
        number = str(child.process)
        if child.end is None:
            return CheckRunHealthResult(status=WorkerStatus.RUNNING, run_worker_id=number)
        status = WorkerStatus.SUCCESS if child.end.exit_code == 0 else WorkerStatus.FAILED
        return CheckRunHealthResult(status=status, msg=f"it {child.end.describe()}", run_worker_id=number)

    def join(self, timeout: float = 30) -> None:
        """Wait until the processes that were started have ended, at most *timeout* seconds."""
        until = time.monotonic() + timeout
        for code, child in self._children.values():
            code.wait(child, max(0.0, until - time.monotonic()))

    def dispose(self) -> None:
        """End the code processes; the runs go on without them."""
        if os.getpid() == self._owner:
            for code in self._codes.values():
                code.close()
        self._codes.clear()
        self._children.clear()
