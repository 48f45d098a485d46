"""
Whether what lies in a store is the value that the event log knows: asked of an IO manager that can tell.

The name of the bytes that were stored is recorded with each materialization. Another event log whose runs write to the same
place, or an IO manager that wrote elsewhere for a while, leaves other bytes there than those recorded last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from orrery.base.errors import DamagedValueError, ValueNotFoundError
from orrery.base.keys import AssetKey
from orrery.model.events.entry import EventRecordsFilter
from orrery.model.events.event import EventType
from orrery.runtime.contexts.input import InputContext

__all__ = ["KnownContents", "check_input", "check_recorded", "contents_now"]

KnownContents = Callable[[AssetKey, Sequence[str | None]], Mapping[str | None, str]]


def contents_now(instance: Any, key: AssetKey, partitions: Sequence[str | None]) -> dict[str | None, str]:
    """
    Return the names of the bytes that were stored last, as far as they are recorded.

    Args:
        instance: Whose event log is asked.
        key: The asset.
        partitions: The partitions; None alone for an asset without.
    """
    kind = EventType.ASSET_MATERIALIZATION
    named = {each for each in partitions if each is not None}
    if named:
        ids = instance.event_log.get_latest_storage_id_by_partition(key, kind, named)
        chosen = {ids[each]: each for each in named if each in ids}
        wanted = EventRecordsFilter(kind, asset_key=key, storage_ids=sorted(chosen))
        records = instance.get_event_records(wanted) if chosen else []
    else:
        chosen = {}
        records = instance.get_event_records(EventRecordsFilter(kind, asset_key=key), limit=1)
    found: dict[str | None, str] = {}
    for record in records:
        event = record.event_log_entry.dagster_event
        content = getattr(event.event_specific_data, "content", None) if event is not None else None
        if content is not None:
            found[chosen.get(record.storage_id)] = content
    return found


def check_recorded(instance: Any, manager: Any, described: Any, partitions: Sequence[str | None]) -> None:
    """
    Check that the stored values of some partitions are those recorded last, where the IO manager can tell.

    Args:
        instance: Whose event log is asked.
        manager: The IO manager.
        described: The ``InputContext`` or ``OutputContext`` of an asset.
        partitions: The partitions; None alone for an asset without.

    Raises:
        ValueNotFoundError: One is missing.
        DamagedValueError: One is another; it says of which partition.
        UntrustedValueError: One was not signed with the key of this instance.
    """
    check: Callable[..., None] | None = getattr(manager, "check_content", None)
    if check is None or not partitions:
        return
    contents = contents_now(instance, described.asset_key, partitions)
    if contents:
        check(described, contents)


def check_input(instance: Any, manager: Any, described: InputContext, known: KnownContents | None = None) -> None:
    """
    Check that the values that an input is about to load are those recorded last; one that is missing passes.

    Args:
        instance: Whose event log is asked.
        manager: The IO manager.
        described: The input, of an asset.
        known: Gives the names of the bytes that the run knows of, so that the log is asked only where others lie there.

    Raises:
        DamagedValueError: One is another; it says of which partition.
        UntrustedValueError: One was not signed with the key of this instance.
    """
    if not described.has_asset_key:
        return
    # As they are: those of several dimensions tell their parts, of which paths may be made.
    partitions: Sequence[str | None] = described.asset_partition_keys if described.has_asset_partitions else [None]
    with suppress(ValueNotFoundError):  # is told by the load, if it wants the value at all
        if known is not None and hasattr(manager, "check_content"):
            contents = known(described.asset_key, partitions)
            try:
                if contents:
                    manager.check_content(described, contents)
                return
            except DamagedValueError:
                pass  # another run may have made it since
        check_recorded(instance, manager, described, partitions)
