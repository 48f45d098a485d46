"""
A process that is kept warm between runs: it has imported Orrery and none of the user's code, and code processes are forked
from it.

Each of them imports the user's code as it is then, as a fresh interpreter would, and is spared what takes longest there: the
start of the interpreter and the import of our own modules. In all else it is what a fresh one would be: it works in the same
directory and writes to the same streams as its owner; where the owner has other variables, limits or rights than when the kept
process was started, that one is given up and another one started.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import invalidate_caches
from typing import Any

import msgspec

from orrery.runtime.processes.channel import Channel
from orrery.runtime.processes.child import is_importing
from orrery.runtime.processes.code_process import Child, CodeProcess
from orrery.runtime.processes.serving import serve_nested

__all__ = ["IDLE_SECONDS", "NestedProcess", "Nursery", "begin"]

IDLE_SECONDS = 300.0
"""How long the kept process waits for the next run, before it ends."""

_BEGIN = "orrery.runtime.processes.nursery:begin"
_GRACE_FOR_NESTED_SECONDS = 3.5
"""More than a code process leaves to its workers, so that it can take them along."""
_MARGIN_SECONDS = 5.0
_STREAMS = (1, 2)
_STATUS = ("Umask", "Uid", "Gid", "Groups", "SigBlk", "SigIgn", "CapEff", "NoNewPrivs", "Cpus_allowed_list")

_encode = msgspec.msgpack.Encoder().encode
_decode_streams = msgspec.msgpack.Decoder(tuple[int, ...]).decode


class NestedProcess:
    """
    A code process that was forked from the kept one, as :class:`subprocess.Popen` has those that it starts.

    Args:
        kept: The process that it was forked from.
        child: What that one knows it by.
        pid: Its process id.
    """

    def __init__(self, kept: CodeProcess, child: Child, pid: int) -> None:
        self.pid = pid
        self._kept = kept
        self._child = child

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended and return its exit code: as Popen does, less than zero for a signal."""
        end = self._kept.wait(self._child, timeout)
        if end is None:
            raise subprocess.TimeoutExpired("a code process", timeout or 0.0)
        if end.exit_code is not None:
            return end.exit_code
        return -(end.signal or signal.SIGKILL)

    def kill(self) -> None:
        """Kill it."""
        self._kept.signal(self._child, signal.SIGKILL, is_for_group=True)


class Nursery:
    """
    The process that is kept, as its owner sees it; it is started when it is first needed.

    Any thread may call it. A copy of this process that was forked starts its own.

    Args:
        function: ``module:name`` of a function ``(bytes) -> Any`` that imports what code processes will need.
        at_rest: ``module:name`` of a function ``() -> Any`` that imports more, after the first run: what some will need.
        idle_seconds: How long the process waits for the next request, before it ends.
    """

    def __init__(self, function: str, at_rest: str = "", idle_seconds: float = IDLE_SECONDS) -> None:
        self._function = function
        self._at_rest = at_rest
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._kept: CodeProcess | None = None
        self._given_up: list[CodeProcess] = []
        self._situation: object = None

    @property
    def process(self) -> int | None:
        """Return the id of the process that is kept; None if there is none."""
        return None if self._kept is None else self._kept.process

    def fork(self) -> tuple[NestedProcess, Channel] | None:
        """
        Return a process that serves as a code process, and the connection to it; None where there can be none.

        Raises:
            CodeLocationLoadError: Our own modules cannot be imported by another process.
        """
        if sys.platform != "linux" or is_importing():
            return None
        if self._owner != os.getpid():  # the lock may be held by a thread that this copy does not have
            self._owner, self._lock, self._kept, self._given_up = os.getpid(), threading.Lock(), None, []
        with self._lock:
            kept = self._ready()
            if not kept.ready().forks:
                return None
            child = kept.start_child(_BEGIN)
        with _place() as (streams, descriptors):
            try:
                child.channel.send(_encode(streams), descriptors=descriptors)
            except OSError:  # it is gone, as is seen below
                pass
        process = kept.wait_until_started(child)
        if process is None:
            child.channel.close()
            return None
        return NestedProcess(kept, child, process), child.channel

    def _ready(self) -> CodeProcess:
        """Return the process, another one if the one that was kept does not fit."""
        situation = _situation()
        kept = self._kept
        if kept is not None:
            kept.take_news()
            is_ending = not kept.has_children and kept.quiet_seconds > self._idle_seconds - _MARGIN_SECONDS
            if kept.is_over or is_ending or situation != self._situation:
                self._given_up.append(kept)
                kept = None
        self._end_given_up()
        if kept is None:
            kept = self._kept = CodeProcess.start(
                self._function,
                idle_seconds=self._idle_seconds,
                grace_seconds=_GRACE_FOR_NESTED_SECONDS,
                is_silent=True,
                at_rest=self._at_rest,
            )
            self._situation = situation
        return kept

    def _end_given_up(self) -> None:
        """End those that were given up, but for those with a run under way."""
        for each in list(self._given_up):
            each.take_news()
            if not each.has_children:
                self._given_up.remove(each)
                each.close()

    def close(self) -> None:
        """End the process; whoever asks again gets another one. A copy of this process that was forked leaves it alone."""
        if self._owner != os.getpid():
            return
        with self._lock:
            kept, self._kept = self._kept, None
            ending = [*self._given_up, *(() if kept is None else (kept,))]
            self._given_up = []
        for each in ending:
            each.close()


def begin(channel: Channel, _argument: bytes, _prepared: Any) -> int:
    """Serve as a code process, in a process that was forked for it, at the place that the owner names first."""
    frame = channel.receive()
    if frame is None:
        return 0
    folder = channel.take_descriptor()
    os.fchdir(folder)
    os.close(folder)
    for number in _decode_streams(frame.body):
        given = channel.take_descriptor()
        os.dup2(given, number)
        os.close(given)
    if sys.stdout is not None and os.isatty(1):
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # made at the start of the interpreter
    invalidate_caches()
    return serve_nested(channel)


@contextmanager
def _place() -> Iterator[tuple[tuple[int, ...], list[int]]]:
    """Give the numbers of the streams that are open here, and the files that tell where a process works."""
    folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        streams = tuple(each for each in _STREAMS if _is_open(each))
        yield streams, [folder, *streams]
    finally:
        os.close(folder)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _situation() -> object:
    """Return what a process inherits from this one, but for its code, its directory and its streams."""
    with open("/proc/thread-self/status", encoding="utf-8", errors="replace") as file:
        status = [line for line in file if line.startswith(_STATUS)]
    with open("/proc/self/limits", encoding="utf-8") as file:
        limits = file.read()
    return dict(os.environ), status, limits, os.getpriority(os.PRIO_PROCESS, 0), sys.executable
