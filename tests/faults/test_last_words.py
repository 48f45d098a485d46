"""What a step writes before its process dies is kept as its own, however the process dies."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

SOURCES = str(Path(__file__).parents[2] / "src")
PROGRAM = """
    import os, sys
    import orrery as og

    @og.asset
    def speaks():
        print("said before")

    @og.asset(deps=[speaks])
    def dies():
        os.write(1, b"on the way\\n")
        os.write(2, b"libfoo: assertion failed\\nno end")
        os.abort()

    defs = og.Definitions(assets=[speaks, dies], executor=og.{executor})
"""
CHAIN = """
    import os
    import orrery as og

    def quick(number):
        @og.asset(name=f"a{{number}}", deps=[f"a{{number - 1}}"] if number else [])
        def made():
            if number == 20:
                os.write(2, b"libfoo: assertion failed\\n")
                os.abort()

        return made

    defs = og.Definitions(assets=[quick(number) for number in range(22)], executor=og.{executor})
"""
CRASH = """
    import ctypes, faulthandler
    import orrery as og

    faulthandler.enable()

    @og.asset
    def dies():
        ctypes.string_at(0)

    defs = og.Definitions(assets=[dies], executor=og.{executor})
"""


def orrery(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from orrery.cli import main; main()", *words],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=home,
        env={**os.environ, "PYTHONPATH": SOURCES, "ORRERY_HOME": str(home / "home")},
    )


def materialized(home: Path, program: str, executor: str) -> subprocess.CompletedProcess[str]:
    (home / "defs.py").write_text(textwrap.dedent(program).format(executor=executor))
    return orrery(home, "materialize", "*", "-f", "defs.py")


@pytest.mark.parametrize("executor", ["in_process_executor", "multiprocess_executor"])
def test_the_log_of_a_run_shows_what_a_step_wrote_before_its_process_died(tmp_path: Path, executor: str) -> None:
    done = materialized(tmp_path, PROGRAM, executor)
    assert done.returncode != 0
    for _ in range(2):  # noted once
        lines = [" ".join(line.split()) for line in orrery(tmp_path, "runs", "logs", "latest").stdout.splitlines()]
        written = [line for line in lines if line.startswith(("out ", "err "))]
        assert written == [
            "out speaks: said before",
            "out dies: on the way",
            "err dies: libfoo: assertion failed",
            "err dies: no end",
        ]
        (failed,) = [at for at, line in enumerate(lines) if " failed dies " in line]
        assert lines.index(written[-1]) < failed
    if executor == "multiprocess_executor":  # the run lives, and shows it
        assert done.stdout.count("on the way\n") == 1
        assert done.stderr.count("libfoo: assertion failed\n") + done.stdout.count("libfoo: assertion failed\n") == 1


@pytest.mark.parametrize("executor", ["in_process_executor", "multiprocess_executor"])
def test_what_faulthandler_tells_is_kept(tmp_path: Path, executor: str) -> None:
    materialized(tmp_path, CRASH, executor)
    log = orrery(tmp_path, "runs", "logs", "latest").stdout
    assert "dies: Fatal Python error: Segmentation fault" in log
    assert "in dies" in log


def test_a_step_is_known_whose_events_died_with_the_process(tmp_path: Path) -> None:
    """What quick steps tell is stored a little later, together: the last of twenty was not heard of."""
    materialized(tmp_path, CHAIN, "in_process_executor")
    log = orrery(tmp_path, "runs", "logs", "latest").stdout
    assert [line.split() for line in log.splitlines() if "libfoo" in line] == [
        ["err", "a20:", "libfoo:", "assertion", "failed"]
    ]
