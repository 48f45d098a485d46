"""
Two runs at a time, killed at random, for ten minutes: what must hold whatever dies.

``python -m benchmarks.soak --seconds 600 --seed 7``. The one who watches keeps the instance open all the time, finds the runs
whose processes are gone, and makes runs of its own. Every run ends; everything that a run told of as stored is there; the
database passes its check; nobody has anything in hand; descriptors, threads and memory of the one who watches do not grow.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from orrery import Definitions, asset
from orrery.api.verbs.execute import execute_job_in_process
from orrery.model.events.event import EventType
from orrery.runtime.instance.instance import Instance

__all__ = ["main", "soak"]

_PROGRAM = """
    import os, sys, time
    from orrery import Definitions, Instance, asset
    from orrery.api.verbs.execute import execute_job_in_process

    def named(number, before):
        @asset(name=f"asset_{number}", deps=before, pool="shared")
        def made():
            time.sleep(0.01)
            return [number] * 1000
        return made

    assets = []
    for number in range(8):
        assets.append(named(number, assets[-1:]))
    job = Definitions(assets).get_implicit_global_asset_job_def()

    def told(entry):
        event = entry.dagster_event
        if event is not None and event.event_type_value == "STEP_SUCCESS":
            os.write(1, f"{entry.run_id} {event.step_key}\\n".encode())

    with Instance.local_temp(sys.argv[1]) as instance:
        os.write(1, b"begun\\n")
        execute_job_in_process(job, instance=instance, on_event=told, keep_values=False, raise_on_error=False)
"""


_LOOK_SECONDS = 1.0
_WARM_LOOKS = 20
"""After so many looks the watcher has imported and cached what it needs, and its size counts."""
_GROWTH_KILOBYTES = 20_000


class _Running:
    """A process with a run, and how long it lives from its beginning; None for as long as it takes."""

    def __init__(self, home: Path, log: Path, lives: float | None) -> None:
        self._log = log
        self._lives = lives
        self._dies: float | None = None
        with log.open("wb") as out:
            self.process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(_PROGRAM), str(home)], stdout=out)

    def is_due(self) -> bool:
        """Tell whether it is to be killed now."""
        if self._dies is None and self._lives is not None and self._log.stat().st_size:
            self._dies = time.monotonic() + self._lives
        return self._dies is not None and time.monotonic() > self._dies


def soak(home: Path, seconds: float, seed: int) -> list[str]:
    """Let runs be killed for so long, and return what did not hold."""
    chance = random.Random(seed)  # a seed that can be given again
    told = home / "told"
    told.mkdir(parents=True)
    with Instance.local_temp(str(home)) as instance:
        sizes = _watch(instance, home, told, time.monotonic() + seconds, chance)
    problems = _problems(home, told)
    if len(sizes) > _WARM_LOOKS:
        first, last = sizes[_WARM_LOOKS], sizes[-1]
        problems += [
            f"{name} grew from {first[name]} to {last[name]}"
            for name in ("descriptors", "threads")
            if last[name] > first[name] + 2
        ]
        if last["kilobytes"] > first["kilobytes"] + _GROWTH_KILOBYTES:
            problems.append(f"memory grew from {first['kilobytes']} kB to {last['kilobytes']} kB")
        print(
            f"size of the watcher after {_WARM_LOOKS} of its own runs: {_words(first)}; after {len(sizes)}: {_words(last)}"
        )
    verdict = "broken" if problems else "all holds"
    print(f"{len(_lines(told))} steps told as done, seed {seed}: {verdict}", flush=True)
    return problems


def _watch(instance: Instance, home: Path, told: Path, until: float, chance: random.Random) -> list[Mapping[str, int]]:
    """Keep two runs going, kill most of them, and make one here every second; return how large we were after each."""
    processes: list[_Running] = []
    sizes: list[Mapping[str, int]] = []
    count = ended = killed = 0
    next_look = 0.0
    while time.monotonic() < until or processes:
        while len(processes) < 2 and time.monotonic() < until:
            count += 1
            lives = chance.uniform(0.0, 0.8) if chance.random() < 0.8 else None
            processes.append(_Running(home, told / f"{count}.log", lives))
        for each in list(processes):
            if each.process.poll() is not None:
                processes.remove(each)
                ended += 1
            elif each.is_due():
                each.process.send_signal(signal.SIGKILL)
                each.process.wait()
                processes.remove(each)
                killed += 1
        if time.monotonic() > next_look:
            instance.report_lost_runs()
            execute_job_in_process(_own_job, instance=instance, keep_values=False)
            sizes.append(_size())
            next_look = time.monotonic() + _LOOK_SECONDS
        time.sleep(0.02)
    print(f"{ended} runs ended, {killed} were killed, {len(sizes)} made by the watcher", flush=True)
    return sizes


@asset
def watched() -> list[int]:
    """Return something to store."""
    return list(range(1000))


_own_job = Definitions([watched]).get_implicit_global_asset_job_def()


def _size() -> Mapping[str, int]:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return {
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
        "kilobytes": pages * os.sysconf("SC_PAGE_SIZE") // 1024,
    }


def _words(size: Mapping[str, int]) -> str:
    return ", ".join(f"{many} {name}" for name, many in size.items())


def _lines(told: Path) -> list[str]:
    """Return what all runs told, a run and a step each."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(told.iterdir())]
    return [line for text in texts for line in text.splitlines() if line != "begun"]


def _problems(home: Path, told: Path) -> list[str]:
    problems = []
    with Instance.local_temp(str(home)) as instance:
        for run in instance.get_runs():
            if not run.is_finished:
                problems.append(f"run {run.run_id} is {run.status.value.lower()}")
        stored: dict[str, set[str | None]] = {}
        for line in _lines(told):
            run_id, _, step = line.partition(" ")
            if run_id not in stored:
                entries = instance.all_logs(run_id, of_type=EventType.STEP_SUCCESS)
                stored[run_id] = {entry.step_key for entry in entries}
            if step not in stored[run_id]:
                problems.append(f"step {step} of run {run_id} was told as done and is not stored")
        assert instance.leases is not None
        problems += [f"a lease is left: {lease.name}" for lease in instance.leases.get_leases()]
        problems += [f"a claim is left: {claim.step_key} of {claim.run_id}" for claim in instance.leases.get_claims()]
    connection = sqlite3.connect(home / "orrery.db")
    found = connection.execute("PRAGMA integrity_check").fetchone()[0]
    connection.close()
    return problems if found == "ok" else [*problems, f"the database says: {found}"]


def main() -> int:
    """Soak as the arguments say; return 0 if all held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="orrery-soak-") as folder:
        problems = soak(Path(folder) / "home", arguments.seconds, arguments.seed)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
