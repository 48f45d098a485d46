"""
What a code process does: import the code, then start a child at each request and tell how it ended.

One thread, one loop. A child that is forked leaves the loop and does its work at the bottom of the stack; what it
inherits is the imported code, and nothing that is open.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from orrery.base.bulk import keep_objects
from orrery.base.errors import OrreryError
from orrery.model.events.error_info import error_info_from_exception
from orrery.runtime.processes.channel import Channel
from orrery.runtime.processes.child import (
    die_with_parent,
    end_process,
    importing,
    take_place,
    why_forking_is_unsafe,
)
from orrery.runtime.processes.endings import ProcessEnd, ending_of, has_ended
from orrery.runtime.processes.messages import (
    Ended,
    Prepare,
    Prepared,
    Refused,
    Signal,
    Start,
    Started,
    ToCodeProcess,
    function_named,
)
from orrery.runtime.processes.spare import Spare, wait_as_spare

__all__ = ["serve", "serve_as_copy", "serve_nested", "serve_spawned"]

_LOOK_SECONDS = 1.0
_QUIET_SECONDS = 0.1
"""After so long without a request what is not urgent is done: it would be in the way of what was just started."""
_SPAWNED = "from orrery.workers.code import spawned; spawned({descriptor})"

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(ToCodeProcess).decode
_decode_spawned = msgspec.msgpack.Decoder(tuple[Prepare, Start, int]).decode


def serve(descriptor: int) -> None:
    """
    Serve the owner at the other end of the socket *descriptor*, and end this process when it is gone.

    Args:
        descriptor: Number of an open, connected socket.
    """
    owner = os.getppid()
    control = Channel(socket.socket(fileno=descriptor))
    end_process(lambda: _serve(control, owner))


def serve_as_copy(connection: socket.socket, owner: int) -> int:
    """
    Serve the owner at the other end of *connection* in a copy of it, and return the exit code.

    What the owner imported is there already, so that what is prepared first takes no time to import.
    """
    _seed_chance()
    return _serve(Channel(connection), owner)


def serve_nested(control: Channel) -> int:
    """
    Serve the owner at the other end of *control* in a process that was forked from one that it keeps; return the exit code.

    The parent asks it to stop when the owner is gone. It sees that itself, and lets its children put their things away.
    """
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)  # not ignored: what the code starts would inherit that
    return _serve(control, os.getppid())


def _serve(control: Channel, owner: int) -> int:
    frame = control.receive()
    if frame is None:
        return 0
    request = _decode(frame.body)
    assert isinstance(request, Prepare)
    sys.path[:] = request.import_path
    try:
        with importing():
            prepared = function_named(request.function)(request.argument)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # told to the owner, who raises it
        _tell(control, _refusal(error))
        return 1
    why_not = why_forking_is_unsafe() if request.may_fork else "it was asked not to"
    if why_not is None:
        import ctypes  # noqa: F401  # children need it at once, and get it from here

        keep_objects()
    _tell(control, Prepared(os.getpid(), why_not is None, why_not or ""))
    server = _Server(control, owner, request, prepared, forks=why_not is None)
    work = server.run()
    if work is not None:
        return work() or 0
    server.end()
    return 0


def _tell(control: Channel, message: Prepared | Refused | Started | Ended) -> None:
    with suppress(OSError):  # the owner is gone, as one whose run had nothing to do: the loop notices
        control.send(_encode(message))


def _refusal(error: BaseException) -> Refused:
    info = error_info_from_exception(error)
    if isinstance(error, OrreryError):
        return Refused(info, str(error.args[0]) if error.args else "", error.mend)
    return Refused(info)


class _Server:
    """
    The loop of a code process.

    Args:
        control: The connection to the owner.
        owner: Process id of the owner.
        request: What was prepared, to be prepared again in fresh interpreters.
        prepared: What came of it.
        forks: Whether children are forked.
    """

    def __init__(self, control: Channel, owner: int, request: Prepare, prepared: Any, *, forks: bool) -> None:
        self._control = control
        self._owner = owner
        self._request = request
        self._prepared = prepared
        self._forks = forks
        self._children: dict[int, tuple[int, bool]] = {}
        self._spare: Spare | None = None
        self._wants_spare = forks and bool(request.warms_spare)
        self._wants_rest = forks and bool(request.at_rest)
        self._bell, self._rung = socket.socketpair()
        for each in (self._bell, self._rung):
            each.setblocking(False)

    def run(self) -> Callable[[], int | None] | None:
        """Serve until the owner is gone; in a child, return what the child has to do."""
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the owner, who says what becomes of it
        signal.set_wakeup_fd(self._rung.fileno(), warn_on_full_buffer=False)
        asked = time.monotonic()
        while not self._control.is_over and os.getppid() == self._owner:
            wants_spare = self._wants_spare and self._spare is None
            wants_rest = self._wants_rest and not self._children
            wait_seconds = _QUIET_SECONDS if wants_spare or wants_rest else _LOOK_SECONDS
            ready = select.select([self._control.fileno(), self._bell.fileno()], [], [], wait_seconds)
            if not any(ready) and wants_spare:
                work = self._make_spare()
                if work is not None:
                    return work
            if not any(ready) and wants_rest:
                self._wants_rest = False
                function_named(self._request.at_rest)()
                keep_objects()
            if any(ready) or self._children:
                asked = time.monotonic()
            elif self._request.idle_seconds is not None and time.monotonic() - asked > self._request.idle_seconds:
                return None
            with suppress(BlockingIOError):
                while self._bell.recv(4096):
                    pass
            self._reap()
            for frame in self._control.receive_ready():
                request = _decode(frame.body)
                if isinstance(request, Start):
                    work = self._start(request)
                    if work is not None:
                        return work
                elif isinstance(request, Signal):
                    self._signal(request)
        self._end_children()
        return None

    def end(self) -> None:
        """Close what the loop had open, which Python warns of where such warnings are shown."""
        signal.set_wakeup_fd(-1)
        self._let_go()

    # -- children ------------------------------------------------------------------------------

    def _start(self, request: Start) -> Callable[[], int | None] | None:
        connection = self._control.take_descriptor()
        child = self._spare_for(request, connection)
        if child is None and self._forks and not request.is_fresh:
            here = os.getpid()
            child = os.fork()
            if not child:
                return self._become(request, connection, here)
        elif child is None:
            child = self._spawn(request, connection)
        os.close(connection)
        if not request.outlives:
            with suppress(OSError):  # the child did it itself, or is gone
                os.setpgid(child, child)
        self._children[child] = (request.number, request.outlives)
        _tell(self._control, Started(request.number, child))
        return None

    def _make_spare(self) -> Callable[[], int | None] | None:
        """Fork a spare child; in the child, return what it has to do."""
        channel, other = Channel.pair()
        here = os.getpid()
        child = os.fork()
        if child:
            other.close()
            self._spare = Spare(child, channel)
            return None
        channel.close()
        self._let_go()
        return lambda: self._work_of_spare(Channel(other), here)

    def _work_of_spare(self, channel: Channel, parent: int) -> int | None:
        found = wait_as_spare(channel, parent, function_named(self._request.warms_spare))
        return None if found is None else self._work(*found)()

    def _spare_for(self, request: Start, connection: int) -> int | None:
        """Hand a request to the spare child, if it is ready and fits; return its process id, or None."""
        spare = self._spare
        if spare is None or request.is_fresh or not request.outlives or not spare.is_ready:
            return None
        self._spare = None
        if not spare.hand_over(request, connection):
            return None
        spare.close()
        return spare.process

    def _become(self, request: Start, connection: int, parent: int) -> Callable[[], int | None]:
        take_place(parent, outlives=request.outlives)
        self._let_go()
        return self._work(request, connection)

    def _let_go(self) -> None:
        """Close, in a child, what is its parent's."""
        self._control.close()
        self._bell.close()
        self._rung.close()
        if self._spare is not None:
            self._spare.close()

    def _work(self, request: Start, connection: int) -> Callable[[], int | None]:
        _seed_chance()
        channel = Channel(socket.socket(fileno=connection))
        function, prepared = function_named(request.function), self._prepared

        def work() -> int | None:
            code: int | None = function(channel, request.argument, prepared)
            channel.close()
            return code

        return work

    def _spawn(self, request: Start, connection: int) -> int:
        with tempfile.TemporaryFile() as told:
            told.write(_encode((self._request, request, os.getpid())))
            told.seek(0)
            started = subprocess.Popen(
                [sys.executable, "-c", _SPAWNED.format(descriptor=connection)],
                stdin=told,
                pass_fds=[connection],
                start_new_session=request.outlives,
            )
        started.returncode = 0  # it is waited for here, not by subprocess
        return started.pid

    def _reap(self) -> None:
        if self._spare is not None and self._spare.has_ended:  # killed, or it could not make itself warm
            self._spare.end()
            self._spare, self._wants_spare = None, False
        for child, (number, _outlives) in list(self._children.items()):
            try:
                if not has_ended(child):
                    continue
                with suppress(ProcessLookupError, PermissionError):  # what it started and left behind
                    os.killpg(child, signal.SIGKILL)
                _found, status, usage = os.wait4(child, 0)
                end = ending_of(status, usage)
            except ChildProcessError:  # the user's code waited for it
                end = ProcessEnd()
            del self._children[child]
            _tell(self._control, Ended(number, end))

    def _signal(self, request: Signal) -> None:
        for child, (number, _outlives) in self._children.items():
            if number == request.number:
                with suppress(ProcessLookupError, PermissionError):  # it has just ended
                    if request.is_for_group:
                        os.killpg(child, request.signal)
                    else:
                        os.kill(child, request.signal)

    def _end_children(self) -> None:
        """The owner is gone: let children put their things away, but not for long."""
        if self._spare is not None:
            self._spare.end()
        until = time.monotonic() + self._request.grace_seconds
        ending = {child: number for child, (number, outlives) in self._children.items() if not outlives}
        self._children = {child: (number, False) for child, number in ending.items()}
        for child in ending:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)
        while self._children and time.monotonic() < until:
            select.select([self._bell], [], [], 0.05)
            self._reap()
        for child in ending:
            with suppress(ProcessLookupError, PermissionError):  # also what they started and left behind
                os.killpg(child, signal.SIGKILL)


def serve_spawned(descriptor: int) -> None:
    """Do the work of a child that is a fresh interpreter: its orders are on standard input."""
    prepare, start, parent = _decode_spawned(sys.stdin.buffer.read())
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)

    def work() -> int | None:
        if os.getppid() != parent and not start.outlives:
            return 1
        if not start.outlives:
            if os.getpgrp() != os.getpid():
                os.setpgid(0, 0)
            die_with_parent(parent)
        sys.path[:] = prepare.import_path
        with importing():
            prepared = function_named(prepare.function)(prepare.argument)
        channel = Channel(socket.socket(fileno=descriptor))
        code: int | None = function_named(start.function)(channel, start.argument, prepared)
        return code

    end_process(work)


def _seed_chance() -> None:
    """Let copies not draw the same numbers; Python's own generator does so by itself."""
    numbers = sys.modules.get("numpy.random")
    if numbers is not None:
        numbers.seed()
