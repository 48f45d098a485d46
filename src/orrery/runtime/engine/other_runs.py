"""
What other runs have made since a run began: asked at its end, of those assets of which something hangs on it.

Whether there were other runs at all, two quick questions tell; as a rule there were none, and nothing more is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from orrery.base.keys import AssetKey
from orrery.model.events.entry import EventRecordsFilter
from orrery.model.events.event import EventType
from orrery.model.events.reuse import InputPart
from orrery.model.records.run import IN_PROGRESS_RUN_STATUSES, RunsFilter

__all__ = ["MadeElsewhere", "OtherRuns"]

_CLOCKS_DIFFER = timedelta(minutes=1)
"""By so much at most do the clocks of machines that share an event log."""


class MadeElsewhere(NamedTuple):
    """
    A value that another run has made.

    Attributes:
        key: The asset.
        partition: The partition; None for an asset without.
        version: Its data version; None if none is recorded.
        run_id: The run; empty where none made it.
        inputs: What it was made from, by key of the asset; nothing if that is not recorded.
    """

    key: AssetKey
    partition: str | None
    version: str | None
    run_id: str
    inputs: Mapping[str, InputPart]


class OtherRuns:
    """
    Answer for one run.

    Args:
        instance: Where runs are recorded.
        run_id: The run.
    """

    def __init__(self, instance: Any, run_id: str) -> None:
        self._instance = instance
        self._run_id = run_id
        self._began: int | None = None

    def were_there(self) -> bool:
        """Tell whether any other run was under way since this one began."""
        first = self._instance.event_log.get_records_for_run(self._run_id, limit=1).records
        if not first:
            return False
        self._began = first[0].storage_id
        since = datetime.fromtimestamp(first[0].timestamp, UTC) - _CLOCKS_DIFFER
        return self._has_others(RunsFilter(updated_after=since)) or self._has_others(
            RunsFilter(statuses=list(IN_PROGRESS_RUN_STATUSES))
        )

    def _has_others(self, wanted: RunsFilter) -> bool:
        return any(run_id != self._run_id for run_id in self._instance.get_run_ids(wanted, limit=2))

    def made(self, key: AssetKey, partitions: Iterable[str] | None = None) -> list[MadeElsewhere]:
        """
        Return what other runs have made of an asset since this one began, newest first.

        Args:
            key: The asset.
            partitions: Of these partitions; of all, if not given.
        """
        wanted = EventRecordsFilter(
            EventType.ASSET_MATERIALIZATION,
            asset_key=key,
            asset_partitions=None if partitions is None else sorted(partitions),
            after_cursor=self._began,
        )
        found = []
        for record in self._instance.get_event_records(wanted):
            if record.run_id == self._run_id:
                continue
            told = record.asset_materialization
            event = record.event_log_entry.dagster_event
            provenance = getattr(event.event_specific_data, "provenance", None) if event is not None else None
            found.append(
                MadeElsewhere(
                    key,
                    None if told is None or told.partition is None else str(told.partition),
                    None if told is None else told.data_version,
                    record.run_id or "",
                    {} if provenance is None else provenance.inputs,
                )
            )
        return found
