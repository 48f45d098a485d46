"""Whole runs whose records lie in PostgreSQL, while its server stops, crashes, or cuts them off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from orrery import AssetKey, Instance, RunStatus, execute_job, job, op
from orrery.api.verbs.reconstruct import build_reconstructable_job
from orrery.definitions.graphs.job import JobDefinition
from orrery.model.events.user import AssetMaterialization
from orrery.testing.postgres import PostgresServer

SOURCES = str(Path(__file__).parents[2] / "src")
WAIT_SECONDS = 120.0
STEPS = 9
FAULTS = {1: "restart", 4: "cut", 6: "crash"}
"""What happens to the server in the midst of which step."""


@pytest.fixture(scope="module")
def server(postgres_server_to_stop: PostgresServer) -> PostgresServer:
    return postgres_server_to_stop


def make(place: str, executor: str) -> JobDefinition:
    """Return a job of steps one after the other; some wait until something has happened to the server."""
    import orrery

    def step(number: int) -> object:
        @op(name=f"step_{number}")
        def works(context, before=None):  # type: ignore[no-untyped-def]  # any value will do
            context.log_event(AssetMaterialization("worked", partition=str(number)))
            if number in FAULTS:
                Path(place, f"reached {number}").write_text("")
                until = time.monotonic() + WAIT_SECONDS
                while not Path(place, f"done {number}").exists() and time.monotonic() < until:
                    context.log.info("waiting")
                    time.sleep(0.05)
            return number

        return works

    steps = [step(number) for number in range(STEPS)]

    @job(executor_def=getattr(orrery, executor))
    def chain() -> None:
        value = steps[0]()  # type: ignore[operator]  # an op
        for each in steps[1:]:
            value = each(value)  # type: ignore[operator]  # as above

    return chain


@pytest.mark.parametrize("executor", ["in_process_executor", "multiprocess_executor"])
def test_a_run_goes_on_while_its_server_is_restarted_cut_off_and_crashes(
    tmp_path: Path, server: PostgresServer, executor: str
) -> None:
    """Each event of each step is there once and in its place, and so is what was said to be materialized."""
    settings = {"storage": {"url": server.new_database()}}
    failed: list[Exception] = []

    def written(number: int) -> None:
        """Wait until a line of the step is stored: so is what came before it."""
        with Instance.local_temp(str(tmp_path / "home"), overrides=settings) as other:
            (run,) = other.get_runs()
            until = time.monotonic() + WAIT_SECONDS
            while f"step_{number}" not in {each.step_key for each in other.all_logs(run.run_id) if each.user_message}:
                assert time.monotonic() < until
                time.sleep(0.02)

    def break_it() -> None:
        try:
            for number, fault in FAULTS.items():
                until = time.monotonic() + WAIT_SECONDS
                while not (tmp_path / f"reached {number}").exists():
                    assert time.monotonic() < until
                    time.sleep(0.02)
                if fault == "cut":
                    server.cut_connections()
                elif fault == "crash":
                    written(number)
                    server.execute(
                        "CHECKPOINT"
                    )  # small steps of the last second may be lost by a crash, and are not here
                    server.stop(signal.SIGQUIT)
                    server.start()
                else:
                    server.stop(signal.SIGINT)
                    time.sleep(0.3)
                    server.start()
                (tmp_path / f"done {number}").write_text("")
        except Exception as error:
            failed.append(error)

    breaker = threading.Thread(target=break_it)
    made = build_reconstructable_job(__name__, "make", (str(tmp_path), executor))
    with Instance.local_temp(str(tmp_path / "home"), overrides=settings) as instance:
        breaker.start()
        with execute_job(made, instance) as result:
            assert result.success
            run_id = result.run_id
        breaker.join()
    assert failed == []
    with Instance.local_temp(str(tmp_path / "home"), overrides=settings) as instance:
        run = instance.get_run_by_id(run_id)
        assert run is not None
        assert run.status is RunStatus.SUCCESS
        events = [each.dagster_event for each in instance.all_logs(run_id) if each.dagster_event is not None]
        kinds = Counter((each.step_key, each.event_type_value) for each in events)
        for number in range(STEPS):
            for kind in ("STEP_START", "ASSET_MATERIALIZATION", "STEP_OUTPUT", "HANDLED_OUTPUT", "STEP_SUCCESS"):
                assert kinds[f"step_{number}", kind] == 1, (number, kind)
        ends = [each.step_key for each in events if each.event_type_value == "STEP_SUCCESS"]
        assert ends == [f"step_{number}" for number in range(STEPS)]
        assert [kinds[None, kind] for kind in ("PIPELINE_START", "PIPELINE_SUCCESS")] == [1, 1]
        assert instance.get_materialized_partitions(AssetKey("worked")) == {str(number) for number in range(STEPS)}
        assert instance.leases is not None
        assert instance.leases.get_leases() == []


PROGRAM = """
    import sys, time
    from pathlib import Path
    from orrery import Instance, materialize, asset

    url, place = sys.argv[1:]

    @asset
    def first():
        return 1

    @asset
    def second(first):
        Path(place, "reached").write_text("")
        while not Path(place, "done").exists():
            time.sleep(0.02)
        return 2

    settings = {"storage": {"url": url, "wait_seconds": 1}}
    with Instance.local_temp(str(Path(place, "home")), overrides=settings) as instance:
        materialize([first, second], instance=instance)
"""


def test_a_run_whose_server_stays_away_ends_and_says_why(tmp_path: Path, server: PostgresServer) -> None:
    """And is recorded as failed by whoever opens the instance when the server is back; what it had done is there."""
    url = server.new_database()
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), url, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": SOURCES},
    )
    until = time.monotonic() + WAIT_SECONDS
    while not (tmp_path / "reached").exists():
        assert time.monotonic() < until
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    with Instance.local_temp(str(tmp_path / "home"), overrides={"storage": {"url": url}}) as instance:
        end = time.monotonic() + WAIT_SECONDS
        while instance.get_latest_materialization_event(AssetKey("first")) is None:
            assert time.monotonic() < end
            time.sleep(0.02)
    server.stop()
    try:
        (tmp_path / "done").write_text("")
        _, errors = process.communicate(timeout=WAIT_SECONDS)
    finally:
        server.start()
    assert process.returncode == 1
    assert "StorageUnavailableError" in errors
    assert "cannot be reached" in errors
    with Instance.local_temp(str(tmp_path / "home"), overrides={"storage": {"url": url}}) as instance:
        (run,) = instance.get_runs()
        assert run.status is RunStatus.FAILURE
        assert instance.get_latest_materialization_event(AssetKey("first")) is not None
        assert instance.get_latest_materialization_event(AssetKey("second")) is None
