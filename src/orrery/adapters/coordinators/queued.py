"""
Put what is submitted into the queue, and launch what has room.
"""

from __future__ import annotations

from orrery.model.events import build
from orrery.model.records.run import Run
from orrery.runtime.ports.run_coordinator import SubmitRunContext

__all__ = ["QueuedRunCoordinator"]


class QueuedRunCoordinator:
    """
    Keeps runs in the order of priority and of coming, within the limits of the instance's settings.

    A pass over the queue is made when a run is submitted and when one that was launched ends; ``orrery queue run``
    makes one every second, for runs whose process was killed.
    """

    def submit_run(self, context: SubmitRunContext) -> Run:
        """Put a run into the queue; return it as it then stands: it may have been launched."""
        instance, run = context.instance, context.dagster_run
        instance.report_dagster_event(build.run_enqueued(run.job_name), run.run_id)
        instance.flush(run.run_id)
        instance.launch_queued_runs(context.workspace)
        found: Run = instance.get_run_by_id(run.run_id)
        return found

    def cancel_run(self, run_id: str) -> bool:
        """Tell that nothing is held here: what waits stands in the records, where the instance cancels it."""
        return False

    def dispose(self) -> None:
        """Do nothing."""
