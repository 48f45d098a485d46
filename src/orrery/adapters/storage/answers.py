"""
What programs ask of ``instance.event_log_storage`` itself, answered from what every storage can tell.

The seams know each of these facts in another form; both built-in storages give them in this one, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Protocol

from orrery.base.errors import InvalidInvocationError
from orrery.base.keys import AssetCheckKey
from orrery.model.automation.pools import Pool
from orrery.model.events.entry import EventLogRecord
from orrery.model.records.asset import (
    AssetCheckExecutionRecord,
    AssetCheckExecutionRecordStatus,
    check_execution,
)
from orrery.runtime.ports.event_log import CheckState

__all__ = ["Answers"]

_MOST_SLOTS = 1_000


class _Storage(Protocol):
    def get_pools(self) -> Sequence[Pool]: ...

    def set_pool(self, pool: Pool) -> None: ...

    def delete_pool(self, name: str) -> bool: ...

    def get_check_states(self, check_keys: Sequence[AssetCheckKey]) -> Sequence[CheckState]: ...

    def get_check_evaluations(
        self, check_key: AssetCheckKey, limit: int, cursor: int | None = None
    ) -> Sequence[EventLogRecord]: ...


class Answers:
    """A part of a storage: questions about checks, and the number of slots of pools."""

    def set_concurrency_slots(self: _Storage, concurrency_key: str, num: int) -> None:
        """
        Say how many slots a pool has.

        Raises:
            InvalidInvocationError: It is no number from 0 to 1,000.
        """
        if not 0 <= num <= _MOST_SLOTS:
            raise InvalidInvocationError(
                f"Pool '{concurrency_key}' cannot have {num!r} slots.", mend=f"give a number from 0 to {_MOST_SLOTS}."
            )
        self.set_pool(Pool(name=concurrency_key, slots=num))

    def delete_concurrency_limit(self: _Storage, concurrency_key: str) -> None:
        """Count the slots of a pool no more."""
        self.delete_pool(concurrency_key)

    def get_concurrency_keys(self: _Storage) -> set[str]:
        """Return the pools whose slots are counted."""
        return {pool.name for pool in self.get_pools()}

    def get_asset_check_execution_history(
        self: _Storage,
        check_key: AssetCheckKey,
        limit: int,
        cursor: int | None = None,
        status: AbstractSet[AssetCheckExecutionRecordStatus] | None = None,
        partition_filter: Any = None,
    ) -> Sequence[AssetCheckExecutionRecord]:
        """
        Return the executions of a check, newest first: its evaluations, and the one that is still to come.

        Args:
            check_key: The check.
            limit: At most so many.
            cursor: Only those before this id.
            status: Only those that stand so.
            partition_filter: Only those of the partition that its ``key`` names.
        """
        found = [
            each for each in _to_come(self, [check_key]).values() if _passes(each, cursor, status, partition_filter)
        ]
        while len(found) < limit:
            page = self.get_check_evaluations(check_key, limit, cursor)
            if not page:
                break
            cursor = page[-1].storage_id
            found += [each for record in page if _passes(each := _execution(record), None, status, partition_filter)]
        return found[:limit]

    def get_latest_asset_check_execution_by_key(
        self: _Storage, check_keys: Sequence[AssetCheckKey], partition_filter: Any = None
    ) -> Mapping[AssetCheckKey, AssetCheckExecutionRecord]:
        """Return the latest execution of each of these checks that has one: an evaluation, or one that is still to come."""
        if partition_filter is not None:
            each_of = Answers.get_asset_check_execution_history
            pages = {key: each_of(self, key, 1, partition_filter=partition_filter) for key in check_keys}
            return {key: page[0] for key, page in pages.items() if page}
        evaluated = {
            state.check_key: _execution(state.last_evaluation)
            for state in self.get_check_states(check_keys)
            if state.last_evaluation is not None
        }
        return {**evaluated, **_to_come(self, check_keys)}


def _to_come(storage: _Storage, keys: Sequence[AssetCheckKey]) -> dict[AssetCheckKey, AssetCheckExecutionRecord]:
    """Return the latest plans to evaluate checks that no evaluation of their run has followed."""
    return {
        state.check_key: _execution(planned)
        for state in storage.get_check_states(keys)
        if (planned := state.last_planned) is not None
        and ((done := state.last_evaluation) is None or done.storage_id < planned.storage_id)
    }


def _execution(record: EventLogRecord) -> AssetCheckExecutionRecord:
    data: Any = record.event_log_entry.get_dagster_event().event_specific_data
    return check_execution(record, data)


def _passes(
    each: AssetCheckExecutionRecord,
    cursor: int | None,
    status: AbstractSet[AssetCheckExecutionRecordStatus] | None,
    partition_filter: Any,
) -> bool:
    return (
        (cursor is None or each.id < cursor)
        and (status is None or each.status in status)
        and (partition_filter is None or each.partition == partition_filter.key)
    )
