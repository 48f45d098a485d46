"""
What every launcher and every coordinator of runs must do.

The suites execute real runs in the processes that the launcher gives them. They need the folder of a small project, which
:func:`write_project` makes.
"""

from __future__ import annotations

import os
import signal
import textwrap
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from orrery.base.errors import CodeLocationLoadError, InvariantViolationError, RunNotFoundError
from orrery.base.pointer import FilePointer, encode_pointer
from orrery.model.events.event import EventType
from orrery.model.records.lease import run_lease_name
from orrery.model.records.run import Run, RunsFilter, RunStatus
from orrery.runtime.instance.instance import Instance
from orrery.runtime.ports.run_launcher import WorkerStatus

__all__ = ["CoordinatorSuite", "LauncherSuite", "MakeInstance", "write_project"]

MakeInstance = Callable[[Mapping[str, object]], Instance]
"""Makes a persistent instance with settings beside those that name the launcher."""

_SECONDS = 60.0
_PROJECT = """
    import os, time
    from pathlib import Path
    from orrery import Definitions, job, op, resource

    @resource
    def opened(context):
        yield "value"
        Path(os.environ["PLACE"], "closed").write_text("")

    @op
    def say():
        return 1

    @op
    def break_once():
        if not Path(os.environ["PLACE"], "mended").exists():
            raise RuntimeError("not mended yet")

    @op(required_resource_keys={"opened"})
    def wait():
        Path(os.environ["PLACE"], "waiting").write_text("")
        time.sleep(600)

    @op
    def deaf():
        Path(os.environ["PLACE"], "waiting").write_text("")
        while True:
            try:
                time.sleep(600)
            except BaseException:
                pass

    @job
    def quick():
        say()

    @job
    def broken():
        say()
        break_once()

    @job(resource_defs={"opened": opened})
    def long():
        wait()

    @job
    def stubborn():
        deaf()

    defs = Definitions(jobs=[quick, broken, long, stubborn])
"""


def write_project(folder: Path) -> str:
    """Write the project into *folder*, and return where its code is, as runs keep it."""
    path = folder / "project.py"
    path.write_text(textwrap.dedent(_PROJECT), encoding="utf-8")
    os.environ["PLACE"] = str(folder)
    return encode_pointer(FilePointer(path=str(path))).decode()


def _record(instance: Instance, origin: str | None, job: str, run_id: str, **tags: str) -> Run:
    return instance.create_run(job_name=job, run_id=run_id, job_code_origin=origin, tags=tags)


def _until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + _SECONDS
    while not is_so():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


def _retry_of(instance: Instance, run_id: str) -> Run:
    def retries() -> list[Run]:
        return [run for run in instance.get_runs() if run.parent_run_id == run_id]

    _until(lambda: bool(retries()))
    return retries()[0]


def _ended(instance: Instance, run_id: str) -> RunStatus:
    _until(lambda: bool(instance.report_lost_runs()) or instance.is_run_finished(run_id))
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


