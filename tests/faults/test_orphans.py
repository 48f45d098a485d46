"""A run that is killed, or asked to stop, leaves no process behind five seconds later, whichever executor it has."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

SOURCES = str(Path(__file__).parents[2] / "src")
WAIT_SECONDS = 120.0
PROMISED_SECONDS = 5.0
LOAD_SECONDS = 10.0
"""Added to what is promised, for machines that have much else to do."""

LATER = frozenset({"ray::DashboardAgent", "ray::RuntimeEnvAgent"})
"""These look for their parent once in a while, and end then, as the page of the executors says."""

LOCAL = {"cluster": {"local": {"n_workers": 1, "processes": True}}}
PROGRAM = """
    import json, os, subprocess, sys, time
    import orrery
    from orrery import Instance, execute_job, job, op, reconstructable

    SIGN = os.environ["ORPHANS_SIGN"]
    EXECUTOR, CONFIG, STEP = json.loads(os.environ["ORPHANS_EXECUTOR"])

    @op
    def waits():
        told = str(os.getpid())
        if "another" in STEP:
            told += f" {subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid}"
        with open(SIGN + ".unfinished", "w") as file:
            file.write(told)
        os.replace(SIGN + ".unfinished", SIGN)
        until = time.monotonic() + 600
        while time.monotonic() < until:  # not for ever, if the test that would end it is itself killed
            try:
                while time.monotonic() < until:  # not all at once: a step in a thread is interrupted between two lines
                    time.sleep(0.01)
            except BaseException:
                if "deaf" not in STEP:
                    raise

    @job(executor_def=getattr(orrery, EXECUTOR).configured(CONFIG))
    def waiting():
        waits()

    if __name__ == "__main__":
        with Instance.local_temp(os.environ["ORPHANS_HOME"]) as instance:
            execute_job(reconstructable(waiting), instance)
"""


def marked(mark: str) -> dict[int, str]:
    """Return the living processes that were started below the one with *mark* in its environment, and their commands."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() not in (folder / "environ").read_bytes():
                continue
            state = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
            if state not in "ZX":
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()[:80]
        except OSError:  # it has just ended
            continue
    return found


def started(tmp_path: Path, executor: str, config: dict[str, Any], step: str) -> tuple[subprocess.Popen[bytes], str]:
    """Start a run, and return its process and the mark of all that it started when its step waits."""
    mark, sign = uuid.uuid4().hex, tmp_path / "sign"
    (tmp_path / "program.py").write_text(textwrap.dedent(PROGRAM), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "program.py")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={
            **os.environ,
            "PYTHONPATH": SOURCES,
            "ORPHANS_MARK": mark,
            "ORPHANS_SIGN": str(sign),
            "ORPHANS_HOME": str(tmp_path / "home"),
            "ORPHANS_EXECUTOR": json.dumps([executor, config, step]),
        },
    )
    until = time.monotonic() + WAIT_SECONDS
    while not sign.exists():
        assert time.monotonic() < until
        assert process.poll() is None
        time.sleep(0.02)
    assert {int(each) for each in sign.read_text(encoding="utf-8").split()} <= marked(mark).keys()
    return process, mark


def seconds_until_gone(mark: str) -> float:
    began = time.monotonic()
    try:
        while left := {each: name for each, name in marked(mark).items() if name.strip() not in LATER}:
            taken = time.monotonic() - began
            assert taken < PROMISED_SECONDS + LOAD_SECONDS, f"still there after {taken:.1f} s: {left}"
            time.sleep(0.02)
    finally:
        for each in marked(mark):
            os.kill(each, signal.SIGKILL)
    return time.monotonic() - began


EXECUTORS = [
    pytest.param("in_process_executor", {}, "", id="in process"),
    pytest.param("multiprocess_executor", {}, "", id="multiprocess"),
    pytest.param("dask_executor", LOCAL, "distributed", id="dask"),
    pytest.param("ray_executor", {"cluster": {"local": {"num_cpus": 1}}}, "ray", id="ray"),
]


@pytest.mark.parametrize(("executor", "config", "package"), EXECUTORS)
def test_a_run_that_is_killed_leaves_no_process(
    tmp_path: Path, executor: str, config: dict[str, Any], package: str
) -> None:
    """Nor a step that does not listen, nor what a step started in a process of its own."""
    if package:
        pytest.importorskip(package, reason=f"the extra for {package} is not installed")
    step = "deaf" if executor == "in_process_executor" else "deaf, starts another"
    process, mark = started(tmp_path, executor, config, step)
    process.kill()
    process.wait()
    print(f"gone after {seconds_until_gone(mark):.2f} s")


@pytest.mark.parametrize(("executor", "config", "package"), EXECUTORS)
def test_a_run_that_is_asked_to_stop_leaves_no_process(
    tmp_path: Path, executor: str, config: dict[str, Any], package: str
) -> None:
    if package:
        pytest.importorskip(package, reason=f"the extra for {package} is not installed")
    process, mark = started(tmp_path, executor, config, "listens")
    process.terminate()
    process.wait(WAIT_SECONDS)
    print(f"gone after {seconds_until_gone(mark):.2f} s")
