"""Another machine by the system's ssh: run a command there."""

from __future__ import annotations

import shlex
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

from orrery.adapters.pipes.client import PipesClient, PipesClientCompletedInvocation
from orrery.adapters.pipes.clients.waiting import concluded, ended_with_the_run
from orrery.adapters.pipes.context_data import PipesExtras
from orrery.adapters.pipes.injectors import PipesContextInjector, PipesEnvContextInjector
from orrery.adapters.pipes.output import OutputMessageReader
from orrery.adapters.pipes.readers import PipesMessageReader
from orrery.adapters.pipes.session import unjudged_session
from orrery.base.errors import PipesExecutionError

__all__ = ["PipesSSHClient", "PipesSSHMessageReader"]

_TAIL_LINES = 20
_PIECE_BYTES = 1 << 16
_END_SECONDS = 8

# The variables come as lines of the input, so that nobody sees them in the list of processes, and no limit cuts them.
# The input stays open: when it closes, as the connection has ended, so has the command with its children.
_THERE = """exec 3<&0
while IFS= read -r line <&3 && [ -n "$line" ]; do export "$line"; done
if command -v setsid >/dev/null; then setsid sh -c {command} 3<&- & group=-; else sh -c {command} 3<&- & group=; fi
child=$!
(cat <&3 >/dev/null; kill -TERM "$group$child"; sleep 5; kill -KILL "$group$child") 2>/dev/null >/dev/null & guard=$!
wait "$child"; code=$?
kill "$guard" 2>/dev/null
exit "$code"
"""


class PipesSSHMessageReader(OutputMessageReader):
    """Reads messages from the output of the command; all other lines go to the output of this process."""

    def no_messages_debug_text(self) -> str:
        """Return where messages were looked for."""
        return "Messages were looked for in the output of the command, by ssh."


class PipesSSHClient(PipesClient):
    """
    Runs a command on another machine by ``ssh``, and returns what it reported.

    ``ssh`` has to get in without asking: by a key, and with the host's key known.

    Args:
        host: The machine, as ssh takes it: ``user@host``, or a name in its settings.
        options: Options of ssh, such as ``["-p", "2222"]``.
        env: Added to the environment of every command.
        context_injector: Hands the context over; by default in the environment.
        message_reader: Brings messages back; by default by the output of the command.
        forward_termination: Whether the command is ended when the run is.
        ssh: The program.
    """

    def __init__(
        self,
        host: str,
        options: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        context_injector: PipesContextInjector | None = None,
        message_reader: PipesMessageReader | None = None,
        forward_termination: bool = True,
        *,
        ssh: str = "ssh",
    ) -> None:
        self.host = host
        self.options = tuple(options)
        self.env = env
        self.context_injector = context_injector or PipesEnvContextInjector()
        self.message_reader = message_reader or PipesSSHMessageReader()
        self.forward_termination = forward_termination
        self.ssh = ssh

    def run(  # type: ignore[override]  # a client names what it needs
        self,
        *,
        context: Any,
        extras: PipesExtras | None = None,
        command: str | Sequence[str],
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
    ) -> PipesClientCompletedInvocation:
        """
        Run *command* there, and return when it has ended.

        Args:
            context: That of the op or asset.
            extras: What else the process is handed over; has to have a JSON form.
            command: Program and arguments; as one text, a line for the shell there.
            env: Added to its environment; values of one line.
            cwd: Folder there.

        Raises:
            PipesExecutionError: ssh does not get in, the command ended with another exit code than 0, or messages are
                missing.
        """
        line = command if isinstance(command, str) else shlex.join(command)
        there = f"cd {shlex.quote(cwd)} && {line}" if cwd is not None else line
        argv = [self.ssh, "-o", "BatchMode=yes", *self.options, self.host, _THERE.format(command=shlex.quote(there))]
        tail: deque[str] = deque(maxlen=_TAIL_LINES)
        with unjudged_session(context, self.context_injector, self.message_reader, extras) as session:
            told = {**(self.env or {}), **(env or {}), **session.get_bootstrap_env_vars()}
            wrong = [name for name, value in told.items() if "\n" in value or not name.isidentifier()]
            if wrong:
                raise PipesExecutionError(
                    f"The variable '{wrong[0]}' cannot be told by ssh.", mend="give it a plain name and one line."
                )
            try:
                process = subprocess.Popen(
                    argv,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    start_new_session=True,
                )
            except OSError as error:
                raise PipesExecutionError(f"Cannot start `{self.ssh}`: {error}.", mend="install ssh.") from error
            with ended_with_the_run(lambda: _end(process), forward_termination=self.forward_termination):
                code = self._follow(process, told, tail)
        problem = None
        if code:
            lines = "".join(f"\n    {each}" for each in tail)
            problem = f"The command `{line[:300]}` on {self.host} ended with exit code {code}." + (
                f"\nThe last lines of its error output:{lines}" if tail else ""
            )
        return concluded(session, self.context_injector, self.message_reader, problem=problem)

    def _follow(self, process: subprocess.Popen[bytes], told: Mapping[str, str], tail: deque[str]) -> int:
        """Tell the variables, take the output, and return the exit code."""
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        errors = threading.Thread(target=_pump, args=(process.stderr, tail), name="pipes-stderr", daemon=True)
        errors.start()
        try:
            process.stdin.write("".join(f"{name}={value}\n" for name, value in told.items()).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            tail.append("ssh ended before it was told the variables")
        while piece := process.stdout.read1(_PIECE_BYTES):  # type: ignore[attr-defined]  # a pipe is buffered
            if isinstance(self.message_reader, OutputMessageReader):
                self.message_reader.take(piece)
            else:
                sys.stdout.write(piece.decode("utf-8", "replace"))
        code = process.wait()
        errors.join()
        process.stdout.close()
        _close(process)
        return code


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close the input, by which the other side ends the command; end ssh if it does not end in time."""
    _close(process)
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _close(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # ssh had ended before it read all
        process.stdin.close()


def _pump(stream: IO[bytes], tail: deque[str]) -> None:
    with stream:
        for line in stream:
            text = line.decode("utf-8", "replace")
            tail.append(text.rstrip("\n"))
            sys.stderr.write(text)
