"""
The command in a process of its own, forked from one that has the libraries of others loaded.

More than half of what a command does is to load SQLAlchemy, pydantic, click and what they need, the same each time. Of Orrery nothing
is loaded before the fork: the command finds of it what it finds in a fresh interpreter. Two processes, each with its own seed of
hashes, take turns, so that what hangs on the order of a set is seen. Where the environment decides how the interpreter begins
(``PYTHON...``, the locale), one begins.
"""

from __future__ import annotations

import atexit
import importlib
import io
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["COMMAND", "run_command"]

COMMAND = "from orrery.cli import main; main()"

_LIBRARIES = (
    "asyncio",
    "click",
    "importlib.metadata",
    "msgspec",
    "pydantic",
    "pydantic.plugin._loader",
    "pydantic._internal._generate_schema",
    "pydantic._internal._signature",
    "sqlalchemy",
    "sqlalchemy.dialects.sqlite",
)
_OF_THE_INTERPRETER = ("PYTHON", "LC_", "LANG", "LD_")
_LARGEST = 128 * 1024


def run_command(
    *words: str,
    cwd: Path | str,
    env: Mapping[str, str],
    timeout: float = 120,
    before: Callable[[], None] | None = None,
) -> subprocess.CompletedProcess[str]:
    """
    Run ``orrery`` with these words and return how it ended and what it said.

    Args:
        words: What follows ``orrery``.
        cwd: Where it is called.
        env: All of its environment.
        timeout: Seconds after which it is killed.
        before: Called in the process before the interpreter begins.
    """
    if before is not None or _beginning(env) != _beginning(os.environ):
        return subprocess.run(
            [sys.executable, "-c", COMMAND, *words],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            preexec_fn=before,
        )
    _parents.append(_parents.pop(0) if len(_parents) == 2 else _Parent())
    return _parents[-1].run(words, str(cwd), dict(env), timeout)


class _Parent:
    """A process from which commands are forked, one after the other."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        atexit.register(self._end)

    def _end(self) -> None:
        self._channel.close()
        self._process.wait()

    def run(
        self, words: tuple[str, ...], cwd: str, env: dict[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        until = time.monotonic() + timeout
        request = json.dumps({"words": words, "cwd": cwd, "env": env}).encode()
        assert len(request) < _LARGEST
        (out, out_end), (err, err_end), nothing = os.pipe(), os.pipe(), os.open(os.devnull, os.O_RDONLY)
        socket.send_fds(self._channel, [request], [nothing, out_end, err_end])
        for each in (nothing, out_end, err_end):
            os.close(each)
        child = int(self._channel.recv(_LARGEST))
        said = {out: b"", err: b""}
        with selectors.DefaultSelector() as ends:
            ends.register(self._channel, selectors.EVENT_READ)
            for each in said:
                ends.register(each, selectors.EVENT_READ)
            while ends.get_map():
                ready = ends.select(until - time.monotonic())
                if not ready:
                    os.kill(child, signal.SIGKILL)
                    raise subprocess.TimeoutExpired(["orrery", *words], timeout, said[out], said[err])
                for key, _ in ready:
                    if key.fileobj is self._channel:
                        code = int(self._channel.recv(_LARGEST))
                        ends.unregister(self._channel)
                    elif piece := os.read(key.fd, 65_536):
                        said[key.fd] += piece
                    else:
                        ends.unregister(key.fd)
                        os.close(key.fd)
        return subprocess.CompletedProcess(["orrery", *words], code, _as_text(said[out]), _as_text(said[err]))


_parents: list[_Parent] = []


def _beginning(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(_OF_THE_INTERPRETER)}


def _as_text(said: bytes) -> str:
    return io.TextIOWrapper(io.BytesIO(said)).read()


def _next_request(channel: socket.socket) -> dict[str, Any] | None:
    """Serve as the parent; return in each child, with what it is to do, and in the parent when nobody asks any more."""
    while True:
        request, ends, _, _ = socket.recv_fds(channel, _LARGEST, 3)
        if not request:
            return None
        child = os.fork()
        if not child:
            channel.close()
            for number, each in enumerate(ends):
                os.dup2(each, number)
                os.close(each)
            found: dict[str, Any] = json.loads(request)
            return found
        for each in ends:
            os.close(each)
        channel.send(str(child).encode())
        _, status = os.waitpid(child, 0)
        channel.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(request: dict[str, Any]) -> types.ModuleType:
    """Make this process one that was begun for *request*, and return its main module."""
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    sys.argv[:] = ["-c", *request["words"]]
    sys.orig_argv[:] = [sys.executable, "-c", COMMAND, *request["words"]]
    sys.path[0] = ""
    sys.modules["__main__"] = types.ModuleType("__main__")
    return sys.modules["__main__"]


if __name__ == "__main__":
    for _name in _LIBRARIES:
        importlib.import_module(_name)
    assert not any(each.partition(".")[0] == "orrery" for each in sys.modules)
    _request = _next_request(socket.socket(fileno=int(sys.argv[1])))
    if _request is not None:
        exec(COMMAND, _become(_request).__dict__)  # as the interpreter does
