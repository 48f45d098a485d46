"""
Launch runs, and tell how long each took from its launch to its first event as a running one: launches.py MODULE N.

Both instants are those of the run's own events (starting, started), so that nobody's polling counts. Ours comes from a
process that has the code, after one run that is not counted; theirs is launched by its command through a server that has
the code, which starts a fresh process. ``total`` is a run that is launched half a second after the one before has ended,
``right after`` one, just one, that is launched at its end.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from common_api import persistent_instance, run, work_folder

PROJECT = """
from {module} import Definitions, job, op

@op
def say():
    return 1

@job
def quick():
    say()

defs = Definitions(jobs=[quick])
"""
AT_ONCE = "run_coordinator: {module: dagster.core.run_coordinator, class: DefaultRunCoordinator}\n"
LONGEST_SECONDS = 60.0
PAUSES = {"total": 0.5, "right after": 0.0}


def seconds_to_start(instance: Any, run_id: str) -> float:
    """Wait until a run has ended, and return how long it took from its launch to its start."""
    until = time.monotonic() + LONGEST_SECONDS
    while not (record := instance.get_run_by_id(run_id)) or not record.is_finished:
        assert time.monotonic() < until, "it has not ended"
        time.sleep(0.05)
    at = {
        entry.dagster_event.event_type_value: entry.timestamp
        for entry in instance.all_logs(run_id)
        if entry.dagster_event is not None
    }
    return at["PIPELINE_START"] - at["PIPELINE_STARTING"]


def ours(og: Any, code: Path, folder: str, n: int) -> dict[str, list[float]]:
    """Launch from one process that keeps the code."""
    from orrery.base.pointer import FilePointer, encode_pointer

    origin = encode_pointer(FilePointer(path=str(code))).decode()
    with og.Instance.local_temp(folder, overrides={"run_launcher": "forked"}) as instance:

        def launch(pause_seconds: float) -> float:
            run = instance.create_run(job_name="quick", job_code_origin=origin)
            time.sleep(pause_seconds)
            instance.launch_run(run.run_id)
            return seconds_to_start(instance, run.run_id)

        launch(0.0)
        return {part: [launch(pause) for _ in range(n if pause else 1)] for part, pause in PAUSES.items()}


def theirs(og: Any, code: Path, folder: str, n: int) -> dict[str, list[float]]:
    """Launch by the command, through a server that has the code."""
    home = Path(folder)
    (home / "dagster.yaml").write_text(AT_ONCE)
    command = str(Path(sys.executable).parent / "dagster")
    environment = {**os.environ, "DAGSTER_HOME": folder}
    with socket.socket() as found:
        found.bind(("localhost", 0))
        port = found.getsockname()[1]
    workspace = home / "workspace.yaml"
    workspace.write_text(f"load_from:\n  - grpc_server: {{host: localhost, port: {port}}}\n")
    server = subprocess.Popen(
        [command, "api", "grpc", "--host", "localhost", "--port", str(port), "-f", str(code)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        known: set[str] = set()
        with persistent_instance(og, folder) as instance:

            def launch(pause_seconds: float) -> float:
                time.sleep(pause_seconds)
                by_command = [command, "job", "launch", "-w", str(workspace), "-j", "quick"]
                subprocess.run(by_command, env=environment, capture_output=True, check=True)
                (run_id,) = {each.run_id for each in instance.get_runs()} - known
                known.add(run_id)
                return seconds_to_start(instance, run_id)

            return {part: [launch(pause) for _ in range(n if pause else 1)] for part, pause in PAUSES.items()}
    finally:
        server.terminate()
        server.wait()


def _wait_for(port: int) -> None:
    until = time.monotonic() + LONGEST_SECONDS
    while True:
        with socket.socket() as attempt:
            if attempt.connect_ex(("localhost", port)) == 0:
                return
        assert time.monotonic() < until, "the server of the code does not answer"
        time.sleep(0.1)


def main(og: Any, count: str) -> None:
    with work_folder() as folder:
        code = Path(folder) / "project.py"
        code.write_text(PROJECT.format(module=og.__name__))
        home = Path(folder) / "home"
        home.mkdir()
        taken = (ours if og.__name__ == "orrery" else theirs)(og, code, str(home), int(count))
    print(json.dumps({"seconds": {part: statistics.median(each) for part, each in taken.items()}}))


if __name__ == "__main__":
    run(main)
