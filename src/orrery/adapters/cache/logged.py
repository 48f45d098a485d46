"""
What the event log says of a value in a store, and whether that which lies there is another one.

A store may be shared by machines that have event logs of their own. What one of them stored last under a name is then not the
value that the event log of another knows, and must not pass for it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from orrery.adapters.cache.blobs import Pointer
from orrery.adapters.cache.signing import instance_of
from orrery.base.tags import MADE_BY_RUN_TAG, PULLED_TAG
from orrery.model.events.entry import EventRecordsFilter
from orrery.model.events.event import EventType

__all__ = ["Logged", "is_by_a_stranger", "is_of_another_run", "latest_of"]


class Logged(NamedTuple):
    """
    The latest materialization of an asset, or of one of its partitions.

    Attributes:
        run_id: The run that made the value, here or on the machine that it was pulled from; None where no run is named.
        data_version: Its data version.
        place: Where it was stored.
        content: The digest of its bytes, where that was noted.
    """

    run_id: str | None = None
    data_version: str | None = None
    place: str = ""
    content: str | None = None


def latest_of(context: Any, partition: str | None) -> Logged | None:
    """Return what the event log says of the asset of *context*; None if it says nothing."""
    instance = instance_of(context)
    if instance is None or not context.has_asset_key:
        return None
    wanted = EventRecordsFilter(
        EventType.ASSET_MATERIALIZATION,
        asset_key=context.asset_key,
        asset_partitions=None if partition is None else [partition],
    )
    records = instance.get_event_records(wanted, limit=1)
    made = records[0].asset_materialization if records else None
    if made is None:
        return None
    tags = made.tags or {}
    place = made.metadata.get("path")
    event = records[0].event_log_entry.dagster_event
    return Logged(
        records[0].run_id or tags.get(MADE_BY_RUN_TAG) or tags.get(PULLED_TAG) or None,
        made.data_version,
        str(place.value) if place is not None else "",
        getattr(event.event_specific_data, "content", None) if event is not None else None,
    )


def is_of_another_run(pointer: Pointer, logged: Logged | None) -> bool:
    """
    Tell whether a store has another value than the one that the event log calls the latest.

    >>> pointer = Pointer(digest="5f", length=1, format="text", at=0.0, run_id="theirs")
    >>> is_of_another_run(pointer, Logged("ours", None, "/store/blobs/3a"))
    True
    >>> is_of_another_run(pointer, Logged("ours", None, "/store/blobs/5f"))  # the same bytes
    False
    """
    if logged is None or logged.run_id is None or pointer.run_id is None or pointer.run_id == logged.run_id:
        return False
    return pointer.digest != logged.content and not logged.place.endswith(pointer.digest)


def is_by_a_stranger(context: Any, partition: str | None, pointer: Pointer) -> bool:
    """
    Tell whether a run that the instance does not know has stored another value than the one in its event log.

    The value of a run that it does know is its own: the record of it follows.
    """
    instance = instance_of(context)
    if instance is None or pointer.run_id is None or pointer.run_id == _run_of(context):
        return False
    return is_of_another_run(pointer, latest_of(context, partition)) and instance.get_run_by_id(pointer.run_id) is None


def _run_of(context: Any) -> str | None:
    step = getattr(context, "_step_context", None)
    return step.run_id if step is not None else None
