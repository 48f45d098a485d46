"""
Code locations: processes that have imported the user's code and tell what it defines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from orrery.model.records.run import Run

__all__ = ["CodeLocation"]


class CodeLocation(Protocol):
    """One place with definitions, seen from processes that load no user code."""

    @property
    def name(self) -> str:
        """Return the name of the location."""
        ...

    def get_snapshot(self) -> bytes:
        """
        Return the snapshot of everything that is defined there.

        Raises:
            CodeLocationLoadError: The code does not import; with the user's own frames.
        """
        ...

    def get_execution_plan(
        self, job_name: str, run_config: Mapping[str, Any], step_keys: Sequence[str] | None
    ) -> bytes:
        """Return the snapshot of the plan of a job."""
        ...

    def launch_run(self, run: Run) -> None:
        """Execute a run in a process that has this code."""
        ...

    def evaluate(self, instigator_name: str, request: bytes) -> bytes:
        """Evaluate a schedule or sensor; request and answer are stored forms."""
        ...

    def dispose(self) -> None:
        """Stop the process."""
        ...
