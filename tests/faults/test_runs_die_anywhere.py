"""A run that is killed at its n-th write, n = 1, 2, 3 ... until it gets through: what must hold each time."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

from orrery.adapters.io.pickled import PickledObjectFilesystemIOManager
from orrery.model.events.event import EventType
from orrery.model.records.run import RunStatus
from orrery.runtime.instance import Instance
from orrery.runtime.instance.value_key import value_key_of
from orrery.testing.conformance.samples import ValueContext

SOURCES = str(Path(__file__).parents[2] / "src")
PROGRAM = """
    import os, signal, sys
    from orrery import Instance, asset, materialize
    from orrery.adapters.storage.sql.connections import Connections

    home, at, value = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    calls = 0

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
        for name in ("write", "fsync", "replace", "rename", "unlink", "mkdir"):
            setattr(os, name, deadly(getattr(os, name)))
        Connections.write = deadly(Connections.write)
        result = materialize([first, second], instance=instance)
        os.write(1, b"acknowledged")
    assert result.success
"""


def run(home: Path, at: int, value: int) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(home), str(at), str(value)],
        env={**os.environ, "PYTHONPATH": SOURCES},
        capture_output=True,
        timeout=120,
        check=False,
    )


def stored(instance: Instance, name: str) -> object:
    manager = PickledObjectFilesystemIOManager(instance.storage_directory(), value_key_of(instance))
    return manager.load_input(ValueContext(name))


def test_whatever_the_write_at_which_a_run_dies(tmp_path: Path) -> None:
    """It ends as failed, values are whole, what was recorded as made is there, and the next run works."""
    assert run(tmp_path, 0, 0).returncode == 0
    deaths = 0
    for at in range(1, 80):
        done = run(tmp_path, at, at)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        with Instance.local_temp(str(tmp_path)) as instance:
            runs = instance.get_runs(limit=1)
            assert all(each.is_finished for each in instance.get_runs())
            assert instance.leases is not None
            assert instance.leases.get_leases() == []
            first = stored(instance, "first")
            assert isinstance(first, list)
            assert len(first) == 1000
            assert len(set(first)) == 1
            made = instance.all_logs(runs[0].run_id, of_type=EventType.ASSET_MATERIALIZATION)
            if b"acknowledged" in done.stdout:
                assert runs[0].status is RunStatus.SUCCESS
            if runs[0].status is RunStatus.SUCCESS:
                assert len(made) == 2
            if first[0] == at and len(made) == 2:
                assert stored(instance, "second") == 1000 * at
        with sqlite3.connect(tmp_path / "orrery.db") as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        connection.close()
        if done.returncode == 0:
            break
        deaths += 1
    else:
        raise AssertionError("the run never got through")
    assert deaths >= 5
