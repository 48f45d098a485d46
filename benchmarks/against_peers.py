"""
``python -m benchmarks.against_peers``: the same graph, in which nothing changed, in tools of other kinds.

Also what a digest costs, beside ``sha256sum`` and BLAKE3. The table goes into the docs as that of ``benchmarks`` does.
"""

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers.changed import N as DESCENDANTS
from benchmarks.peers.graph import N
from benchmarks.run import DOCS, machine
from benchmarks.sides import ROOT

BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"
PROGRAMS = ROOT / "benchmarks" / "peers"
BLAKE3 = """
import json, sys, time
from blake3 import blake3
found = {}
for name, threads in (("one thread", 1), ("all cores", blake3.AUTO)):
    times = []
    for _ in range(3):
        start = time.perf_counter()
        blake3(max_threads=threads).update_mmap(sys.argv[1]).hexdigest()
        times.append(time.perf_counter() - start)
    found[name] = min(times)
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """
    A tool.

    Attributes:
        title: As the table names it.
        program: Its program in ``peers/``.
        environment: The folder of its virtual environment.
        package: What its version is asked of.
        looks_at: What it compares to find out that nothing changed.
        changed: Its program in ``peers/`` in which a root changes.
        remark: What has to be known of that.
    """

    title: str
    program: str
    environment: str
    package: str
    looks_at: str
    changed: str
    remark: str = ""


PEERS = (
    Peer(
        title="Orrery",
        program="with_orrery",
        environment=".venv",
        package="orrery",
        looks_at="all code that is reached, config, versions of inputs and libraries, that each value is there",
        changed="changed_with_orrery",
    ),
    Peer(
        title="doit",
        program="with_doit",
        environment=".peers",
        package="doit",
        looks_at="age, size or digest of files",
        changed="changed_with_doit",
        remark="the tasks are made anew in each run",
    ),
    Peer(
        title="Luigi",
        program="with_luigi",
        environment=".peers",
        package="luigi",
        looks_at="that each file is there",
        changed="changed_with_luigi",
        remark="versions are parameters, by hand; what stands beside is not asked for",
    ),
    Peer(
        title="Hamilton",
        program="with_hamilton",
        environment=".peers",
        package="sf-hamilton",
        looks_at="code of the function alone, versions of inputs",
        changed="changed_with_hamilton",
    ),
    Peer(
        title="Snakemake",
        program="with_snakemake",
        environment=".peers",
        package="snakemake",
        looks_at="age of files, code of the rule",
        changed="changed_with_snakemake",
        remark="planned only; what the root writes is new, whatever is in it",
    ),
    Peer(
        title="redun",
        program="with_redun",
        environment=".peers",
        package="redun",
        looks_at="code of the task alone, values of inputs",
        changed="changed_with_redun",
        remark="what stands beside is not called",
    ),
    Peer(
        title="Dagster",
        program="with_dagster",
        environment=".oracle",
        package="dagster",
        looks_at="nothing: it runs all again",
        changed="changed_with_dagster",
        remark="it runs all again",
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, and write it into the docs when asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.against_peers", description=__doc__)
    parser.add_argument("--repeat", type=int, default=3, help="lives of each tool; the median counts (default: 3)")
    parser.add_argument("--megabytes", type=int, default=1_024, help="what the digests are taken of (default: 1,024)")
    parser.add_argument("--only", action="append", default=[], metavar="TOOL", help="this tool alone")
    parser.add_argument("--write-docs", action="store_true", help="put the table into docs/benchmarks.md")
    options = parser.parse_args(arguments)
    load = os.getloadavg()[0]
    chosen = [peer for peer in PEERS if not options.only or peer.title in options.only]
    out = [f"| {N:,} nodes, nothing changed | version | first, a node | again, a node | it looks at |"]
    out += ["|---|---|---:|---:|---|"]
    for peer in chosen:
        print(peer.title, file=sys.stderr, flush=True)
        figures = measured(peer, options.repeat)
        out.append(f"| {peer.title} | {' | '.join(figures)} | {peer.looks_at} |")
    out += ["", f"| one root changed, one of its {DESCENDANTS} descendants is affected | nodes beside | ran | time | |"]
    out += ["|---|---:|---:|---:|---|"]
    for peer in chosen:
        for beside in (0, 1_000, 10_000):
            told = changed(peer, beside)
            out.append(f"| {peer.title} | {beside:,} | {' | '.join(told)} | {peer.remark if not beside else ''} |")
    out += ["", f"| digest of {options.megabytes} MB | GB a second |", "|---|---:|"]
    out += [f"| {title} | {speed:.2f} |" for title, speed in digests(options.megabytes)]
    table = "\n".join(out)
    print(table)
    if options.write_docs:
        facts = machine()
        told = (
            f"Measured {facts['when']} on {facts['cores']} cores of {facts['processor']}, Python {facts['python']}; "
            f"load {load:.1f} at the start. CPU time; the median of {options.repeat}."
        )
        before, rest = DOCS.read_text().split(BEGIN)
        DOCS.write_text(f"{before}{BEGIN}\n\n{told}\n\n{table}\n\n{END}{rest.split(END)[1]}")
    return 0


def measured(peer: Peer, repeat: int) -> tuple[str, str, str]:
    """Return version and figures of a tool, as text."""
    python = ROOT / peer.environment / "bin" / "python"
    if not python.exists():
        return "not installed", "", ""
    asked = f"import importlib.metadata as m; print(m.version({peer.package!r}))"
    version = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        made = live(python, peer.program, "make", folder)
        if isinstance(made, str):
            return version, made, ""
        lives = [live(python, peer.program, "check", folder) for _ in range(repeat)]
    failed = next((each for each in lives if isinstance(each, str)), None)
    if failed is not None:
        return version, failed, ""
    first, again = (
        statistics.median(each[part] for each in lives if not isinstance(each, str)) for part in ("first", "again")
    )
    return version, f"{first / N * 1e6:,.0f} µs", f"{again / N * 1e6:,.0f} µs"


def changed(peer: Peer, beside: int) -> tuple[str, str]:
    """Return how many descendants ran after a change of the root, and the time that it took, as text."""
    python = ROOT / peer.environment / "bin" / "python"
    if not python.exists():
        return "not installed", ""
    with tempfile.TemporaryDirectory() as folder:
        found = told(python, peer.changed, "change", folder, str(beside))
    if isinstance(found, str):
        return found, ""
    return f"{found['ran']:,}", f"{found['seconds']['changed'] * 1e3:,.0f} ms"


def live(python: Path, program: str, life: str, folder: str) -> dict[str, float] | str:
    """Return the seconds of one life, or what went wrong."""
    found = told(python, program, life, folder)
    return found if isinstance(found, str) else found["seconds"]


def told(python: Path, program: str, *arguments: str) -> dict[str, Any] | str:
    """Return what a program prints at its end, or what went wrong."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {"PYTHONPATH": str(ROOT / "src"), "DAGSTER_DISABLE_TELEMETRY": "1"}
    done = subprocess.run(
        [python, PROGRAMS / f"{program}.py", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode:
        return f"failed: {(done.stderr.strip().splitlines() or ['no message'])[-1][:60]}"
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def digests(megabytes: int) -> list[tuple[str, float]]:
    """Return how many gigabytes a second each digest takes in, of a file in the cache of the system."""
    from orrery import file_version

    found: list[tuple[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bytes"
        piece = hashlib.shake_128(b"bytes").digest(1 << 20)
        with path.open("wb") as file:
            for _ in range(megabytes):
                file.write(piece)
        size = megabytes / 1_024
        found.append(("Orrery, `file_version` (SHA-256)", size / seconds(lambda: file_version(path))))
        command = shutil.which("sha256sum")
        if command is not None:
            found.append(("`sha256sum`", size / seconds(lambda: subprocess.run([command, path], capture_output=True))))
        python = ROOT / ".peers" / "bin" / "python"
        if python.exists():
            done = subprocess.run([python, "-c", BLAKE3, path], capture_output=True, text=True, check=True)
            for threads, taken in json.loads(done.stdout).items():
                found.append((f"BLAKE3, {threads}", size / taken))
    return found


def seconds(act: object) -> float:
    """Return the best of three times of *act*."""
    assert callable(act)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    raise SystemExit(main())
