"""Runs whose process is gone: told by whoever looks next, once, with the cause."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import msgspec
import pytest

from orrery.base.errors import RunConflictError
from orrery.model.events.event import EventType
from orrery.model.events.payloads import RunFailureData, StepFailureData
from orrery.model.records.lease import run_lease_name
from orrery.model.records.run import Run, RunStatus
from orrery.runtime.instance import Instance
from orrery.runtime.instance.leases import this_process

SOURCES = str(Path(__file__).parents[2] / "src")
PROGRAM = """
    import os, sys, time
    from orrery import Instance, asset, materialize

    home, shape = sys.argv[1:]

    @asset
    def first():
        return 1

    @asset
    def second(first):
        if shape == "forks":
            child = os.fork()
            if child == 0:
                os._exit(0)
            os.waitpid(child, 0)
        print("started", flush=True)
        time.sleep(600)

    @asset
    def third(second):
        return 3

    with Instance.local_temp(home) as instance:
        if shape == "planned":
            real = type(instance).create_run
            def create_run(self, **fields):
                real(self, **fields)
                print("started", flush=True)
                time.sleep(600)
            type(instance).create_run = create_run
        materialize([first, second, third], instance=instance)
"""


def start(home: Path, shape: str = "ordinary") -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(home), shape],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": SOURCES},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    return process


def kill(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    return process.pid


def the_run(instance: Instance) -> Run:
    (run,) = instance.get_runs()
    return run


def test_a_killed_run_is_told_by_the_next_who_opens(tmp_path: Path) -> None:
    """With its cause; the step that was going on failed, what came before it stands."""
    pid = kill(start(tmp_path))
    began = time.monotonic()
    with Instance.local_temp(str(tmp_path)) as instance:
        run = the_run(instance)
        assert run.status is RunStatus.FAILURE
        assert time.monotonic() - began < 30
        (end,) = instance.all_logs(run.run_id, of_type=EventType.RUN_FAILURE)
        assert f"Its process (pid {pid} on {this_process().host}) is gone." in end.get_dagster_event().message
        data = end.get_dagster_event().event_specific_data
        assert isinstance(data, RunFailureData)
        assert data.first_step_failure_key == "second"
        (failure,) = instance.all_logs(run.run_id, of_type=EventType.STEP_FAILURE)
        assert failure.step_key == "second"
        found = failure.get_dagster_event().event_specific_data
        assert isinstance(found, StepFailureData)
        assert found.error is not None
        assert f"pid {pid}" in found.error.message
        states = {state.asset_key.to_user_string(): state for state in instance.get_asset_states()}
        assert states["first"].last_materialization is not None
        assert states["second"].last_materialization is None
        assert instance.leases is not None
        assert instance.leases.get_leases() == []


def test_a_run_that_was_killed_before_it_started_is_told(tmp_path: Path) -> None:
    """It is not left as one that has yet to begin."""
    kill(start(tmp_path, "planned"))
    with Instance.local_temp(str(tmp_path)) as instance:
        assert the_run(instance).status is RunStatus.FAILURE


@pytest.mark.parametrize("shape", ["ordinary", "forks"])
def test_a_living_run_is_left_alone(tmp_path: Path, shape: str) -> None:
    """Also one whose step started a process that has ended, and one that is stopped for a while."""
    process = start(tmp_path, shape)
    try:
        process.send_signal(signal.SIGSTOP)
        with Instance.local_temp(str(tmp_path)) as instance:
            assert not the_run(instance).is_finished
            assert instance.report_lost_runs() == []
    finally:
        process.send_signal(signal.SIGCONT)
        kill(process)


def test_many_who_open_at_once_tell_it_once(tmp_path: Path) -> None:
    kill(start(tmp_path))
    look = "import sys\nfrom orrery import Instance\nInstance.local_temp(sys.argv[1]).dispose()"
    lookers = [
        subprocess.Popen([sys.executable, "-c", look, str(tmp_path)], env={**os.environ, "PYTHONPATH": SOURCES})
        for _ in range(4)
    ]
    assert [each.wait(timeout=60) for each in lookers] == [0, 0, 0, 0]
    with Instance.local_temp(str(tmp_path)) as instance:
        assert len(instance.all_logs(the_run(instance).run_id, of_type=EventType.RUN_FAILURE)) == 1
        assert len(instance.all_logs(the_run(instance).run_id, of_type=EventType.STEP_FAILURE)) == 1


def test_a_finder_that_is_killed_is_found_in_turn(tmp_path: Path) -> None:
    """It had taken the lease over, and told nothing yet."""
    kill(start(tmp_path))
    finder = """
        import os, signal, sys
        from orrery import Instance
        Instance.store_entries = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        Instance.local_temp(sys.argv[1])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(finder), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": SOURCES},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    with Instance.local_temp(str(tmp_path)) as instance:
        assert the_run(instance).status is RunStatus.FAILURE


def test_a_run_of_another_machine_is_told_when_its_lease_has_ended(tmp_path: Path) -> None:
    """Its process cannot be looked up from here."""
    with Instance.local_temp(str(tmp_path)) as instance:
        instance.create_run(job_name="job", run_id="run-1")
        assert instance.keeper is not None
        elsewhere = msgspec.structs.replace(this_process(), machine="another", host="far", pid=77)
        lease = instance.keeper.new_lease(run_lease_name("run-1"), "run-1", elsewhere)
        storage = instance.keeper.storage
        assert storage.put_lease(lease)
        assert instance.report_lost_runs() == []
        over = msgspec.structs.replace(lease, token="over", expires=storage.get_lease_time() - 1)
        assert storage.put_lease(over, instead_of=lease.token)
        assert instance.report_lost_runs() == ["run-1"]
        (end,) = instance.all_logs("run-1", of_type=EventType.RUN_FAILURE)
        assert "pid 77 on far" in end.get_dagster_event().message


def test_a_run_is_executed_by_one_process(tmp_path: Path) -> None:
    """Who comes second is told who has it in hand."""
    process = start(tmp_path)
    try:
        with Instance.local_temp(str(tmp_path)) as instance:
            assert instance.keeper is not None
            with pytest.raises(RunConflictError, match=f"executed already, by pid {process.pid} on "):
                instance.keeper.take_run(the_run(instance).run_id)
    finally:
        kill(process)


def test_following_the_log_of_a_run_ends_with_its_process(tmp_path: Path) -> None:
    process = start(tmp_path)
    follower = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from orrery.cli.app import run; sys.exit(run())",
            "runs",
            "logs",
            "latest",
            "-f",
        ],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": SOURCES, "ORRERY_HOME": str(tmp_path)},
    )
    assert follower.stdout is not None
    assert any("second" in line for line in iter(follower.stdout.readline, ""))
    kill(process)
    said, _ = follower.communicate(timeout=60)
    assert follower.returncode == 0
    assert "is gone" in said
