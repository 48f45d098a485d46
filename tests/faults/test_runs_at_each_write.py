"""
A whole run whose n-th write fails with EIO, or is its last: n = 1, 2, 3 ... until it gets through.

The fault lies below Python and SQLite: a small library, built here and loaded before the C library, counts what is written,
synced, cut and renamed in the home of the instance.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

SOURCES = str(Path(__file__).parents[2] / "src")
FAULT_POINT = Path(__file__).with_name("fault_point.c")

PROGRAM = """
    import ctypes, json, os, sqlite3, sys
    from orrery import Instance, asset, materialize
    from orrery.api.verbs.rehearsal import rehearse
    from orrery.adapters.io.pickled import PickledObjectFilesystemIOManager
    from orrery.model.events.event import EventType
    from orrery.model.records.run import RunStatus
    from orrery.runtime.instance.value_key import value_key_of
    from orrery.testing.conformance.samples import ValueContext

    library, home, kills = ctypes.CDLL(sys.argv[1]), os.path.realpath(sys.argv[2]), int(sys.argv[3])

    def run(value, at):
        @asset
        def first():
            return [value] * 1000

        @asset
        def second(first):
            return sum(first)

        library.fault_arm(home.encode(), ctypes.c_long(at), kills)
        with Instance.local_temp(home) as instance:
            done = materialize([first, second], instance=instance).success
        return 0 if done else 2

    def stands(at):
        with Instance.local_temp(home) as instance:
            def stored(name):
                manager = PickledObjectFilesystemIOManager(instance.storage_directory(), value_key_of(instance))
                return manager.load_input(ValueContext(name))

            runs = instance.get_runs()
            first = stored("first")
            made = instance.all_logs(runs[0].run_id, of_type=EventType.ASSET_MATERIALIZATION)
            return {
                "unfinished": [run.run_id for run in runs if not run.is_finished],
                "leases": len(instance.leases.get_leases()),
                "is_whole": len(first) == 1000 and len(set(first)) == 1 and stored("second") % 1000 == 0,
                "runs": len(runs),
                "succeeded": runs[0].status is RunStatus.SUCCESS,
                "made": len(made),
                "is_new": first[0] == at and stored("second") == 1000 * at,
                "problems": list(instance.upkeep.check_records().problems),
            }

    rehearse()  # what children do first is done before they are forked
    run(0, 1_000_000_000)
    told, at = [], 0
    while True:
        at += 1
        child = os.fork()
        if child == 0:
            code = 3
            try:
                code = run(at, at)
                if library.fault_calls() < at:
                    code = 4 if code == 0 else 5
            except BaseException as error:
                print(type(error).__name__, error, file=sys.stderr)
            finally:
                os._exit(code)
        _, ended = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(ended)
        told.append({"at": at, "code": code, **stands(at)})
        if code >= 4 or at > 400:
            break
    print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("faults below SQLite are made by a small library: there is no C compiler here, or no Linux")
    built = tmp_path_factory.mktemp("fault") / "libfault.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-w", "-o", str(built), str(FAULT_POINT), "-ldl"], check=True)
    return built


def attempts(library: Path, home: Path, *, kills: bool) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(library), str(home), str(int(kills))],
        env={**os.environ, "PYTHONPATH": SOURCES, "LD_PRELOAD": str(library)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("kills", [False, True])
def test_whatever_the_write_at_which_it_fails(library: Path, quick_path: Path, kills: bool) -> None:
    """Every run has ended, values are whole, what was told as done is there, and the records pass their check."""
    found = attempts(library, quick_path, kills=kills)
    assert found[-1]["code"] == 4, "the run never got through"
    assert len(found) > 10
    assert {each["code"] for each in found[:-1]} <= ({-9} if kills else {0, 2, 3})
    for before, each in zip([{"runs": 1}, *found], found, strict=False):
        assert each["unfinished"] == [], each
        assert each["leases"] == 0, each
        assert each["is_whole"], each
        assert each["problems"] == [], each
        if each["code"] in (0, 4):
            assert each["succeeded"], each
            assert each["runs"] == before["runs"] + 1, each
        if each["succeeded"] and each["runs"] > before["runs"]:
            assert each["made"] == 2, each
            assert each["is_new"], each
