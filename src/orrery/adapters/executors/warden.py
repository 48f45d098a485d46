"""
End what an engine of this run started on this machine when the run is killed, and could end nothing itself.

Engines look after their processes themselves, but not all of them at once: some look for a run that is gone only now and
then, and what a step started is nobody's. A small process waits for the end of the run, and kills what bears its mark in
the environment. It needs Linux; elsewhere the engine's own care has to do.
"""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["MARK_VARIABLE", "Warden", "warden_of_run"]

MARK_VARIABLE = "ORRERY_ENGINE_OF_RUN"
"""Environment variable that the processes of an engine bear, with a name of the run's own."""

_PROGRAM = """
import os, select, signal, sys, time

mark, run = os.fsencode(sys.argv[1]), int(sys.argv[2])
while os.getppid() == run and not select.select([0], [], [], 1.0)[0]:
    continue
if os.getppid() == run and os.read(0, 1):  # the run ended in order, and its engine with it
    sys.exit()
until = time.monotonic() + 30


def marked():
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/environ", "rb") as environment:
                if mark in environment.read().split(b"\\0"):
                    found.append(int(name))
        except OSError:  # it has ended, or is another user's
            continue
    return found


while (found := marked()) and time.monotonic() < until:
    for each in found:
        try:
            os.kill(each, signal.SIGKILL)
        except ProcessLookupError:
            pass
    time.sleep(0.1)
"""


class Warden:
    """
    The process that waits for the end of a run.

    Attributes:
        mark: The value of the variable by which it knows what to end.
    """

    def __init__(self) -> None:
        self.mark = uuid.uuid4().hex
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _PROGRAM, f"{MARK_VARIABLE}={self.mark}", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @contextmanager
    def marking(self) -> Iterator[None]:
        """Let processes that are started in the block, and what they start, bear the mark."""
        before = os.environ.get(MARK_VARIABLE)
        os.environ[MARK_VARIABLE] = self.mark
        try:
            yield
        finally:
            if before is None:
                del os.environ[MARK_VARIABLE]
            else:
                os.environ[MARK_VARIABLE] = before

    def dismiss(self) -> None:
        """Let it go: the engine has ended in order."""
        self._process.communicate(b"over")


@contextmanager
def warden_of_run() -> Iterator[Warden | None]:
    """Give a warden while the block runs; None where there can be none."""
    if sys.platform != "linux":
        yield None
        return
    warden = Warden()
    try:
        yield warden
    finally:
        warden.dismiss()
