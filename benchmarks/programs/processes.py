"""
Execute a job in processes of their own: processes.py MODULE KIND N.

The whole of ``execute_job`` is measured, after a run of one step, with the start of the processes; what a step costs is
the difference of two sizes. KIND is that of ``processes_jobs.make``. For ``large`` a run with a value of one byte is measured
before it, and a plain copy of the value through a file after it: ``value`` is what the value took, and ``plain copy`` what a
file takes that is written, made durable, and read.
"""

import os
import sys
import time
from typing import Any

from common_api import StopWatch, persistent_instance, run, work_folder


def copy_seconds(folder: str, count: int) -> float:
    """Return how long it takes to write so many bytes to a file, durably, and to read them again."""
    value = bytes(count)
    start = time.perf_counter()
    with open(f"{folder}/copy", "wb") as file:
        file.write(value)
        file.flush()
        os.fsync(file.fileno())
    with open(f"{folder}/copy", "rb") as file:
        assert len(file.read()) == count
    return time.perf_counter() - start


def program(og: Any, kind: str, n: str) -> None:
    watch = StopWatch()
    with work_folder() as folder, persistent_instance(og, folder) as instance:
        first, job = (
            og.build_reconstructable_job(
                "processes_jobs",
                "make",
                (sys.argv[1], kind, size),
                reconstructor_working_directory=os.path.dirname(os.path.abspath(__file__)),
            )
            for size in ("1", n)
        )
        assert og.execute_job(first, instance).success
        if kind == "large":
            with watch.part("with one byte"):
                assert og.execute_job(first, instance).success
        with watch.part("total"):
            result = og.execute_job(job, instance)
        assert result.success
        if kind == "large":
            watch.seconds["value"] = watch.seconds["total"] - watch.seconds["with one byte"]
            watch.seconds["plain copy"] = copy_seconds(folder, int(n))
    watch.report()


if __name__ == "__main__":  # the reference starts processes that import this again
    run(program)
