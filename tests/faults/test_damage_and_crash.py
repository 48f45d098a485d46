"""A run that is killed while it makes a damaged value again: the run that goes on from there makes it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orrery import Instance, ReexecutionOptions, execute_job
from orrery.api.verbs.reconstruct import build_reconstructable_job
from orrery.model.events.event import EventType

SOURCES = str(Path(__file__).parents[2] / "src")
PROJECT = '''
import os
import signal
import sys
import time

from orrery import (
    CachePolicy, Definitions, Instance, asset, define_asset_job, execute_job, in_process_executor
)
from orrery.api.verbs.reconstruct import build_reconstructable_job
from orrery.model.events.event import EventType

HERE = os.path.dirname(os.path.abspath(__file__))
ALWAYS = CachePolicy(always=True)


def die(moment):
    """Kill the whole run, once, where this is the moment."""
    place = os.path.join(HERE, "moment")
    if not os.path.exists(place) or open(place).read() != moment:
        return
    os.unlink(place)
    os.kill(os.getpid(), signal.SIGKILL)


@asset(code_version="1")
def base():
    die("while it is made")
    return [1, 2, 3]


@asset(cache=ALWAYS)
def total(base):
    return sum(base)


@asset(cache=ALWAYS, deps=[base])
def zealot(context):
    """Be handed out together with total, and called after it."""
    place = os.path.join(HERE, "moment")
    if os.path.exists(place) and open(place).read() == "before it is made":
        end = time.monotonic() + 60
        while time.monotonic() < end:
            entries = context.instance.all_logs(context.run_id, of_type={EventType.STEP_UP_FOR_RETRY})
            if len(entries):
                die("before it is made")
            time.sleep(0.02)


def make():
    defs = Definitions(
        [base, total, zealot],
        jobs=[
            define_asset_job("all_of_it", cache=CachePolicy(verify="none"), executor_def=in_process_executor)
        ],
    )
    return defs.resolve_job_def("all_of_it")


if __name__ == "__main__":
    job = build_reconstructable_job("crashed_project", "make", (), reconstructor_working_directory=HERE)
    with Instance.local_temp(os.path.join(HERE, "home")) as instance:
        execute_job(job, instance)
'''


def story(result: Any, step: str) -> list[str]:
    kinds = {"STEP_START", "STEP_UP_FOR_RETRY", "STEP_FAILURE", "STEP_SUCCESS", "STEP_SKIPPED"}
    return [e.event_type_value for e in result.all_events if e.step_key == step and e.event_type_value in kinds]


@pytest.mark.parametrize("moment", ["while it is made", "before it is made"])
def test_a_run_that_goes_on_after_a_crash_makes_the_damaged_value(moment: str, tmp_path: Path) -> None:
    (tmp_path / "crashed_project.py").write_text(PROJECT)
    program = [sys.executable, str(tmp_path / "crashed_project.py")]
    environment = {**os.environ, "PYTHONPATH": SOURCES}
    assert subprocess.run(program, env=environment, capture_output=True, timeout=120, check=False).returncode == 0
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        file = Path(instance.storage_directory()) / "base.pickle"
        file.write_bytes(b"garbage")
        (tmp_path / "moment").write_text(moment)
        died = subprocess.run(program, env=environment, capture_output=True, timeout=120, check=False)
        assert died.returncode == -9
        run = instance.get_runs()[0]
        assert instance.all_logs(run.run_id, of_type={EventType.STEP_UP_FOR_RETRY})
        assert file.read_bytes() == b"garbage"
        job = build_reconstructable_job("crashed_project", "make", (), reconstructor_working_directory=str(tmp_path))
        result = execute_job(job, instance, reexecution_options=ReexecutionOptions.from_failure(run.run_id, instance))
        assert result.success
        assert story(result, "base") == ["STEP_START", "STEP_SUCCESS"]
        assert story(result, "total") == ["STEP_START", "STEP_SUCCESS"]
