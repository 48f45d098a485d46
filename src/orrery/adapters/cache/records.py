"""
What is recorded of values, kept beside them: so that a machine with an event log of its own can tell what they are made from.

``orrery cache push`` writes the records, ``orrery cache pull`` takes them over into the event log. A record belongs to the bytes
that its name stood for when it was written; when it stands for others, the record says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from orrery.adapters.cache.blobs import BlobStore
from orrery.adapters.cache.stored import name_for
from orrery.base.keys import AssetKey
from orrery.base.tags import DATA_VERSION_TAG, PULLED_TAG
from orrery.model.events.entry import EventLogRecord, EventRecordsFilter
from orrery.model.events.event import Event, EventType
from orrery.model.events.payloads import StepMaterializationData
from orrery.model.events.reuse import Provenance
from orrery.model.events.user import AssetMaterialization

__all__ = ["Owners", "pull_records", "push_records"]


class _Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    key: tuple[str, ...]
    digest: str
    at: float
    run_id: str
    data_version: str
    provenance: Provenance
    partition: str | None = None


def push_records(instance: Any, store: BlobStore, keys: Iterable[AssetKey]) -> list[str]:
    """
    Write what the event log says of the values of these assets beside them.

    A value that another run has made since, elsewhere, is left alone.

    Args:
        instance: Whose event log is asked.
        store: Where the values are.
        keys: The assets.

    Returns:
        The names of the values of which something was written.
    """
    written: list[str] = []
    for key in keys:
        for partition, record in _latest(instance.event_log, key):
            name = name_for(key, partition)
            event = record.event_log_entry.dagster_event
            data: Any = event.event_specific_data if event is not None else None
            provenance: Provenance | None = getattr(data, "provenance", None)
            made = record.asset_materialization
            version = (made.tags or {}).get(DATA_VERSION_TAG) if made is not None else None
            if provenance is None or version is None:
                continue
            pointer = store.read_pointer(name)
            if pointer is None or pointer.run_id != record.run_id:
                continue
            inputs = {text: msgspec.structs.replace(part, storage_id=None) for text, part in provenance.inputs.items()}
            told = _Record(
                key=key.parts,
                digest=pointer.digest,
                at=record.timestamp,
                run_id=record.run_id,
                data_version=version,
                provenance=msgspec.structs.replace(provenance, inputs=inputs),
                partition=partition,
            )
            store.write_record(name, msgspec.json.encode(told))
            written.append(name)
    return written


def pull_records(instance: Any, store: BlobStore, keys: Iterable[AssetKey]) -> list[str]:
    """
    Take what is written beside the values of these assets over into the event log.

    What the event log knows of a later materialization stays, and so does what belongs to bytes that are others now.

    Args:
        instance: Whose event log takes it.
        store: Where the values are.
        keys: The assets.

    Returns:
        The names of the values of which something was taken over.
    """
    wanted = set(keys)
    taken: list[str] = []
    for data in store.records():
        try:
            record = msgspec.json.decode(data, type=_Record)
        except (msgspec.DecodeError, msgspec.ValidationError):  # damaged, or of a later release: it says nothing
            continue
        key = AssetKey(record.key)
        name = name_for(key, record.partition)
        if key not in wanted or record.at <= _made_at(instance.event_log, key, record.partition):
            continue
        pointer = store.read_pointer(name)
        if pointer is None or pointer.digest != record.digest:
            continue
        tags = {DATA_VERSION_TAG: record.data_version, PULLED_TAG: record.run_id}
        made = AssetMaterialization(key, partition=record.partition, tags=tags)
        payload = StepMaterializationData(made, [], record.provenance, True)
        event = Event("ASSET_MATERIALIZATION", "", event_specific_data=payload)
        instance.report_dagster_event(event, run_id="", timestamp=record.at)
        taken.append(name)
    instance.flush()
    return taken


class Owners:
    """
    Whose the values in a store are, as far as an event log knows; it is asked once.

    Args:
        event_log: The event log.
    """

    def __init__(self, event_log: Any) -> None:
        self._log = event_log
        self._assets: dict[str, AssetKey] | None = None
        self._partitions: dict[AssetKey, dict[str, str]] = {}

    def of(self, name: str) -> tuple[AssetKey, str | None] | None:
        """Return the asset of which *name* is the value, and the partition, if it is that of one; None if nobody knows."""
        if self._assets is None:
            self._assets = {name_for(key, None): key for key in self._log.get_asset_keys()}
        if name in self._assets:
            return self._assets[name], None
        key = self._assets.get(name.rpartition("/")[0])
        if key is None:
            return None
        if key not in self._partitions:
            self._partitions[key] = {name_for(key, each): each for each in self._log.get_latest_of_partitions(key)}
        partition = self._partitions[key].get(name)
        return None if partition is None else (key, partition)


def _latest(log: Any, key: AssetKey) -> Iterator[tuple[str | None, EventLogRecord]]:
    """Iterate the latest materialization of an asset, or of each of its partitions."""
    partitions = {partition: state.materialization for partition, state in log.get_latest_of_partitions(key).items()}
    numbers: dict[int, str | None] = {number: each for each, number in partitions.items() if number is not None}
    if not numbers:
        state = log.get_latest_of_assets([key]).get(key)
        if state is None or state.materialization is None:
            return
        numbers = {state.materialization: None}
    wanted = EventRecordsFilter(EventType.ASSET_MATERIALIZATION, storage_ids=list(numbers))
    for record in log.get_event_records(wanted):
        yield numbers[record.storage_id], record


def _made_at(log: Any, key: AssetKey, partition: str | None) -> float:
    if partition is None:
        state = log.get_latest_of_assets([key]).get(key)
    else:
        state = log.get_latest_of_partitions(key, [partition]).get(partition)
    return -1.0 if state is None or state.materialized_at is None else float(state.materialized_at)
