"""
The event log: entries in the order in which they were stored, and what follows from them.

The storage id of an entry is its place in that order. It grows, is never given twice, and is what
cursors hold; clocks are not asked for order. Entries are appended in batches. What follows from a
batch - the status of runs, the latest state of assets, partitions, checks and steps - changes together with
it, in one transaction, and is kept: questions about the present are not answered from the log, and old
entries may go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

import msgspec

from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.model.events.entry import EventLogEntry, EventLogRecord, EventRecordsFilter
from orrery.model.events.event import EventType
from orrery.model.records.latest import LatestState, PartitionStates, StepState

__all__ = ["AssetState", "CheckState", "EventLogConnection", "EventLogStorage"]


class EventLogConnection(msgspec.Struct, frozen=True):
    """
    One page of the log of a run.

    Attributes:
        records: The entries, with their storage ids.
        cursor: Where the next page begins.
        has_more: Whether there is more by now.
    """

    records: Sequence[EventLogRecord]
    cursor: str
    has_more: bool


class AssetState(msgspec.Struct, frozen=True, kw_only=True):
    """
    The latest that is known of an asset.

    Attributes:
        storage_id: Number of the asset; in the order in which assets were first seen.
        asset_key: The asset.
        last_run_id: The run of its latest event.
        last_materialization: Record of the latest materialization.
        last_observation: Record of the latest observation.
        last_planned: Record of the latest plan to make it.
        last_failed: Record of the latest failure to make it.
    """

    storage_id: int
    asset_key: AssetKey
    last_run_id: str | None = None
    last_materialization: EventLogRecord | None = None
    last_observation: EventLogRecord | None = None
    last_planned: EventLogRecord | None = None
    last_failed: EventLogRecord | None = None


class CheckState(msgspec.Struct, frozen=True, kw_only=True):
    """
    The latest that is known of an asset check.

    Attributes:
        check_key: The check.
        last_planned: Record of the latest plan to evaluate it.
        last_evaluation: Record of the latest evaluation.
    """

    check_key: AssetCheckKey
    last_planned: EventLogRecord | None = None
    last_evaluation: EventLogRecord | None = None


class EventLogStorage(Protocol):
    """Keeps entries, and answers what follows from them."""

    @property
    def is_persistent(self) -> bool:
        """Tell whether what is stored outlives the process."""
        ...

    def store_entries(
        self,
        entries: Sequence[EventLogEntry],
        before: Callable[[], None] | None = None,
        after: Callable[[], None] | None = None,
        *,
        is_last: bool = False,
    ) -> None:
        """
        Append *entries* in this order, all or none.

        May return before they are durable; reads of the same storage object see them at once. Use
        ``flush`` before success is told to anyone.

        Args:
            entries: What to append.
            before: Called before the entries become durable, as a rule the flush of a write barrier.
                If it raises, the entries are not stored and ``flush`` raises.
            after: Called once they are stored, in whichever thread stored them, before ``flush`` returns. What
                it raises is raised by ``flush``.
            is_last: The entries tell that their run ended well: they are stored only if nothing of it was lost before.
        """
        ...

    def relieve(self) -> None:
        """Wait a moment if much is to be written: whoever appends without pause calls it between two of them."""
        ...

    def raise_lost(self, run_id: str) -> None:
        """Raise what lost entries of a run, as ``flush`` does, if anything did by now; wait for nothing."""
        ...

    def settle(self) -> None:
        """Wait until everything appended before is durable, or was lost; what lost it is raised by ``flush``."""
        ...

    def flush(self, run_id: str | None = None) -> None:
        """
        Wait until everything appended before is durable.

        No kill takes back what is durable; what is promised (the end of a run, a materialization, an observation, a check), no
        power cut either. A power cut may take the rest for a moment: lines of the log, small steps, the start of a run.

        Args:
            run_id: Raise only what lost entries of this run; by default, of any.

        Raises:
            StorageError: Something could not be stored; what, and why. It is told once.
        """
        ...

    def get_records_for_run(
        self,
        run_id: str,
        cursor: str | None = None,
        of_type: EventType | AbstractSet[EventType] | None = None,
        limit: int | None = None,
        ascending: bool = True,
    ) -> EventLogConnection:
        """Return a page of the log of a run, also lines that are no events."""
        ...

    def get_event_records(
        self, event_records_filter: EventRecordsFilter, limit: int | None = None, ascending: bool = False
    ) -> Sequence[EventLogRecord]:
        """Return the entries of one kind that pass the filter."""
        ...

    def get_run_status_change_records(
        self,
        event_records_filter: EventRecordsFilter,
        job_names: Sequence[str] | None = None,
        limit: int | None = None,
        ascending: bool = False,
    ) -> Sequence[EventLogRecord]:
        """Return the entries about runs that pass the filter, of these jobs only if names are given."""
        ...

    def get_maximum_record_id(self) -> int | None:
        """Return the storage id of the newest entry; None if there is none."""
        ...

    def delete_events(self, run_id: str) -> None:
        """Delete the log of a run; the latest state of assets then follows from what is left."""
        ...

    def get_asset_states(self, asset_keys: Sequence[AssetKey] | None = None) -> Sequence[AssetState]:
        """Return the states of these assets, or of all, in the order of their keys; unknown ones are left out."""
        ...

    def get_latest_materializations(self, asset_keys: Sequence[AssetKey]) -> Mapping[AssetKey, EventLogRecord]:
        """Return for each asset the entry that tells when it was last made; those that never were are left out."""
        ...

    def get_asset_keys(
        self, prefix: Sequence[str] | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Sequence[AssetKey]:
        """Return the keys of known assets below *prefix*, in the order of their stored form, after *cursor*."""
        ...

    def has_asset_key(self, asset_key: AssetKey) -> bool:
        """Tell whether an asset was ever seen and not wiped."""
        ...

    def get_materialized_partitions(
        self, asset_key: AssetKey, before_cursor: int | None = None, after_cursor: int | None = None
    ) -> set[str]:
        """Return the partitions with a materialization whose storage id lies between the cursors."""
        ...

    def get_latest_storage_id_by_partition(
        self,
        asset_key: AssetKey,
        event_type: EventType,
        partitions: AbstractSet[str] | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, int]:
        """Return the storage id of the newest entry of this kind for each partition."""
        ...

    def get_latest_of_assets(self, asset_keys: Sequence[AssetKey]) -> Mapping[AssetKey, LatestState]:
        """
        Return the latest that is known of these assets, without the entries themselves; unknown ones are left out.

        What an entry tells of one partition is the latest of the asset, too.
        """
        ...

    def get_latest_of_partitions(
        self, asset_key: AssetKey, partitions: Iterable[str] | None = None
    ) -> Mapping[str, LatestState]:
        """Return the latest that is known of these partitions, or of all; unknown ones are left out."""
        ...

    def get_partition_states(self, asset_key: AssetKey) -> PartitionStates:
        """
        Return how the partitions of an asset stand, made, failed or planned, in columns.

        This is what to ask about many partitions: a million take some 20 ms, once their keys are known to the process.
        """
        ...

    def get_step_states(self, run_id: str, step_keys: Iterable[str] | None = None) -> Sequence[StepState]:
        """Return how the steps of a run stand, or these of them, in the order of their keys; none that has not begun."""
        ...

    def get_planned_partitions(self, asset_key: AssetKey) -> Mapping[str, str]:
        """Return the run that last planned each partition whose plan is newer than what came of it."""
        ...

    def get_failed_partitions(self, asset_key: AssetKey) -> set[str]:
        """Return the partitions whose latest event is a failure to make them."""
        ...

    def wipe_asset(self, asset_key: AssetKey) -> None:
        """Forget an asset; the logs of its runs stay."""
        ...

    def wipe_asset_partitions(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> None:
        """Forget these partitions of an asset."""
        ...

    def get_check_states(self, check_keys: Sequence[AssetCheckKey]) -> Sequence[CheckState]:
        """Return the states of these checks; unknown ones are left out."""
        ...

    def get_check_evaluations(
        self, check_key: AssetCheckKey, limit: int, cursor: int | None = None
    ) -> Sequence[EventLogRecord]:
        """Return the evaluations of a check before *cursor*, newest first."""
        ...

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Return the keys of a dynamic partitions definition, in the order in which they were added."""
        ...

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Tell whether a dynamic partition exists."""
        ...

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Iterable[str]) -> None:
        """Add dynamic partitions; those that exist stay where they are."""
        ...

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Delete a dynamic partition; nothing happens if it does not exist."""
        ...

    def wipe(self) -> None:
        """Delete everything."""
        ...

    def dispose(self) -> None:
        """Make everything durable and let go of files, threads and connections."""
        ...
