"""The workers of a run that was forked from a process with its code: forked in turn, and ended with it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orrery.base.pointer import FilePointer, encode_pointer
from orrery.model.records.run import RunStatus
from orrery.runtime.instance import Instance

WAIT_SECONDS = 60.0
PROMISED_SECONDS = 5.0
LOAD_SECONDS = 10.0
PROJECT = """
import os
import time

from orrery import Definitions, job, multi_or_in_process_executor, multiprocess_executor, op


def note(name):
    with open(os.path.join(os.path.dirname(__file__), name), "a") as file:
        file.write(f"{os.getpid()}\\n")


note("imported")


@op
def works():
    note("worked")


@op
def waits():
    note("worked")
    time.sleep(600)


@job(executor_def=multiprocess_executor)
def nightly():
    works()


@job(executor_def=multiprocess_executor.configured({"max_concurrent": 1}, name="one"))
def hangs():
    waits()


@job(executor_def=multi_or_in_process_executor)
def either():
    works()


defs = Definitions(jobs=[nightly, hangs, either])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("launched")
    (made / "project.py").write_text(PROJECT, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def shared(folder: Path) -> Iterator[Instance]:
    with Instance.local_temp(str(folder / "home"), overrides={"run_launcher": "forked"}) as made:
        yield made


@pytest.fixture
def instance(shared: Instance, folder: Path) -> Instance:
    (folder / "worked").unlink(missing_ok=True)
    return shared


def launch(instance: Instance, folder: Path, job_name: str, run_config: dict[str, object] | None = None) -> str:
    origin = encode_pointer(FilePointer(path=str(folder / "project.py"))).decode()
    run = instance.create_run(job_name=job_name, run_config=run_config, job_code_origin=origin)
    instance.launch_run(run.run_id)
    return run.run_id


def process_of(instance: Instance, run_id: str) -> int:
    return int(instance.run_launcher.check_run_worker_health(instance.get_run_by_id(run_id)).run_worker_id)


def numbers_in(path: Path) -> list[int]:
    return [int(each) for each in path.read_text(encoding="utf-8").split()] if path.exists() else []


def session_of(leader: int) -> list[int]:
    """Return the living processes of the session that the process of a run leads."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == leader and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def wait_until(found: Callable[[], bool]) -> bool:
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        if found():
            return True
        time.sleep(0.02)
    return False


def test_workers_of_a_forked_run_import_nothing_again(instance: Instance, folder: Path) -> None:
    run_id = launch(instance, folder, "nightly")
    leader = process_of(instance, run_id)
    assert wait_until(lambda: instance.is_run_finished(run_id))
    assert instance.get_run_by_id(run_id).status is RunStatus.SUCCESS
    (importer,) = numbers_in(folder / "imported")
    (worker,) = numbers_in(folder / "worked")
    assert len({importer, leader, worker}) == 3
    assert wait_until(lambda: not session_of(leader))


def test_a_run_that_needs_no_workers_leaves_no_copy_behind(instance: Instance, folder: Path) -> None:
    run_id = launch(instance, folder, "either", {"execution": {"config": {"in_process": {}}}})
    leader = process_of(instance, run_id)
    assert wait_until(lambda: instance.is_run_finished(run_id))
    assert instance.get_run_by_id(run_id).status is RunStatus.SUCCESS
    assert numbers_in(folder / "worked") == [leader]
    assert wait_until(lambda: not session_of(leader))


def test_workers_end_when_a_forked_run_is_killed(instance: Instance, folder: Path) -> None:
    run_id = launch(instance, folder, "hangs")
    leader = process_of(instance, run_id)
    assert wait_until(lambda: bool(numbers_in(folder / "worked")))
    assert len(session_of(leader)) == 3, "the run, the copy that workers are forked from, and a worker"
    assert len(numbers_in(folder / "imported")) == 1
    os.kill(leader, signal.SIGKILL)
    killed = time.monotonic()
    assert wait_until(lambda: not session_of(leader))
    assert time.monotonic() - killed < PROMISED_SECONDS + LOAD_SECONDS


def test_a_forked_run_that_is_stopped_takes_its_workers_with_it(instance: Instance, folder: Path) -> None:
    run_id = launch(instance, folder, "hangs")
    leader = process_of(instance, run_id)
    assert wait_until(lambda: bool(numbers_in(folder / "worked")))
    assert instance.run_launcher.terminate(run_id)
    assert wait_until(lambda: instance.is_run_finished(run_id))
    assert instance.get_run_by_id(run_id).status is RunStatus.CANCELED
    assert wait_until(lambda: not session_of(leader))
