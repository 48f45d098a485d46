"""Run an external process on this machine."""

from __future__ import annotations

import errno
import os
import select
import shlex
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

from orrery.adapters.pipes.arguments import check_command, check_environment, split_hint
from orrery.adapters.pipes.client import PipesClient, PipesClientCompletedInvocation
from orrery.adapters.pipes.context_data import PipesExtras
from orrery.adapters.pipes.handler import PipesMessageHandler, exception_headline
from orrery.adapters.pipes.injectors import PipesContextInjector, PipesTempFileContextInjector
from orrery.adapters.pipes.readers import PipesMessageReader, PipesTempFileMessageReader
from orrery.adapters.pipes.session import PipesSession, missing, record_results, unjudged_session
from orrery.base.errors import PipesExecutionError

__all__ = ["PipesSubprocessClient"]

_TAIL_LINES = 20
_LINE_BYTES = 1 << 16
_SHOWN = 300
_LAST_OUTPUT_SECONDS = 1.0
_LOOK_SECONDS = 0.5
_CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE)


class PipesSubprocessClient(PipesClient):
    """
    Runs a command, and returns what it reported.

    The process stands at the head of a group of its own, so that its children end with it.

    Args:
        env: Added to the environment of every process.
        cwd: Folder in which processes start.
        context_injector: Hands the context over; by default in a temporary file.
        message_reader: Brings messages back; by default by a temporary file.
        forward_termination: Whether the process is ended when the run is.
        forward_stdio: Whether the output of the process is passed on to that of this one.
        termination_timeout_seconds: How long a process may take to end after SIGTERM, before it is killed.
        allow_unopened: Whether a process may end without having opened Pipes.
        allow_unclosed: Whether a process may end without having closed Pipes.
    """

    def __init__(
        self,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        context_injector: PipesContextInjector | None = None,
        message_reader: PipesMessageReader | None = None,
        forward_termination: bool = True,
        forward_stdio: bool = True,
        termination_timeout_seconds: float = 8,
        *,
        allow_unopened: bool = False,
        allow_unclosed: bool = False,
    ) -> None:
        self.env = env
        self.cwd = cwd
        self.context_injector = context_injector or PipesTempFileContextInjector()
        self.message_reader = message_reader or PipesTempFileMessageReader()
        self.forward_termination = forward_termination
        self.forward_stdio = forward_stdio
        self.termination_timeout_seconds = termination_timeout_seconds
        self.allow_unopened = allow_unopened
        self.allow_unclosed = allow_unclosed

    def run(  # type: ignore[override]  # a client names what it needs
        self,
        *,
        context: Any,
        extras: PipesExtras | None = None,
        command: str | Sequence[str],
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> PipesClientCompletedInvocation:
        """
        Run *command*, and return when it has ended.

        Args:
            context: That of the op or asset.
            extras: What else the process is handed over; has to have a JSON form.
            command: Program and arguments; as one text, the program alone.
            env: Added to its environment.
            cwd: Folder in which it starts.
            values: Large values by name, handed over as files: the process gets them by ``context.get_value(name)``,
                and hands its own over by ``context.put_value(value)``.

        Raises:
            PipesExecutionError: It could not be started, ended with another exit code than 0 or with an exception,
                or messages are missing. What it had reported is recorded before.
        """
        check_command(command)
        check_environment(self.env, env)
        tail: deque[str] = deque(maxlen=_TAIL_LINES)
        opened: list[PipesSession] = []
        try:
            with unjudged_session(context, self.context_injector, self.message_reader, extras, values) as session:
                opened.append(session)
                variables = {**(self.env or {}), **(env or {}), **session.get_bootstrap_env_vars()}
                code = self._wait(self._start(command, cwd or self.cwd, variables), tail)
        except BaseException:
            # The run is stopped, as a rule: what had been made by then is made.
            for each in opened:
                record_results(each)
            raise
        problem = missing(session, self.context_injector, self.message_reader, self.allow_unopened, self.allow_unclosed)
        if code != 0 or problem is not None:
            record_results(session)
            raise _failure(command, code, tail, session.message_handler, problem)
        return PipesClientCompletedInvocation(session)

    def _start(
        self, command: str | Sequence[str], cwd: str | None, variables: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                command,
                cwd=cwd,
                env={**os.environ, **variables},
                stdout=None if self.forward_stdio else subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise PipesExecutionError(
                f"Cannot start the external process {_shown(command)}: {error}.",
                mend=_mend_of_start(command, cwd, error),
            ) from error

    def _wait(self, process: subprocess.Popen[bytes], tail: deque[str]) -> int:
        """Wait for the process, passing its error output on; end it and its children if the run is asked to stop."""
        assert process.stderr is not None
        pump = threading.Thread(
            target=_pump, args=(process.stderr, tail, self.forward_stdio), name="pipes-stderr", daemon=True
        )
        pump.start()
        try:
            code = _wait_interruptibly(process)
        except BaseException:
            if self.forward_termination:
                self._end(process)
            raise
        # Children that outlive the process may hold its error output open: they are not waited for.
        pump.join(_LAST_OUTPUT_SECONDS)
        return code

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Ask the whole group to end, and kill what has not ended in time."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            with suppress(subprocess.TimeoutExpired):
                process.wait(self.termination_timeout_seconds)
        finally:  # also where the run is stopped a second time meanwhile
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_interruptibly(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process; come back to Python now and then, for a step in a thread is interrupted only there."""
    if not hasattr(os, "pidfd_open"):
        return process.wait()
    try:
        watched = os.pidfd_open(process.pid)
    except OSError:  # too many open files, or a system that has no such thing
        return process.wait()
    try:
        poll = select.poll()  # select itself takes only low numbers
        poll.register(watched, select.POLLIN)
        while not poll.poll(_LOOK_SECONDS * 1000):
            continue
    finally:
        os.close(watched)
    return process.wait()


def _pump(stream: IO[bytes], tail: deque[str], forward: bool) -> None:
    """Keep the last lines of *stream*, and pass all of it on."""
    with stream:
        for line in iter(lambda: stream.readline(_LINE_BYTES), b""):
            text = line.decode("utf-8", "replace")
            tail.append(text.rstrip("\n"))
            if forward:
                sys.stderr.write(text)
                sys.stderr.flush()


def _mend_of_start(command: str | Sequence[str], cwd: str | None, error: OSError) -> str:
    if error.errno == errno.E2BIG:
        return "hand less over by arguments and variables: with PipesTempFileContextInjector, extras go by a file."
    if cwd is not None and error.filename == cwd:
        return "make that folder, or name another by cwd=."
    parts = split_hint(command)
    if parts is not None:
        return f"give the program and its arguments one by one: command={parts}."
    if error.errno in (errno.EACCES, errno.ENOEXEC):
        return 'name the program that runs it first, as in command=["python", "script.py"]; or make it executable.'
    return "look at the name of the command, at the folder and at the PATH."


def _failure(
    command: str | Sequence[str],
    code: int,
    tail: Sequence[str],
    handler: PipesMessageHandler,
    problem: PipesExecutionError | None,
) -> PipesExecutionError:
    """Return the error that names command, exit code, what is wrong with the stream, and the last lines of stderr."""
    exception = handler.reported_exception
    headline = None if exception is None else exception_headline(exception)
    raised = "" if headline is None else f"raised {headline}, and "
    how = f"was killed by {_signal_name(-code)}" if code < 0 else f"ended with exit code {code}"
    lines = [f"The external process {_shown(command)} {raised}{how}."]
    if problem is not None:
        lines.append(str(problem.args[0]))
    if tail:
        lines += ["The last lines of its error output:", *(f"    {line}" for line in tail)]
    # That a process which was ended did not close Pipes follows from that.
    ended_early = (
        code != 0 and exception is None and handler.death_of_reader is None and not handler.received_closed_message
    )
    mend = _mend(code) if problem is None or ended_early else problem.mend
    return PipesExecutionError("\n".join(lines), mend=mend)


def _mend(code: int) -> str:
    if code == -signal.SIGKILL:
        return "look whether it took more memory than there is: the system kills such processes; or who else killed it."
    if -code in _CRASHES:
        return "run the command by itself: it crashed in machine code (of Python, PYTHONFAULTHANDLER=1 tells where)."
    if code < 0:
        return "look who ended it, and at its error output."
    return "look at its error output, and at the log of the step."


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # most of the real-time ones have no name
        return f"signal {number}"


def _shown(command: str | Sequence[str]) -> str:
    text = str(command) if isinstance(command, (str, os.PathLike)) else shlex.join(map(os.fsdecode, command))
    return f"`{text if len(text) <= _SHOWN else text[:_SHOWN] + '...'}`"
