"""
Compute logs: what steps and runs write to their standard output and error.

A log has a key: the id of the run, ``compute_logs``, and a file key; with the key of a step in place of the
file key it is what that step wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

import msgspec

__all__ = ["CapturedLogData", "CapturedLogMetadata", "ComputeLogManager", "StepCapture", "announced", "outside_capture"]


class CapturedLogData(msgspec.Struct, frozen=True, kw_only=True):
    """
    A piece of captured output.

    Attributes:
        log_key: Which log: run id, ``compute_logs``, file key.
        stdout: Bytes of standard output, if asked for.
        stderr: Bytes of standard error, if asked for.
        cursor: Where the next piece begins.
    """

    log_key: tuple[str, ...]
    stdout: bytes | None = None
    stderr: bytes | None = None
    cursor: str | None = None

    @property
    def stdout_text(self) -> str:
        """Return standard output as text; bytes that are no UTF-8 are shown escaped."""
        return (self.stdout or b"").decode("utf-8", "backslashreplace")

    @property
    def stderr_text(self) -> str:
        """Return standard error as text; bytes that are no UTF-8 are shown escaped."""
        return (self.stderr or b"").decode("utf-8", "backslashreplace")


class CapturedLogMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """
    Where captured output lies.

    Attributes:
        stdout_location: Where people find standard output.
        stderr_location: Where people find standard error.
    """

    stdout_location: str | None = None
    stderr_location: str | None = None


class StepCapture(Protocol):
    """
    Captures what one process writes, and knows which step wrote it.

    Attributes:
        file_key: Name of the file, the last part of its log key.
    """

    file_key: str

    def begin(self, step_key: str) -> None:
        """What this thread, and the processes it starts, write from here on belongs to the step."""
        ...

    def end(self) -> None:
        """What follows belongs to no step."""
        ...

    def asynchronous(self, step_key: str) -> AbstractContextManager[None]:
        """What is printed in this context (of :mod:`contextvars`) belongs to the step."""
        ...

    def outside(self) -> AbstractContextManager[None]:
        """Write past the capture while the block runs: to where output went before."""
        ...


_STARTED: list[StepCapture] = []


@contextmanager
def announced(capture: StepCapture) -> Iterator[None]:
    """Let :func:`outside_capture` know of a capture while the block runs."""
    _STARTED.append(capture)
    try:
        yield
    finally:
        _STARTED.remove(capture)


def outside_capture() -> AbstractContextManager[None]:
    """
    Write past the capture of steps, if one goes on: for displays, which are no output of a step.

    >>> with outside_capture():
    ...     print("for people")
    for people
    """
    return _STARTED[-1].outside() if _STARTED else nullcontext()


class ComputeLogManager(Protocol):
    """Captures the output of steps and runs, and gives it out while it grows."""

    def capture_steps(self, log_key: Sequence[str]) -> AbstractContextManager[StepCapture]:
        """Capture what steps write in this process while the block runs, each step's apart."""
        ...

    def capture_logs(self, log_key: Sequence[str]) -> AbstractContextManager[CapturedLogMetadata]:
        """Capture what this process writes while the block runs."""
        ...

    def build_log_key_for_run(self, run_id: str, step_key: str) -> Sequence[str]:
        """Return the key of the log of a step, or of a process by its file key, in a run."""
        ...

    def is_capture_complete(self, log_key: Sequence[str]) -> bool:
        """Tell whether nothing more will be captured."""
        ...

    def get_log_data(
        self, log_key: Sequence[str], cursor: str | None = None, max_bytes: int | None = None
    ) -> CapturedLogData:
        """
        Return the next piece of a log.

        Args:
            log_key: Run id, ``compute_logs``, and the file key, or the key of a step.
            cursor: That of the piece before; None for the beginning.
            max_bytes: At most so many of each stream; all there is if None.
        """
        ...

    def steps_with_output(self, run_id: str) -> Sequence[str]:
        """Return the keys of the steps of a run that wrote something, in the order in which they began to."""
        ...

    def note_lost(self, log_key: Sequence[str], step_key: str | None) -> CapturedLogData:
        """
        Give to a step what a process that is gone wrote last, and did not come to give to it; return that.

        A second call, and one for a process that captured nothing, finds nothing.

        Args:
            log_key: Run id, ``compute_logs``, and the file key of the process.
            step_key: The step that it carried out; None for that of which it left word itself, if it did.
        """
        ...

    def get_log_metadata(self, log_key: Sequence[str]) -> CapturedLogMetadata:
        """Return where a log lies."""
        ...

    def delete_logs(self, log_key: Sequence[str] | None = None, prefix: Sequence[str] | None = None) -> None:
        """Delete a log, or all below *prefix*."""
        ...

    def dispose(self) -> None:
        """Let go of files and processes."""
        ...
