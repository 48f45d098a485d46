"""The command is stopped while a step runs in a process of its own: exit code 130 or 143, a canceled run, and nothing left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orrery import Instance, RunStatus

pytestmark = pytest.mark.walk

WAIT_SECONDS = 60.0
PROJECT = """
import os
import time

from orrery import Definitions, asset, {executor} as executor


@asset
def waits() -> None:
    with open("sign.part", "w") as file:
        file.write(str(os.getpid()))
    os.replace("sign.part", "sign")
    while True:
        time.sleep(0.05)


defs = Definitions([waits], executor=executor.configured({config}))
"""
EXECUTORS = {
    "in_process_executor": {"threads": 2},
    "multiprocess_executor": {},
    "dask_executor": {"cluster": {"local": {"n_workers": 1}}},
    "ray_executor": {"cluster": {"local": {"num_cpus": 1}}},
}


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_stopped_command_ends_with_its_code_and_leaves_no_worker(executor: str, tmp_path: Path) -> None:
    if executor in ("dask_executor", "ray_executor"):
        pytest.importorskip({"dask_executor": "distributed", "ray_executor": "ray"}[executor], reason="no such extra")
    (tmp_path / "project.py").write_text(PROJECT.format(executor=executor, config=EXECUTORS[executor]))
    home = tmp_path / "home"
    home.mkdir()
    for number in (signal.SIGTERM, signal.SIGINT) if executor == "multiprocess_executor" else (signal.SIGTERM,):
        sign = tmp_path / "sign"
        sign.unlink(missing_ok=True)
        command = subprocess.Popen(
            [sys.executable, "-m", "orrery", "materialize", "*", "-f", "project.py"],
            cwd=tmp_path,
            env={**os.environ, "ORRERY_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert wait_until(lambda sign=sign, command=command: sign.exists() or command.poll() is not None)
        command.send_signal(number)
        output, _ = command.communicate(timeout=WAIT_SECONDS)
        assert command.returncode == 128 + number, output
        worker = int(sign.read_text())
        assert wait_until(lambda worker=worker: not Path(f"/proc/{worker}").exists())
        with Instance.from_config(str(home)) as instance:
            assert instance.get_runs(limit=1)[0].status is RunStatus.CANCELED


def wait_until(found: Callable[[], bool]) -> bool:
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        if found():
            return True
        time.sleep(0.02)
    return False
