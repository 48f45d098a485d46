"""What is shown as done is stored: a kill right after it takes nothing back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from orrery.model.events.event import EventType
from orrery.runtime.instance import Instance

SOURCES = str(Path(__file__).parents[2] / "src")
SLOW_DISK = """
    import sys, time
    from orrery.adapters.storage.sql.writer import Writer

    real = Writer._write
    def slow(self, batches):
        time.sleep(0.3)
        return real(self, batches)
    Writer._write = slow
"""
PROJECT = """
    import time
    from orrery import asset

    @asset
    def first():
        print("first speaks", flush=True)
        return 1

    @asset
    def second(first):
        time.sleep(600)
"""


def start(home: Path, *options: str) -> subprocess.Popen[str]:
    (home / "project.py").write_text(textwrap.dedent(PROJECT), encoding="utf-8")
    program = textwrap.dedent(SLOW_DISK) + "from orrery.cli.app import run\nsys.exit(run())\n"
    return subprocess.Popen(
        [sys.executable, "-c", program, "materialize", "*", "-f", str(home / "project.py"), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": SOURCES, "ORRERY_HOME": str(home / "home")},
    )


@pytest.mark.parametrize(
    ("options", "words"), [((), " done     first"), (("--json",), '"step_done"')], ids=["plain", "json"]
)
def test_a_step_that_was_shown_as_done_is_stored(tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    """On a disk that takes its time."""
    process = start(tmp_path, *options)
    assert process.stdout is not None
    shown = []
    for line in iter(process.stdout.readline, ""):
        shown.append(line)
        if words in line:
            break
    process.send_signal(signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert words in "".join(shown), errors
    with Instance.from_config(str(tmp_path / "home")) as instance:
        (run,) = instance.get_runs()
        (done,) = instance.all_logs(run.run_id, of_type=EventType.STEP_SUCCESS)
        assert done.step_key == "first"
        (made,) = instance.all_logs(run.run_id, of_type=EventType.ASSET_MATERIALIZATION)
        assert made.step_key == "first"


def test_what_is_shown_while_a_step_runs_is_no_output_of_it(tmp_path: Path) -> None:
    """Lines about the run come from another thread; the file of the step has its own lines only."""
    process = start(tmp_path)
    assert process.stdout is not None
    shown = []
    for line in iter(process.stdout.readline, ""):
        shown.append(line)
        if " start    second" in line:
            break
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert any("first speaks" in line for line in shown)
    assert any(" done     first" in line for line in shown)
    files = [path.read_text() for path in (tmp_path / "home" / "storage").rglob("*.out")]
    assert files == ["first speaks\n"]


def test_whoever_is_told_may_ask_the_instance(tmp_path: Path) -> None:
    """It is told from the thread that stores, and finds there what it was told of."""
    program = """
        import sys
        from orrery import Instance, asset, Definitions
        from orrery.api.verbs.execute import execute_job_in_process
        from orrery.model.events.event import EventType

        @asset
        def first():
            return 1

        found = []
        with Instance.local_temp(sys.argv[1]) as instance:
            def told(entry):
                if entry.dagster_event and entry.dagster_event.event_type_value == "STEP_SUCCESS":
                    found.extend(instance.all_logs(entry.run_id, of_type=EventType.STEP_SUCCESS))
            job = Definitions([first]).get_implicit_global_asset_job_def()
            assert execute_job_in_process(job, instance=instance, on_event=told).success
        assert [entry.step_key for entry in found] == ["first"]
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": SOURCES},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


SCRIPT = """
    import ctypes, os, sys, time
    from orrery import Instance, asset, materialize

    @asset
    def first():
        time.sleep(float(sys.argv[2]))
        return 1

    @asset
    def second(first):
        ctypes.PyDLL(None).sleep(int(sys.argv[3]))  # with the interpreter in its hands
        os._exit(3)

    materialize([first, second], instance=Instance.local_temp(sys.argv[1]))
"""


def run_script(home: Path, first_seconds: float, second_seconds: int) -> subprocess.Popen[bytes]:
    home.mkdir()
    program = [sys.executable, "-c", textwrap.dedent(SCRIPT), str(home), str(first_seconds), str(second_seconds)]
    environment = {**os.environ, "PYTHONPATH": SOURCES}
    return subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)


@pytest.mark.parametrize("first_seconds", [0.0, 0.2], ids=["quick", "slow"])
def test_a_step_that_ends_the_process_takes_no_other_with_it(tmp_path: Path, first_seconds: float) -> None:
    """What was finished before it stays finished, and the step itself is the one that failed."""
    assert run_script(tmp_path / "home", first_seconds, 0).wait(timeout=60) == 3
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        (record,) = instance.get_run_records()
        ended = {
            entry.step_key: entry.dagster_event_type
            for entry in instance.all_logs(record.dagster_run.run_id)
            if entry.dagster_event_type in (EventType.STEP_SUCCESS, EventType.STEP_FAILURE)
        }
        assert ended == {"first": EventType.STEP_SUCCESS, "second": EventType.STEP_FAILURE}
        assert instance.get_latest_materialization_event("first") is not None


def test_a_step_that_holds_the_interpreter_hides_nothing_that_came_before(tmp_path: Path) -> None:
    """Others see that the run goes on, what is done, and what is under way."""
    process = run_script(tmp_path / "home", 0.0, 600)
    try:
        seen: set[tuple[str | None, EventType | None]] = set()
        while ("second", EventType.STEP_START) not in seen:
            assert process.poll() is None
            with Instance.local_temp(str(tmp_path / "home")) as instance:
                for record in instance.get_run_records():
                    entries = instance.all_logs(record.dagster_run.run_id)
                    seen |= {(entry.step_key, entry.dagster_event_type) for entry in entries}
        assert ("first", EventType.STEP_SUCCESS) in seen
        assert ("first", EventType.ASSET_MATERIALIZATION) in seen
    finally:
        process.kill()
        process.wait()
