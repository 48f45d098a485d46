"""
Coordinators: when a submitted run is launched.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from orrery.model.records.run import Run

__all__ = ["RunCoordinator", "SubmitRunContext"]


class SubmitRunContext(msgspec.Struct, frozen=True):
    """
    What a coordinator is given.

    Attributes:
        dagster_run: The run that was submitted; it is recorded.
        workspace: Where its code is found; None where the run itself says it.
        instance: The instance that it is recorded in.
    """

    dagster_run: Run
    workspace: Any = None
    instance: Any = None

    @property
    def run(self) -> Run:
        """Return the run that was submitted."""
        return self.dagster_run

    def get_request_header(self, key: str) -> str | None:
        """Return a header of the web request that submitted it, if there was one."""
        source = getattr(self.workspace, "source", None)
        headers = getattr(source, "headers", None)
        return None if headers is None else headers.get(key)


class RunCoordinator(Protocol):
    """Launches submitted runs at once, or when there is room."""

    def submit_run(self, context: SubmitRunContext) -> Run:
        """Take a run; return it as it then stands."""
        ...

    def cancel_run(self, run_id: str) -> bool:
        """Ask a run to stop, queued or running; tell whether it could be asked."""
        ...

    def dispose(self) -> None:
        """Let go of threads."""
        ...
