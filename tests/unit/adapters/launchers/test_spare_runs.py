"""Launched runs that are forked from a process with their code: at rest, the next one has its process already."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from stat import S_ISSOCK

import pytest

from orrery.base.pointer import FilePointer, encode_pointer
from orrery.model.records.run import RunStatus
from orrery.runtime.instance import Instance

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")

WAIT_SECONDS = 60.0
PROJECT = """
import os

from orrery import Definitions, job, op


@op
def says():
    with open(os.path.join(os.path.dirname(__file__), "said"), "a") as file:
        file.write(f"{os.getppid()} {os.getpid()}\\n")


@job
def nightly():
    says()


defs = Definitions(jobs=[nightly])
"""


def wait_until(found: Callable[[], object]) -> bool:
    until = time.monotonic() + WAIT_SECONDS
    while not found():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def open_sockets() -> set[int]:
    """Return the descriptors of this process that are sockets."""
    found = set()
    for each in os.listdir("/proc/self/fd"):
        try:
            if S_ISSOCK(os.fstat(int(each)).st_mode):
                found.add(int(each))
        except OSError:  # that of the listing itself
            continue
    return found


def asleep_below(parent: int) -> list[int]:
    """Return the children of a process that wait for something."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if fields[0] == "S" and int(fields[1]) == parent:
            found.append(int(stat.parent.name))
    return found


def test_the_next_run_is_executed_by_a_process_that_was_there(tmp_path: Path) -> None:
    (tmp_path / "project.py").write_text(PROJECT, encoding="utf-8")
    origin = encode_pointer(FilePointer(path=str(tmp_path / "project.py"))).decode()
    with Instance.local_temp(str(tmp_path / "home"), overrides={"run_launcher": "forked"}) as instance:

        def launch() -> tuple[int, int]:
            run = instance.create_run(job_name="nightly", job_code_origin=origin)
            instance.launch_run(run.run_id)
            assert wait_until(lambda: instance.get_run_by_id(run.run_id).status is RunStatus.SUCCESS)
            code, process = (tmp_path / "said").read_text(encoding="utf-8").splitlines()[-1].split()
            return int(code), int(process)

        code, first = launch()
        found: set[int] = set()
        assert wait_until(lambda: found.update({*asleep_below(code)} - {first}) or found)
        # It may have been asleep while it makes itself warm; until it is ready, runs are forked, and a later one has it.
        assert wait_until(lambda: launch()[1] in found)


def test_no_line_to_a_launched_run_stays_open(tmp_path: Path) -> None:
    """One for each would use up the descriptors of a process that launches runs for days."""
    (tmp_path / "project.py").write_text(PROJECT, encoding="utf-8")
    origin = encode_pointer(FilePointer(path=str(tmp_path / "project.py"))).decode()
    with Instance.local_temp(str(tmp_path / "home"), overrides={"run_launcher": "forked"}) as instance:

        def sockets_after_a_run() -> int:
            run = instance.create_run(job_name="nightly", job_code_origin=origin)
            instance.launch_run(run.run_id)
            assert wait_until(lambda: instance.get_run_by_id(run.run_id).status is RunStatus.SUCCESS)
            return len(open_sockets())

        assert sockets_after_a_run() == sockets_after_a_run()