class LauncherSuite:
    """
    Subclass it with the fixtures ``make_instance`` and ``origin`` (of ``write_project``, in the fixture ``tmp_path``).

    Attributes:
        is_apart: Whether runs have processes of their own, which can be stopped and killed.
    """

    is_apart = True

    def test_a_launched_run_is_executed(self, make_instance: MakeInstance, origin: str) -> None:
        """Its events begin with its launch; nothing is in hand when it has ended."""
        with make_instance({}) as instance:
            _record(instance, origin, "quick", "run-1")
            launched = instance.launch_run("run-1")
            assert launched.status is not RunStatus.NOT_STARTED
            assert _ended(instance, "run-1") is RunStatus.SUCCESS
            kinds = [entry.dagster_event.event_type for entry in instance.all_logs("run-1") if entry.dagster_event]
            assert kinds[0] is EventType.RUN_STARTING
            assert kinds.count(EventType.RUN_START) == 1
            assert kinds[-1] is EventType.RUN_SUCCESS
            assert instance.leases is not None
            assert instance.leases.get_leases(run_lease_name("run-1")) == []

    def test_a_run_that_fails_is_recorded_as_failed(self, make_instance: MakeInstance, origin: str) -> None:
        """The call that launched it does not raise for that."""
        with make_instance({}) as instance:
            _record(instance, origin, "broken", "run-1")
            instance.launch_run("run-1")
            assert _ended(instance, "run-1") is RunStatus.FAILURE

    @pytest.mark.parametrize("job", ["quick", "gone"])
    def test_a_run_whose_code_is_not_there_fails(self, make_instance: MakeInstance, origin: str, job: str) -> None:
        """The job is gone, or the file; the log says which."""
        with make_instance({}) as instance:
            nowhere = encode_pointer(FilePointer(path="/nowhere/at_all.py")).decode()
            _record(instance, nowhere if job == "quick" else origin, job, "run-1")
            with suppress(CodeLocationLoadError):  # the launcher may find it itself
                instance.launch_run("run-1")
            assert _ended(instance, "run-1") is RunStatus.FAILURE
            (end,) = instance.all_logs("run-1", of_type=EventType.RUN_FAILURE)
            assert ("gone" if job == "gone" else "at_all") in str(end.get_dagster_event())

    def test_a_run_is_launched_once(self, make_instance: MakeInstance, origin: str) -> None:
        """Neither while it goes on, nor when it has ended; nor one that is not recorded."""
        with make_instance({}) as instance:
            _record(instance, origin, "quick", "run-1")
            instance.launch_run("run-1")
            assert _ended(instance, "run-1") is RunStatus.SUCCESS
            with pytest.raises(InvariantViolationError, match="cannot be launched: it is success"):
                instance.launch_run("run-1")
            with pytest.raises(RunNotFoundError):
                instance.launch_run("run-2")

    def test_a_run_is_canceled_in_order(self, make_instance: MakeInstance, origin: str, tmp_path: Path) -> None:
        """Its resources are closed."""
        if not self.is_apart:
            pytest.skip("runs of this launcher have no process of their own")
        with make_instance({}) as instance:
            _record(instance, origin, "long", "run-1")
            instance.launch_run("run-1")
            _until((tmp_path / "waiting").exists)
            assert instance.cancel_run("run-1", grace_seconds=_SECONDS)
            assert _ended(instance, "run-1") is RunStatus.CANCELED
            assert (tmp_path / "closed").exists()
            assert not instance.cancel_run("run-1")

    @pytest.mark.parametrize("grace_seconds", [0.5, 0.0])
    def test_a_run_that_does_not_listen_is_killed(
        self, make_instance: MakeInstance, origin: str, tmp_path: Path, grace_seconds: float
    ) -> None:
        """When the time of grace is over; its end is recorded when that is told, whatever the time was."""
        if not self.is_apart:
            pytest.skip("runs of this launcher have no process of their own")
        with make_instance({}) as instance:
            _record(instance, origin, "stubborn", "run-1")
            instance.launch_run("run-1")
            _until((tmp_path / "waiting").exists)
            assert instance.cancel_run("run-1", grace_seconds=grace_seconds)
            run = instance.get_run_by_id("run-1")
            assert run is not None
            assert run.status is RunStatus.CANCELED

    def test_a_run_that_is_killed_fails(self, make_instance: MakeInstance, origin: str, tmp_path: Path) -> None:
        """And its launcher knows that its process is gone."""
        if not self.is_apart:
            pytest.skip("runs of this launcher have no process of their own")
        with make_instance({}) as instance:
            run = _record(instance, origin, "long", "run-1")
            instance.launch_run("run-1")
            _until((tmp_path / "waiting").exists)
            assert instance.launcher is not None
            assert instance.launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING
            assert instance.leases is not None
            (lease,) = instance.leases.get_leases(run_lease_name("run-1"))
            os.kill(lease.owner.pid, signal.SIGKILL)
            assert _ended(instance, "run-1") is RunStatus.FAILURE
            instance.launcher.join(_SECONDS)
            assert instance.launcher.check_run_worker_health(run).status is WorkerStatus.FAILED

    def test_a_run_outlives_its_launcher(self, make_instance: MakeInstance, origin: str, tmp_path: Path) -> None:
        """Whoever launched it may end."""
        if not self.is_apart:
            pytest.skip("runs of this launcher have no process of their own")
        with make_instance({}) as instance:
            _record(instance, origin, "long", "run-1")
            instance.launch_run("run-1")
            _until((tmp_path / "waiting").exists)
        with make_instance({}) as instance:
            assert instance.report_lost_runs() == []
            _until(lambda: bool(instance.get_runs(RunsFilter(statuses=[RunStatus.STARTED]))))
            assert instance.cancel_run("run-1", grace_seconds=_SECONDS)
            assert _ended(instance, "run-1") is RunStatus.CANCELED

    def test_a_failed_run_is_tried_again_from_its_failure(
        self, make_instance: MakeInstance, origin: str, tmp_path: Path
    ) -> None:
        """As its tags ask for; the steps that succeeded are not executed again."""
        with make_instance({}) as instance:
            _record(instance, origin, "broken", "run-1", **{"dagster/max_retries": "2"})
            instance.launch_run("run-1")
            assert _ended(instance, "run-1") is RunStatus.FAILURE
            before = "run-1"
            for number in (1, 2):
                retry = _retry_of(instance, before)
                assert retry.root_run_id == "run-1"
                assert retry.tags["orrery/retry_number"] == f"{number}"
                assert _ended(instance, retry.run_id) is RunStatus.FAILURE
                started = instance.all_logs(retry.run_id, of_type=EventType.STEP_START)
                assert [entry.step_key for entry in started] == ["break_once"], f"retry {number} repeats what was done"
                before = retry.run_id
            assert instance.retry_run_if_due(before) is None
            assert instance.retry_run_if_due("run-1") is None
            assert instance.get_runs_count() == 3


