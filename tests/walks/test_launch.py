"""Launching from the command line: from `orrery launch` to the end of the run, and what can be done with it."""

from __future__ import annotations

import json
import os
import sys
import textwrap
import time
from pathlib import Path

import pytest
from tests.support.command import run_command

PROJECT = """
    import os, time
    from pathlib import Path
    from orrery import Definitions, asset, job, op

    @asset
    def numbers():
        return [1, 2]

    @asset
    def total(numbers):
        if os.environ.get("BREAK") == "yes":
            raise RuntimeError("as the test wants it")
        return sum(numbers)

    @op
    def sleeps():
        time.sleep(600)

    @job
    def long():
        sleeps()

    defs = Definitions(assets=[numbers, total], jobs=[long])
"""


class Terminal:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "shop.py").write_text(textwrap.dedent(PROJECT), encoding="utf-8")
        (folder / "pyproject.toml").write_text('[tool.orrery]\npython_file = "shop.py"\n', encoding="utf-8")

    def __call__(self, *words: str, code: int = 0, **environment: str) -> str:
        home = str(self.folder / "home")
        done = run_command(*words, cwd=self.folder, env={**os.environ, "ORRERY_HOME": home, **environment})
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def orrery(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def test_assets_are_launched_fail_and_are_repeated_from_the_failure(orrery: Terminal) -> None:
    """The run is another process's; its exit code comes back with --wait."""
    said = orrery("launch", "*", "--wait", code=1, BREAK="yes")
    assert said.splitlines()[-1].endswith("failure")
    orrery("runs", "wait", "latest", code=1)
    said = orrery("runs", "retry", "latest", "--wait")
    assert said.splitlines()[-1].endswith("success")
    shown = orrery("runs", "show", "latest")
    assert "total" in shown
    assert "numbers" not in orrery("runs", "logs", "latest").replace("numbers, total", "")
    refused = orrery("runs", "retry", "latest", code=2)
    assert "No steps needed to be retried" in refused
    assert "--all" in refused
    run_id = said.split()[0]
    orrery("runs", "delete", run_id)
    assert "No run" in orrery("runs", "show", run_id, code=2)


def test_a_launched_job_is_canceled(orrery: Terminal) -> None:
    run_id = orrery("launch", "long").split()[0]
    until = time.monotonic() + 60
    while "start " not in orrery("runs", "logs", run_id):
        assert time.monotonic() < until
    assert "goes on" in orrery("runs", "delete", run_id, code=2)
    assert "; the run goes on" in orrery("runs", "show", run_id)
    assert "canceled" in orrery("runs", "cancel", run_id)
    orrery("runs", "wait", run_id, code=143)
    assert "has ended already" in orrery("runs", "cancel", run_id, code=2)


def test_each_command_on_runs_tells_a_program_the_same(orrery: Terminal) -> None:
    """With ``--json``: one document, which is all that stands on standard output."""

    def told(*words: str, code: int = 0) -> object:
        return json.loads(orrery(*words, "--json", code=code))

    ended = told("launch", "*", "--wait")
    assert isinstance(ended, dict)
    first = ended["run_id"]
    assert ended == {"run_id": first, "status": "success"}
    assert told("runs", "wait", first) == ended
    again = told("runs", "retry", first, "--all", "--wait")
    assert isinstance(again, dict)
    assert (again["run_id"] != first, again["status"]) == (True, "success")
    launched = told("launch", "long")
    assert isinstance(launched, dict)
    going_on = told("runs", "wait", launched["run_id"], "--timeout", "0", code=1)
    assert isinstance(going_on, dict)
    assert going_on["status"] in ("starting", "started")
    assert told("runs", "cancel", launched["run_id"]) == {"run_id": launched["run_id"], "status": "canceled"}
    assert told("runs", "delete", first) == {"run_id": first, "status": "deleted"}
    assert told("pools", "set", "w", "2") == {"name": "w", "slots": 2}
    assert told("pools") == {"pools": [{"name": "w", "slots": 2, "claims": []}]}
    assert told("pools", "release", "w") == {"name": "w", "released": 0}
    assert told("pools", "delete", "w") == {"name": "w", "slots": None}
    assert told("queue") == {"waiting": [], "going_on": 0, "limit": 10}


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_a_forked_run_lets_go_of_the_output_of_whoever_launched_it(orrery: Terminal) -> None:
    """The command's pipe closes with the command, hours before the run ends; what the run writes stands beside its values."""
    settings = orrery.folder / "home" / "orrery.yaml"
    settings.parent.mkdir()
    settings.write_text("run_launcher: forked", encoding="utf-8")
    run_id = orrery("launch", "long").split()[0]
    assert "the run goes on" in orrery("runs", "show", run_id)
    orrery("runs", "cancel", run_id)
    orrery("runs", "wait", run_id, code=143)
    assert (orrery.folder / "home" / "storage" / run_id / "process.log").exists()


def test_a_queue_without_room_keeps_runs(orrery: Terminal) -> None:
    """Until it has some."""
    settings = orrery.folder / "home" / "orrery.yaml"
    settings.parent.mkdir()
    settings.write_text("concurrency: {runs: {max_concurrent_runs: 0}}", encoding="utf-8")
    run_id = orrery("launch", "*").split()[0]
    assert "1 waiting, 0 of 0 going on" in orrery("queue")
    settings.write_text("concurrency: {runs: {max_concurrent_runs: 1}}", encoding="utf-8")
    assert run_id in orrery("queue", "run", "--once")
    orrery("runs", "wait", run_id)


def test_what_cannot_be_launched_is_told_before_a_run_is_recorded(orrery: Terminal) -> None:
    assert "no_such" in orrery("launch", "no_such", code=2)
    (orrery.folder / "config.yaml").write_text("ops: {unknown: {}}", encoding="utf-8")
    assert "unknown" in orrery("launch", "long", "--config", "config.yaml", code=2)
    assert "no runs are recorded" in orrery("runs")


def test_settings_that_nobody_understands_are_told(orrery: Terminal) -> None:
    settings = orrery.folder / "home" / "orrery.yaml"
    settings.parent.mkdir()
    settings.write_text("run_launcher: subproces", encoding="utf-8")
    assert "subprocess" in orrery("runs", code=1)
    settings.write_text("concurrency: {runs: {max_concurrent_runs: many}}", encoding="utf-8")
    assert "max_concurrent_runs" in orrery("queue", code=1)
