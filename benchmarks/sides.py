"""
The two sides: this repository's Orrery, and the reference implementation in an environment of its own.

A measurement is one fresh process. Both sides get the same program, the same clean environment (compiled bytecode
allowed, telemetry off, no home folder of records), an empty working folder, and pipes instead of a terminal.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = ROOT / "benchmarks" / "programs"

OURS, THEIRS = "Orrery", "Dagster"

#: The problem of a program that uses what one side does not have yet.
NOT_YET = "not yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """
    Something to measure.

    Attributes:
        title: As the table names it.
        python: Its interpreter.
        module: The module that programs import.
        command: Its command line, as the console script beside the interpreter.
        source: Folder put on the module path, for a checkout that is not installed.
    """

    title: str
    python: Path
    module: str
    command: str
    source: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """
    One measurement: ``seconds`` by part if it went well, else ``problem`` in a few words and the end of what it said.
    """

    seconds: dict[str, float] | None = None
    problem: str | None = None
    last_words: str | None = None


def our_side(python: Path | None) -> Side:
    """Return the Orrery of this checkout."""
    python = python or Path(sys.executable)
    return Side(title=OURS, python=python.absolute(), module="orrery", command="orrery", source=ROOT / "src")


def their_side(python: Path | None) -> Side | None:
    """Return the reference implementation, or None where its environment is not made."""
    named = python or os.environ.get("ORRERY_ORACLE_PYTHON") or ROOT / ".oracle" / "bin" / "python"
    if not Path(named).exists():
        return None
    return Side(title=THEIRS, python=Path(named).absolute(), module="dagster", command="dagster")


def measure(side: Side, program: str, arguments: tuple[str, ...], *, limit_seconds: float) -> Sample:
    """
    Run *program* once on *side*.

    A program of ``programs/`` measures its own parts. ``hello`` and ``--help`` are measured from outside: the part
    ``total`` is then the life of the whole process. Its working folder lies below ``BENCHMARK_FOLDERS`` and stays: see
    ``work_folder`` in ``programs/common_api.py``.
    """
    if program == "--help":
        argv = [str(side.python.parent / side.command), "--help"]
        outside = True
    else:
        argv = [str(side.python), str(PROGRAMS / f"{program}.py"), side.module, *arguments]
        outside = program == "hello"
    folder = tempfile.mkdtemp(dir=os.environ["BENCHMARK_FOLDERS"])
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        try:
            child = subprocess.Popen(
                argv,
                cwd=folder,
                env=clean_environment(side),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        except FileNotFoundError:
            return Sample(problem="no command")
        try:
            output, _ = child.communicate(timeout=limit_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            return Sample(problem=f"over {limit_seconds:.0f} s")
        took = time.perf_counter() - start
        if child.returncode != 0:
            errors.seek(0)
            said = errors.read().decode(errors="replace")
            return Sample(problem=describe_failure(said), last_words=last_words(said))
    if outside:
        return Sample(seconds={"total": took})
    return Sample(seconds=json.loads(output.decode().strip().splitlines()[-1])["seconds"])


def clean_environment(side: Side) -> dict[str, str]:
    """Return the environment variables of a measured process."""
    dropped = {"DAGSTER_HOME", "ORRERY_HOME"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON") and name not in dropped}
    kept["DAGSTER_DISABLE_TELEMETRY"] = "1"
    if side.source is not None:
        kept["PYTHONPATH"] = str(side.source)
    return kept


def last_words(errors: str) -> str:
    """Return the end of what a process said on its standard error, without the lines of a traceback."""
    return "\n".join([line for line in errors.strip().splitlines() if line and not line.startswith(" ")][-5:])[-1_000:]


def describe_failure(errors: str) -> str:
    """Return the end of a traceback as two or three words."""
    last = last_words(errors).rpartition("\n")[2] or "no message"
    kind = last.split(":", 1)[0].rsplit(".", 1)[-1]
    return NOT_YET if kind in {"NotYet", "NotImplementedError"} or "No module named 'orrery" in last else kind[:40]