class CoordinatorSuite:
    """Subclass it with the fixtures of :class:`LauncherSuite`, for an instance with the coordinator."""

    is_queue = True

    def test_a_submitted_run_is_executed(self, make_instance: MakeInstance, origin: str) -> None:
        """Sooner or later."""
        with make_instance({}) as instance:
            _record(instance, origin, "quick", "run-1")
            instance.submit_run("run-1")
            assert _ended(instance, "run-1") is RunStatus.SUCCESS

    def test_runs_wait_until_there_is_room(self, make_instance: MakeInstance, origin: str, tmp_path: Path) -> None:
        """The queue moves on by itself when a run ends; a run that waits can be canceled."""
        if not self.is_queue:
            pytest.skip("nothing waits with this coordinator")
        with make_instance({"concurrency": {"runs": {"max_concurrent_runs": 1}}}) as instance:
            for number, (job, priority) in enumerate([("long", "0"), ("quick", "0"), ("quick", "7"), ("quick", "-1")]):
                _record(instance, origin, job, f"run-{number}", **{"dagster/priority": priority})
                instance.submit_run(f"run-{number}")
            _until((tmp_path / "waiting").exists)
            assert [instance.get_run_by_id(f"run-{number}").status for number in (1, 2, 3)] == [RunStatus.QUEUED] * 3  # type: ignore[union-attr]  # recorded above
            assert instance.launch_queued_runs() == []
            assert instance.cancel_run("run-3")
            assert _ended(instance, "run-3") is RunStatus.CANCELED
            assert instance.cancel_run("run-0", grace_seconds=_SECONDS)
            assert _ended(instance, "run-2") is RunStatus.SUCCESS
            assert _ended(instance, "run-1") is RunStatus.SUCCESS
            starts = {
                run_id: instance.all_logs(run_id, of_type=EventType.RUN_START)[0].timestamp
                for run_id in ("run-1", "run-2")
            }
            assert starts["run-2"] < starts["run-1"]

    def test_a_killed_run_holds_no_room(self, make_instance: MakeInstance, origin: str, tmp_path: Path) -> None:
        """The next pass over the queue launches who waits."""
        if not self.is_queue:
            pytest.skip("nothing waits with this coordinator")
        with make_instance({"concurrency": {"runs": {"max_concurrent_runs": 1}}}) as instance:
            for number, job in enumerate(["long", "quick"]):
                _record(instance, origin, job, f"run-{number}")
                instance.submit_run(f"run-{number}")
            _until((tmp_path / "waiting").exists)
            assert instance.leases is not None
            (lease,) = instance.leases.get_leases(run_lease_name("run-0"))
            os.kill(lease.owner.pid, signal.SIGKILL)
            _until(lambda: instance.launch_queued_runs() == ["run-1"])
            assert _ended(instance, "run-1") is RunStatus.SUCCESS
