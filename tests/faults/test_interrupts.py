"""Signals in a real process: a run is ended in order, and its record is whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from orrery.cli.waiting import exit_code_of
from orrery.model.records.run import RunStatus
from orrery.runtime.instance import Instance
from orrery.testing.conformance.launchers import write_project

SOURCES = str(Path(__file__).parents[2] / "src")
PROGRAM = """
    import asyncio, sys, threading, time
    from orrery import Instance, job, op, resource

    home, shape = sys.argv[1:]

    def say(text):
        print(text, flush=True)

    def closing(name, needs=()):
        @resource(required_resource_keys=set(needs))
        def made(context):
            yield name
            if shape == "slow teardown" and name == "first":
                say("closing")
                time.sleep(60)
            say(f"closed {name}")
        return made

    @op(required_resource_keys={"first", "second"})
    def waits(context):
        say("started")
        time.sleep(60)

    @op(required_resource_keys={"first", "second"})
    def swallows(context):
        say("started")
        while True:
            try:
                time.sleep(60)
            except Exception:
                pass

    @op(required_resource_keys={"first", "second"})
    def talks(context):
        say("started")
        number = 0
        while True:
            context.log.info(f"line {number}")
            number += 1

    @op(required_resource_keys={"first", "second"})
    async def awaits(context):
        try:
            say("started")
            await asyncio.sleep(60)
        finally:
            say("put away")

    @op
    def after(value):
        say("must not run")

    chosen = {"swallows": swallows, "talks": talks, "awaits": awaits}.get(shape, waits)

    @job(resource_defs={"first": closing("first"), "second": closing("second", ["first"])})
    def nightly():
        after(chosen())

    with Instance.local_temp(home) as instance:
        try:
            nightly.execute_in_process(instance=instance, raise_on_error=False)
        except KeyboardInterrupt:
            say("interrupted")
"""


def start(home: Path, shape: str) -> subprocess.Popen[str]:
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


def status_and_lines(home: Path) -> tuple[RunStatus, list[str]]:
    with Instance.local_temp(str(home)) as instance:
        (run,) = instance.get_runs()
        lines = [entry.user_message for entry in instance.all_logs(run.run_id) if entry.dagster_event is None]
        return run.status, lines


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_process_of_a_launched_run_ends_with_the_code_of_the_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, code: int
) -> None:
    monkeypatch.setenv("PLACE", str(tmp_path))
    origin = write_project(tmp_path)
    settings = {"run_launcher": "subprocess"}
    with Instance.local_temp(str(tmp_path / "home"), overrides=settings) as instance:
        run = instance.create_run(job_name="long", job_code_origin=origin)
        instance.launch_run(run.run_id)
        until = time.monotonic() + 60
        while not (tmp_path / "waiting").exists():
            assert time.monotonic() < until
            time.sleep(0.02)
        launcher: Any = instance.launcher
        process = launcher._processes[run.run_id]
        process.send_signal(number)
        assert process.wait(60) == code
        ended = instance.get_run_by_id(run.run_id)
        assert ended is not None
        assert exit_code_of(instance, ended) == code


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("shape", ["waits", "swallows", "talks"])
def test_a_signal_ends_the_run_in_order(tmp_path: Path, shape: str, number: signal.Signals) -> None:
    """Resources are closed last opened first, the run is canceled, and no line of the record is lost or torn."""
    process = start(tmp_path, shape)
    process.send_signal(number)
    said, _ = process.communicate(timeout=30)
    assert said.splitlines() == ["closed second", "closed first", "interrupted"]
    assert process.returncode == 0
    status, lines = status_and_lines(tmp_path)
    assert status is RunStatus.CANCELED
    assert lines == [f"line {count}" for count in range(len(lines))]


def test_a_signal_cancels_what_is_awaited(tmp_path: Path) -> None:
    process = start(tmp_path, "awaits")
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert sorted(said.splitlines()) == ["closed first", "closed second", "interrupted", "put away"]
    assert said.index("closed second") < said.index("closed first")
    assert status_and_lines(tmp_path)[0] is RunStatus.CANCELED


def test_a_second_signal_ends_a_teardown_that_hangs(tmp_path: Path) -> None:
    process = start(tmp_path, "slow teardown")
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert process.stdout.readline() == "closed second\n"
    assert process.stdout.readline() == "closing\n"
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert said.splitlines() == ["interrupted"]
    assert status_and_lines(tmp_path)[0] is RunStatus.CANCELED


@pytest.mark.parametrize("attempt", range(5))
def test_a_signal_at_any_moment_leaves_whole_records(tmp_path: Path, attempt: int) -> None:
    """The signal falls where it will: into the function, into the writing of a line, between the two."""
    process = start(tmp_path, "talks")
    with Instance.local_temp(str(tmp_path)) as instance:
        while True:
            (run,) = instance.get_runs()
            if len(instance.all_logs(run.run_id)) > 20 + 7 * attempt:
                break
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    status, lines = status_and_lines(tmp_path)
    assert status is RunStatus.CANCELED
    assert lines == [f"line {count}" for count in range(len(lines))]
