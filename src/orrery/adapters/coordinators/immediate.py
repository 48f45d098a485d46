"""
Launch what is submitted at once.
"""

from __future__ import annotations

from orrery.model.records.run import Run
from orrery.runtime.ports.run_coordinator import SubmitRunContext

__all__ = ["DefaultRunCoordinator"]


class DefaultRunCoordinator:
    """Launches each run as it is submitted."""

    def submit_run(self, context: SubmitRunContext) -> Run:
        """Launch a run; return it as it then stands."""
        run: Run = context.instance.launch_run(context.dagster_run.run_id, context.workspace)
        return run

    def cancel_run(self, run_id: str) -> bool:
        """Tell that nothing waits here; the instance cancels runs that go on."""
        return False

    def dispose(self) -> None:
        """Do nothing."""
