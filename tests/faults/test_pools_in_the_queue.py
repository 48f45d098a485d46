"""Pools limit runs in the queue, and a run that was killed keeps nobody out."""

from __future__ import annotations

import os
import signal
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from orrery import Instance, RunStatus
from orrery.api.verbs.recorded import record_run
from orrery.api.wiring.locations import load_definitions
from orrery.base.errors import StorageError
from orrery.base.pointer import FilePointer
from orrery.model.automation.pools import Pool
from orrery.model.records.lease import run_lease_name
from orrery.model.records.run import RunsFilter

WAIT_SECONDS = 60.0
PROJECT = """
    import os, time
    from pathlib import Path
    from orrery import Definitions, job, op

    PLACE = Path(os.environ["PLACE"])

    def wait_for(name):
        end = time.monotonic() + 60
        while not (PLACE / name).exists() and time.monotonic() < end:
            time.sleep(0.02)

    @op(pool="db")
    def holds():
        (PLACE / "held").write_text("")
        wait_for("let go")
        return 1

    @op
    def goes_on(x):
        wait_for("end")

    @op(pool="db")
    def takes():
        pass

    @op(pool="db", tags={"orrery/pool_slots": "2"})
    def takes_two():
        pass

    @op
    def takes_none():
        pass

    @job
    def long():
        goes_on(holds())

    @job
    def short():
        takes()

    @job
    def heavy():
        takes_two()

    @job
    def free():
        takes_none()

    @job
    def mixed():
        takes_none()
        takes()

    defs = Definitions(jobs=[long, short, heavy, free, mixed])
"""


class Queue:
    """Submits runs of the project, and asks how they stand."""

    def __init__(self, instance: Instance, path: Path) -> None:
        self.instance = instance
        self._pointer = FilePointer(path=str(path))
        self._repository = load_definitions(self._pointer)

    def submit(self, job: str) -> str:
        run = record_run(self.instance, self._repository.get_job(job), self._pointer)
        self.instance.submit_run(run.run_id)
        return run.run_id

    def status(self, run_id: str) -> RunStatus:
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run.status

    def until(self, is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + WAIT_SECONDS
        while not is_so():
            assert time.monotonic() < end, "it did not come to that"
            time.sleep(0.02)

    def ended(self, run_id: str) -> RunStatus:
        self.until(lambda: bool(self.instance.report_lost_runs()) or self.instance.is_run_finished(run_id))
        return self.status(run_id)


@contextmanager
def queue_in(folder: Path, monkeypatch: pytest.MonkeyPatch, *, slots: int = 1, **pools: Any) -> Iterator[Queue]:
    monkeypatch.setenv("PLACE", str(folder))
    path = folder / "project.py"
    path.write_text(textwrap.dedent(PROJECT), encoding="utf-8")
    settings = {"run_coordinator": "queued", "run_launcher": "forked", "concurrency": {"pools": pools}}
    with Instance.local_temp(str(folder / "home"), overrides=settings) as instance:
        assert instance.leases is not None
        instance.leases.set_pool(Pool(name="db", slots=slots))
        try:
            yield Queue(instance, path)
        finally:
            for name in ("let go", "end"):
                (folder / name).write_text("")
            for run in instance.get_runs(RunsFilter(statuses=[RunStatus.QUEUED])):
                instance.cancel_run(run.run_id)


def test_a_run_that_could_not_begin_waits_until_a_step_gives_its_slot_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not until the whole run ends; who has a step that needs no slot goes on at once."""
    with queue_in(tmp_path, monkeypatch) as queue:
        long = queue.submit("long")
        queue.until((tmp_path / "held").exists)
        short = queue.submit("short")
        mixed = queue.submit("mixed")
        assert queue.status(short) is RunStatus.QUEUED
        assert queue.status(mixed) is not RunStatus.QUEUED
        assert queue.ended(queue.submit("free")) is RunStatus.SUCCESS
        (tmp_path / "let go").write_text("")
        assert queue.ended(short) is RunStatus.SUCCESS
        assert queue.status(long) is RunStatus.STARTED
        (tmp_path / "end").write_text("")
        assert queue.ended(long) is RunStatus.SUCCESS
        assert queue.ended(mixed) is RunStatus.SUCCESS


def test_pools_limit_runs_where_the_settings_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run has its pools to its end, and a run that is killed has none: the next pass launches who waits."""
    with queue_in(tmp_path, monkeypatch, granularity="run", slots=2) as queue:
        long = queue.submit("long")
        queue.until((tmp_path / "held").exists)
        (tmp_path / "let go").write_text("")
        heavy = queue.submit("heavy")
        behind = queue.submit("short")
        assert queue.status(heavy) is RunStatus.QUEUED  # two slots, and one is taken
        assert queue.status(behind) is RunStatus.QUEUED  # there is one, and the heavy one waits for it
        assert queue.ended(queue.submit("free")) is RunStatus.SUCCESS
        assert queue.status(heavy) is RunStatus.QUEUED
        assert queue.instance.leases is not None
        (lease,) = queue.instance.leases.get_leases(run_lease_name(long))
        os.kill(lease.owner.pid, signal.SIGKILL)
        queue.until(lambda: heavy in queue.instance.launch_queued_runs() or queue.status(heavy) is not RunStatus.QUEUED)
        assert queue.status(long) is RunStatus.FAILURE
        assert queue.ended(heavy) is RunStatus.SUCCESS
        assert queue.ended(behind) is RunStatus.SUCCESS


def test_wrong_settings_of_pools_are_told_when_the_instance_is_opened(tmp_path: Path) -> None:
    """Before a run is put into its queue."""
    settings = {"run_coordinator": "queued", "concurrency": {"pools": {"granularity": "steps"}}}
    with pytest.raises(StorageError, match=r"concurrency: pools: 'granularity' is 'op' or 'run', not 'steps'"):
        Instance.local_temp(str(tmp_path), overrides=settings)
