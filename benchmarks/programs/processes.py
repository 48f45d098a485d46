"""
Execute a job in processes of their own: processes.py MODULE KIND N.

The whole of ``execute_job`` is measured, after a run of one step, with the start of the processes; what a step costs is
the difference of two sizes. KIND is that of ``processes_jobs.make``. For ``large`` a plain copy of the value through a file is measured beside it.
"""

import os
import sys
import tempfile
import time
from typing import Any

from common_api import StopWatch, persistent_instance, run
from processes_jobs import LARGE_BYTES


def copy_seconds(folder: str) -> float:
    """Return how long it takes to write the large value to a file, durably, and to read it again."""
    value = bytes(LARGE_BYTES)
    start = time.perf_counter()
    with open(f"{folder}/copy", "wb") as file:
        file.write(value)
        file.flush()
        os.fsync(file.fileno())
    with open(f"{folder}/copy", "rb") as file:
        assert len(file.read()) == LARGE_BYTES
    return time.perf_counter() - start


def program(og: Any, kind: str, n: str) -> None:
    watch = StopWatch()
    with tempfile.TemporaryDirectory() as folder, persistent_instance(og, folder) as instance:
        first, job = (
            og.build_reconstructable_job(
                "processes_jobs",
                "make",
                (name, "chain" if kind == "large" and size == "1" else kind, size),
                reconstructor_working_directory=os.path.dirname(os.path.abspath(__file__)),
            )
            for name, size in ((sys.argv[1], "1"), (sys.argv[1], n))
        )
        assert og.execute_job(first, instance).success
        with watch.part("total"):
            result = og.execute_job(job, instance)
        assert result.success
        if kind == "large":
            watch.seconds["plain copy"] = copy_seconds(folder)
    watch.report()


run(program)
