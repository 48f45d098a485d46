"""
Launch each run in a fresh interpreter, which lives on when whoever launched it ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

import msgspec

from orrery.model.records.run import Run
from orrery.runtime.ports.run_launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus

__all__ = ["RUN_MODULE", "SubprocessRunLauncher", "log_of_launch"]

RUN_MODULE = "orrery.workers.run"
_TICK_SECONDS = 0.05


def log_of_launch(storage_directory: str, run_id: str) -> str:
    """Return the file that takes what the process of a run writes outside its steps; its folder is made."""
    folder = os.path.join(storage_directory, run_id)
    os.makedirs(folder, exist_ok=True)
    return os.path.join(folder, "process.log")


class SubprocessRunLauncher:
    """Starts an interpreter for each run."""

    def __init__(self) -> None:
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start the process of a run; what it writes outside its steps goes to a file beside the run's values."""
        instance, run_id = context.instance, context.dagster_run.run_id
        job = {"instance": instance.get_ref(), "run_id": run_id, "token": context.token}
        with open(log_of_launch(instance.storage_directory(), run_id), "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", RUN_MODULE],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)},
                start_new_session=True,
            )
        assert process.stdin is not None
        context.hand_over(process.pid)
        self._processes[run_id] = process
        try:
            process.stdin.write(msgspec.json.encode(job))
            process.stdin.close()
        except BrokenPipeError:  # it ended before it was told: whoever looks next records it
            return

    def terminate(self, run_id: str) -> bool:
        """Ask the process of a run to stop; tell whether it lives."""
        process = self._processes.get(run_id)
        if process is None or process.poll() is not None:
            return False
        process.terminate()
        return True

    def check_run_worker_health(self, run: Run) -> CheckRunHealthResult:
        """Tell how the process of a run is, if this launcher started it."""
        process = self._processes.get(run.run_id)
        if process is None:
            return CheckRunHealthResult(status=WorkerStatus.NOT_FOUND)
        code, number = process.poll(), str(process.pid)
        if code is None:
            return CheckRunHealthResult(status=WorkerStatus.RUNNING, run_worker_id=number)
        status = WorkerStatus.SUCCESS if code == 0 else WorkerStatus.FAILED
        return CheckRunHealthResult(status=status, msg=f"it ended with exit code {code}", run_worker_id=number)

    def join(self, timeout: float = 30) -> None:
        """Wait until the processes that were started have ended, at most *timeout* seconds."""
        until = time.monotonic() + timeout
        while any(each.poll() is None for each in self._processes.values()) and time.monotonic() < until:
            time.sleep(_TICK_SECONDS)

    def dispose(self) -> None:
        """Leave the processes to themselves."""
        for each in self._processes.values():
            each.poll()
            each.returncode = 0 if each.returncode is None else each.returncode  # it goes on without us
        self._processes.clear()
