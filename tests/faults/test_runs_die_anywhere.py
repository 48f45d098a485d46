"""A run that is killed at its n-th write, n = 1, 2, 3 ... until it gets through: what must hold each time."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orrery.adapters.io.pickled import PickledObjectFilesystemIOManager
from orrery.model.events.event import EventType
from orrery.model.records.run import RunStatus
from orrery.runtime.instance import Instance
from orrery.runtime.instance.value_key import value_key_of
from orrery.testing.conformance.samples import ValueContext

SOURCES = str(Path(__file__).parents[2] / "src")
PROGRAM = """
    import json, os, signal, sys
    from orrery import Instance, asset, materialize
    from orrery.adapters.storage.sql.connections import Connections
    from orrery.api.verbs.rehearsal import rehearse

    rehearse()  # what children do first is done before they are forked
    home, calls = sys.argv[1], 0

    def run(at, value, told):
        def deadly(real):
            def call(*args, **kwargs):
                global calls
                calls += 1
                if calls == at:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*args, **kwargs)
            return call

        @asset
        def first():
            return [value] * 1000

        @asset
        def second(first):
            return sum(first)

        with Instance.local_temp(home) as instance:
            write = os.write
            for name in ("write", "fsync", "replace", "rename", "unlink", "mkdir"):
                setattr(os, name, deadly(getattr(os, name)))
            Connections.write = deadly(Connections.write)
            result = materialize([first, second], instance=instance)
            write(told, b"acknowledged")
        return 0 if result.success else 1

    for line in sys.stdin:
        at, value = map(int, line.split())
        told, telling = os.pipe()
        child = os.fork()
        if child == 0:
            code = 2
            try:
                code = run(at, value, telling)
            finally:
                os._exit(code)
        os.close(telling)
        with open(told, "rb") as said:
            words = said.read().decode()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps([code, words]), flush=True)
"""


@pytest.fixture
def run(quick_path: Path) -> Iterator[Callable[[int, int], tuple[int, str]]]:
    """A run that dies at its n-th write, with a value of its own: its exit code, and what it acknowledged."""
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(quick_path)],
        env={**os.environ, "PYTHONPATH": SOURCES},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def run_one(at: int, value: int) -> tuple[int, str]:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{at} {value}\n")
            process.stdin.flush()
            code, said = json.loads(process.stdout.readline())
            return code, said

        yield run_one
        process.stdin.close()


def stored(instance: Instance, name: str) -> object:
    manager = PickledObjectFilesystemIOManager(instance.storage_directory(), value_key_of(instance))
    return manager.load_input(ValueContext(name))


def test_whatever_the_write_at_which_a_run_dies(quick_path: Path, run: Callable[[int, int], tuple[int, str]]) -> None:
    """It ends as failed, values are whole, what was recorded as made is there, and the next run works."""
    assert run(0, 0) == (0, "acknowledged")
    deaths = 0
    for at in range(1, 80):
        code, said = run(at, at)
        assert code in (0, -signal.SIGKILL)
        with Instance.local_temp(str(quick_path)) as instance:
            runs = instance.get_runs(limit=1)
            assert all(each.is_finished for each in instance.get_runs())
            assert instance.leases is not None
            assert instance.leases.get_leases() == []
            first = stored(instance, "first")
            assert isinstance(first, list)
            assert len(first) == 1000
            assert len(set(first)) == 1
            made = instance.all_logs(runs[0].run_id, of_type=EventType.ASSET_MATERIALIZATION)
            if said == "acknowledged":
                assert runs[0].status is RunStatus.SUCCESS
            if runs[0].status is RunStatus.SUCCESS:
                assert len(made) == 2
            if first[0] == at and len(made) == 2:
                assert stored(instance, "second") == 1000 * at
        with sqlite3.connect(quick_path / "orrery.db") as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        connection.close()
        if code == 0:
            break
        deaths += 1
    else:
        raise AssertionError("the run never got through")
    assert deaths >= 5
