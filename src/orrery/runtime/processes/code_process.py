"""
The owner's side of a code process: start it, ask it for children, hear how they ended.

A code process is a fresh interpreter, or, where this process has the code itself, a copy of it that was put by while it had
one thread (:func:`copy_put_by`).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from select import select
from typing import Protocol, Self

import msgspec

from orrery.base.errors import (
    CodeLocationLoadError,
    InvalidInvocationError,
    SubprocessError,
    UnmetExecutorRequirementsError,
)
from orrery.model.events.error_info import ErrorInfo
from orrery.runtime.processes.channel import Channel
from orrery.runtime.processes.child import end_process, is_importing, why_forking_is_unsafe
from orrery.runtime.processes.endings import ProcessEnd
from orrery.runtime.processes.messages import (
    Ended,
    FromCodeProcess,
    Prepare,
    Prepared,
    Refused,
    Signal,
    Start,
    Started,
    ToCodeProcess,
)
from orrery.runtime.processes.serving import serve_as_copy

__all__ = ["GRACE_SECONDS", "Child", "CodeProcess", "copy_put_by"]

GRACE_SECONDS = 10.0
"""How long a process that was asked to stop has for it, before it is killed."""

_ENTRY = "from orrery.workers.code import main; main({descriptor})"
_TICK_SECONDS = 0.05

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(FromCodeProcess).decode


class Child:
    """
    A process that a code process started.

    Attributes:
        number: Names it to the code process.
        channel: The connection to it.
        process: Its process id; None until it was started.
        end: How it ended; None while it lives.
        outlives: Whether it lives on when its parent dies.
    """

    __slots__ = ("channel", "end", "number", "outlives", "process")

    def __init__(self, number: int, channel: Channel, *, outlives: bool = False) -> None:
        self.number = number
        self.channel = channel
        self.outlives = outlives
        self.process: int | None = None
        self.end: ProcessEnd | None = None


class _Process(Protocol):
    """What the owner does with the process itself."""

    pid: int

    def wait(self, timeout: float | None = None) -> int: ...

    def kill(self) -> None: ...


class _Copy:
    """A copy of this process, as :class:`subprocess.Popen` has those that it starts."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended and return its exit code."""
        if self._code is None:
            with open(os.pidfd_open(self.pid), "rb") as ended:
                if not select([ended], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired("a copy of this process", timeout or 0.0)
            self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._code

    def kill(self) -> None:
        """Kill it."""
        if self._code is None:
            os.kill(self.pid, signal.SIGKILL)


_put_by: ContextVar[list[tuple[_Copy, Channel]]] = ContextVar("_put_by")


@contextmanager
def copy_put_by() -> Iterator[None]:
    """
    Put a copy of this process by, for the first code process inside that may be one: it need not import anything.

    To be called where this process has imported the user's code and has one thread; where it may not be forked, nothing
    is put by. A copy that nobody needed ends with the block.
    """
    if why_forking_is_unsafe() is not None:
        yield
        return
    control, other = Channel.pair()
    here = os.getpid()
    pid = os.fork()
    if not pid:
        control.close()
        os.setpgid(0, 0)
        end_process(lambda: serve_as_copy(other, here))
    other.close()
    kept = [(_Copy(pid), control)]
    token = _put_by.set(kept)
    try:
        yield
    finally:
        _put_by.reset(token)
        for copy, line in kept:
            line.close()
            copy.wait()


class CodeProcess:
    """
    A process that has imported the user's code, as its owner sees it.

    Make one with :meth:`start`, which does not wait for the import; close it, or use it in a ``with`` statement. Any
    thread may call it.

    Args:
        process: The process.
        control: The connection to it.
    """

    def __init__(self, process: _Process, control: Channel) -> None:
        self._process = process
        self._control = control
        self._lock = threading.RLock()
        self._owner = os.getpid()
        self._prepared: Prepared | None = None
        self._refused: Refused | None = None
        self._children: dict[int, Child] = {}
        self._count = 0
        self._heard = time.monotonic()

    @classmethod
    def start(
        cls,
        function: str,
        argument: bytes = b"",
        *,
        import_path: Sequence[str] | None = None,
        may_fork: bool = True,
        may_be_copy: bool = False,
        fork: Callable[[], tuple[_Process, Channel] | None] | None = None,
        environment: Mapping[str, str] | None = None,
        working_directory: str | None = None,
        idle_seconds: float | None = None,
        grace_seconds: float = 2.0,
        is_silent: bool = False,
        warms_spare: str = "",
        at_rest: str = "",
    ) -> Self:
        """
        Start a fresh interpreter that calls *function* and then waits for requests.

        Args:
            function: ``module:name`` of a function ``(bytes) -> Any`` that imports the user's code.
            argument: Its argument.
            import_path: Folders that imports begin at; those of this process by default.
            may_fork: Whether children may be forked.
            may_be_copy: Take the copy of this process that was put by, if there is one: the code is that of this process.
            fork: Gives a process that will serve, and the connection to it, or None: a fresh interpreter is started
                only then. See :class:`~orrery.runtime.processes.nursery.Nursery`.
            environment: Variables by name; those of this process by default.
            working_directory: Where it works; where this process does by default.
            idle_seconds: It ends after so long without children and requests; never by default.
            grace_seconds: How long children have to end when this process is gone, before they are killed.
            is_silent: Whether its own output goes nowhere; else it goes to where that of this process goes.
            warms_spare: ``module:name`` of a function ``() -> Any`` that makes a spare child warm; it is forked while nobody
                asks for anything, for the next child that outlives this process. None is kept by default.
            at_rest: ``module:name`` of a function ``() -> Any`` that it calls once, when nobody asks and no child is left.

        Raises:
            UnmetExecutorRequirementsError: This system has no such processes.
            InvalidInvocationError: This process imports the code of another at this moment.
        """
        if not hasattr(os, "fork"):
            raise UnmetExecutorRequirementsError(
                f"Warm processes need a POSIX system, and this is {sys.platform}.", mend="use in_process_executor."
            )
        if is_importing():
            raise InvalidInvocationError(
                "The code starts processes for a run while it is imported by such a process: this would never end.",
                mend="write what runs something under `if __name__ == '__main__':`.",
            )
        kept = _put_by.get(None)
        if kept and may_be_copy and may_fork:
            made = cls(*kept.pop())
        else:
            forked = fork() if fork is not None and may_fork else None
            made = cls(*forked) if forked is not None else cls._fresh(environment, working_directory, is_silent)
        path = [each or os.getcwd() for each in (sys.path if import_path is None else import_path)]
        made._send(Prepare(function, argument, path, may_fork, idle_seconds, grace_seconds, warms_spare, at_rest))
        return made

    @classmethod
    def _fresh(cls, environment: Mapping[str, str] | None, working_directory: str | None, is_silent: bool) -> Self:
        control, other = Channel.pair()
        with other:
            process = subprocess.Popen(
                [sys.executable, "-c", _ENTRY.format(descriptor=other.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL if is_silent else None,
                stderr=subprocess.DEVNULL if is_silent else None,
                pass_fds=[other.fileno()],
                env=environment,
                cwd=working_directory,
                process_group=0,
            )
        return cls(process, control)

    @property
    def process(self) -> int:
        """Return its process id."""
        return self._process.pid

    @property
    def is_over(self) -> bool:
        """Tell whether it has ended, as far as news were taken."""
        return self._control.is_over

    @property
    def has_children(self) -> bool:
        """Tell whether a child lives, as far as news were taken."""
        return bool(self._children)

    @property
    def quiet_seconds(self) -> float:
        """Return how long ago the last news were taken."""
        return time.monotonic() - self._heard

    # -- readiness -----------------------------------------------------------------------------

    def ready(self, timeout_seconds: float | None = None) -> Prepared:
        """
        Wait until the code is imported; say whether children are forked.

        Raises:
            CodeLocationLoadError: The code raised, or the process died of it.
            SubprocessError: It took too long.
        """
        until = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while not self._has_answered():
            if self._control.is_over:
                raise CodeLocationLoadError(
                    f"The process that was to import the code ended with exit code {self._process.wait()}.",
                    mend="look at what it wrote to standard error.",
                )
            if until is not None and time.monotonic() >= until:
                raise SubprocessError(
                    f"The code was not imported within {timeout_seconds:g} s.", mend="let its import do less."
                )
            self.take_news(_TICK_SECONDS)
        if self._refused is not None:
            raise _told(self._refused)
        assert self._prepared is not None
        return self._prepared

    def _has_answered(self) -> bool:
        return self._prepared is not None or self._refused is not None

    # -- children ------------------------------------------------------------------------------

    def start_child(
        self, function: str, argument: bytes = b"", *, is_fresh: bool = False, outlives: bool = False
    ) -> Child:
        """
        Start a child; returns at once.

        Args:
            function: ``module:name`` of a function ``(Channel, bytes, Any) -> int | None``.
            argument: Its second argument; the third is what was prepared.
            is_fresh: Start a fresh interpreter, and do not fork.
            outlives: Let it live on when this process dies.

        Raises:
            CodeLocationLoadError: The code could not be imported.
        """
        self.ready()
        channel, other = Channel.pair()
        with self._lock:
            self._count += 1
            child = Child(self._count, channel, outlives=outlives)
            self._children[child.number] = child
        with other:
            self._send(Start(child.number, function, argument, is_fresh, outlives), [other.fileno()])
        return child

    def signal(self, child: Child, number: int, *, is_for_group: bool = False) -> None:
        """Send a signal to a child (and to what it started); nothing happens if it has ended."""
        self._send(Signal(child.number, number, is_for_group))

    def wait(self, child: Child, timeout_seconds: float | None = None) -> ProcessEnd | None:
        """Wait until a child has ended, and return how; None if the time is over before."""
        until = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while child.end is None:
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                return None
            # Briefly: another thread may take in what is waited for here.
            self.take_news(_TICK_SECONDS if left is None else min(left, _TICK_SECONDS))
        return child.end

    def wait_until_started(self, child: Child, timeout_seconds: float = 60.0) -> int | None:
        """Wait until a child was started, at most so long, and return its process id; None if it was not."""
        until = time.monotonic() + timeout_seconds
        while child.process is None and child.end is None and time.monotonic() < until:
            self.take_news(_TICK_SECONDS)  # as above
        return child.process

    def stop(self, children: Sequence[Child], grace_seconds: float = GRACE_SECONDS) -> None:
        """Ask children to stop (SIGTERM); kill them, and what they started, when the time of grace is over."""
        for each in children:
            self.signal(each, signal.SIGTERM)
        until = time.monotonic() + grace_seconds
        for each in children:
            self.wait(each, max(0.0, until - time.monotonic()))
        for each in children:
            if each.end is None:
                self.signal(each, signal.SIGKILL, is_for_group=True)
        for each in children:
            self.wait(each, GRACE_SECONDS)

    def fileno(self) -> int:
        """Return the descriptor of the connection, for selectors: then call :meth:`take_news`."""
        return self._control.fileno()

    def take_news(self, timeout_seconds: float = 0.0) -> list[Child]:
        """
        Take in what the code process told: who was started, who has ended.

        Args:
            timeout_seconds: How long to wait for something, whatever it is.

        Returns:
            The children that have ended since.
        """
        if not self._control.is_over and timeout_seconds:
            select([self._control], [], [], timeout_seconds)
        with self._lock:
            return self._take()

    def _take(self) -> list[Child]:
        ended: list[Child] = []
        for frame in self._control.receive_ready():
            self._heard = time.monotonic()
            message = _decode(frame.body)
            if isinstance(message, Started):
                self._children[message.number].process = message.process
            elif isinstance(message, Ended):
                child = self._children.pop(message.number)
                child.end = message.end
                ended.append(child)
            elif isinstance(message, Prepared):
                self._prepared = message
            else:
                self._refused = message
        if self._control.is_over:  # it is gone, and its children with it
            for child in self._children.values():
                child.end = ProcessEnd()
                ended.append(child)
                if child.process is not None and not child.outlives:
                    with suppress(
                        ProcessLookupError, PermissionError
                    ):  # what they started lives on: nobody else ends it
                        os.killpg(child.process, signal.SIGKILL)
            self._children.clear()
        return ended

    # -- the end -------------------------------------------------------------------------------

    def close(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """Stop the children that do not outlive this process, then the code process itself."""
        if os.getpid() != self._owner:
            return
        self._control.close()  # it notices, and takes its children with it
        try:
            self._process.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, message: ToCodeProcess, descriptors: Sequence[int] = ()) -> None:
        try:
            self._control.send(_encode(message), descriptors=descriptors)
        except OSError:  # it is gone, which take_news tells
            return


def _told(refused: Refused) -> CodeLocationLoadError:
    """Return the error of code that could not be imported, with the user's frames."""
    if refused.message:
        return CodeLocationLoadError(refused.message, mend=refused.mend)
    return CodeLocationLoadError(
        f"The code cannot be imported by another process:\n{_shown(refused.error)}",
        mend="correct what is raised there; it may work here because this process had done more before.",
    )


def _shown(error: ErrorInfo) -> str:
    found = error.cause if error.cause is not None and (error.cls_name or "") == "UserCodeLoadError" else error
    frames = found.user_frames or found.frames
    return "".join([*map(str, frames), found.message]).rstrip()
