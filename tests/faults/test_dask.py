"""A Dask worker that dies takes one step with it, and Dask runs none a second time."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orrery.api.verbs.execute_job import execute_job
from orrery.api.verbs.reconstruct import build_reconstructable_job
from orrery.runtime.instance import Instance
from orrery.testing.conformance.executor import story_of

distributed: Any = pytest.importorskip("distributed", reason="the extra dask is not installed")

SOURCES = str(Path(__file__).parents[2] / "src")
WAIT_SECONDS = 60.0
PROGRAM = """
    import sys
    from orrery import Instance, build_reconstructable_job, execute_job

    home, sign = sys.argv[1:]
    config = {"cluster": {"local": {"n_workers": 1, "processes": True}}}
    if __name__ == "__main__":
        job = build_reconstructable_job(
            "orrery.testing.conformance.executor_programs", "make", ("waiting", "orrery:dask_executor", config)
        )
        with Instance.local_temp(home) as instance:
            execute_job(job, instance, tags={"conformance/sign": sign})
"""


@pytest.fixture
def address() -> Iterator[str]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, protocol="tcp"
    ) as cluster:
        yield cluster.scheduler_address


def test_a_worker_that_is_killed_fails_its_step_once(tmp_path: Path, address: str) -> None:
    """The one with a retry policy is tried again; the others have one start, and nothing silent follows."""
    config = {"cluster": {"existing": {"address": address}}, "max_concurrent": 1}
    job = build_reconstructable_job(
        "orrery.testing.conformance.executor_programs", "make", ("killed", "orrery:dask_executor", config)
    )
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        story = story_of(execute_job(job, instance).all_events)
    assert [each[0] for each in story["is_killed"]] == ["STEP_START", "STEP_FAILURE"]
    assert "The Dask worker of step 'is_killed'" in story["is_killed"][-1][2]
    assert [each[0] for each in story["is_killed_once"]][:3] == ["STEP_START", "STEP_UP_FOR_RETRY", "STEP_RESTARTED"]
    assert story["is_killed_once"][-1][0] == "STEP_SUCCESS"
    assert story["others_go_on"][-1][0] == "STEP_SUCCESS"


def test_a_local_cluster_is_started_for_the_run(tmp_path: Path) -> None:
    config = {"cluster": {"local": {"n_workers": 1, "processes": True}}}
    job = build_reconstructable_job(
        "orrery.testing.conformance.executor_programs", "make", ("resources", "orrery:dask_executor", config)
    )
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        result = execute_job(job, instance)
        assert result.success
        assert "Executing steps on Dask at tcp://127.0.0.1:" in str([each.message for each in result.all_events])


def parents() -> dict[int, int]:
    """Return the parent of each living process."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if fields[0] not in "ZX":
            found[int(stat.parent.name)] = int(fields[1])
    return found


def below(process: int) -> set[int]:
    known, found = parents(), {process}
    while more := {each for each, parent in known.items() if parent in found} - found:
        found |= more
    return found - {process}


def test_a_run_that_is_killed_takes_its_local_cluster_along(tmp_path: Path) -> None:
    """The worker, who watches over it, and whatever else was started."""
    sign = tmp_path / "sign"
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROGRAM))
    process = subprocess.Popen(
        [sys.executable, str(program), str(tmp_path / "home"), str(sign)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": SOURCES},
    )
    until = time.monotonic() + WAIT_SECONDS
    while not (sign.exists() and sign.read_text()):
        assert time.monotonic() < until
        assert process.poll() is None
        time.sleep(0.02)
    started = below(process.pid)
    assert int(sign.read_text()) in started
    process.kill()
    process.wait()
    until = time.monotonic() + WAIT_SECONDS
    while left := started & parents().keys():
        assert time.monotonic() < until, left
        time.sleep(0.02)
