"""
Compute logs: what steps and runs write to their standard output and error.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

__all__ = ["CapturedLogData", "CapturedLogMetadata", "ComputeLogManager"]


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


class CapturedLogMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """
    Where captured output lies.

    Attributes:
        stdout_location: Where people find standard output.
        stderr_location: Where people find standard error.
    """

    stdout_location: str | None = None
    stderr_location: str | None = None


class ComputeLogManager(Protocol):
    """Captures the output of steps and runs, and gives it out while it grows."""

    def capture_logs(self, log_key: Sequence[str]) -> AbstractContextManager[CapturedLogMetadata]:
        """Capture what this process writes while the block runs."""
        ...

    def is_capture_complete(self, log_key: Sequence[str]) -> bool:
        """Tell whether nothing more will be captured."""
        ...

    def get_log_data(
        self, log_key: Sequence[str], cursor: str | None = None, max_bytes: int | None = None
    ) -> CapturedLogData:
        """Return the next piece of a log."""
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
