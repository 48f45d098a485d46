"""
Runs: what was asked for and how it stands, with snapshots and small values that outlive processes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, Protocol

from orrery.model.records.run import Run, RunRecord, RunsFilter

__all__ = ["RUN_ORDERS", "RunStorage"]

#: What runs can be ordered by.
RUN_ORDERS: Final = ("id", "create_timestamp", "update_timestamp", "start_time", "end_time")


class RunStorage(Protocol):
    """Keeps runs; their status follows from the event log (``EventLogStorage.store_entries``)."""

    def add_run(self, run: Run) -> Run:
        """
        Keep a new run.

        Raises:
            RunAlreadyExistsError: There is a run of this id.
        """
        ...

    def get_ended_run(self, run_id: str) -> Run | None:
        """
        Return a run that has just ended.

        Whoever executed it asks for it at once: it is as it stood when this storage stored its end, so that nothing is
        read, and as it stands where that was another. None if there is none of this id.
        """
        ...

    def has_run(self, run_id: str) -> bool:
        """Tell whether there is a run of this id."""
        ...

    def get_run_records(
        self,
        filters: RunsFilter | None = None,
        limit: int | None = None,
        order_by: str | None = None,
        ascending: bool = False,
        cursor: str | None = None,
    ) -> Sequence[RunRecord]:
        """
        Return the runs that pass the filter, newest first.

        Args:
            filters: Which runs.
            limit: At most so many.
            order_by: ``id`` (as by default), ``create_timestamp``, ``update_timestamp``, ``start_time``, ``end_time``.
            ascending: Oldest first.
            cursor: Id of the run after which to begin; nothing follows one that is not recorded.
        """
        ...

    def get_runs_count(self, filters: RunsFilter | None = None) -> int:
        """Return how many runs pass the filter."""
        ...

    def add_run_tags(self, run_id: str, new_tags: Mapping[str, str]) -> None:
        """
        Add tags to a run, over its own.

        Raises:
            RunNotFoundError: There is no such run.
        """
        ...

    def get_run_tag_keys(self) -> Sequence[str]:
        """Return the keys of tags that any run has, in order."""
        ...

    def get_run_tags(
        self, tag_keys: Sequence[str], value_prefix: str | None = None, limit: int | None = None
    ) -> Sequence[tuple[str, AbstractSet[str]]]:
        """Return the values that these tags have in any run."""
        ...

    def replace_job_origin(self, run: Run, job_origin: object) -> None:
        """Say where the job of a run is defined."""
        ...

    def delete_run(self, run_id: str) -> None:
        """Forget a run (not its events); nothing happens if there is none of this id."""
        ...

    def add_snapshot(self, snapshot_id: str, kind: str, body: bytes) -> None:
        """Keep a snapshot; one of the same id is the same."""
        ...

    def get_snapshot(self, snapshot_id: str) -> bytes | None:
        """Return a snapshot; None if there is none of this id."""
        ...

    def get_cursor_values(self, keys: AbstractSet[str]) -> Mapping[str, str]:
        """Return the small values that were kept under these keys."""
        ...

    def set_cursor_values(self, pairs: Mapping[str, str]) -> None:
        """Keep small values: cursors of daemons, marks of migrations."""
        ...

    def wipe(self) -> None:
        """Delete everything."""
        ...

    def dispose(self) -> None:
        """Let go of files, threads and connections."""
        ...
