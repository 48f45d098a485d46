"""
How long a launched run takes to its first event: forked from a process that has its code, and in a fresh interpreter.

``python -m benchmarks.launching`` prints the median of a number of launches, in milliseconds from the call that launches to
the event that says that the run has started, as both processes note it.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import textwrap
import time
from pathlib import Path

from orrery.base.pointer import FilePointer, encode_pointer
from orrery.model.events.event import EventType
from orrery.runtime.instance.instance import Instance

__all__ = ["main", "milliseconds_to_start"]

_PROJECT = """
    from orrery import Definitions, job, op

    @op
    def say():
        return 1

    @job
    def quick():
        say()

    defs = Definitions(jobs=[quick])
"""


def milliseconds_to_start(launcher: str, launches: int) -> float:
    """Return the median over so many launches, after one that is not counted."""
    with tempfile.TemporaryDirectory(prefix="orrery-launch-") as folder:
        code = Path(folder) / "project.py"
        code.write_text(textwrap.dedent(_PROJECT), encoding="utf-8")
        origin = encode_pointer(FilePointer(path=str(code))).decode()
        taken = []
        with Instance.local_temp(f"{folder}/home", overrides={"run_launcher": launcher}) as instance:
            for number in range(launches + 1):
                run_id = f"run-{number}"
                instance.create_run(job_name="quick", run_id=run_id, job_code_origin=origin)
                began = time.time()
                instance.launch_run(run_id)
                while not instance.is_run_finished(run_id):
                    time.sleep(0.005)
                (start,) = instance.all_logs(run_id, of_type=EventType.RUN_START)
                taken.append((start.timestamp - began) * 1000)
        return statistics.median(taken[1:])


def main() -> int:
    """Print both."""
    for launcher, launches in (("forked", 10), ("subprocess", 4)):
        print(f"{launcher}: {milliseconds_to_start(launcher, launches):.0f} ms to the start of the run", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
