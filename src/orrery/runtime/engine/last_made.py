"""
What the event log says of the assets that a run speaks of: present version of each, and how it was made last.

All assets are asked for at once, and an entry is read and decoded once, for later processes, too (``kept_entries.py``): what
was written never changes, and the latest state of an asset names the entry by number, instant and data version.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from orrery.base.keys import AssetKey
from orrery.base.tags import ACCEPTED_TAG, MADE_BY_RUN_TAG, PULLED_TAG
from orrery.model.events.data_version import data_version_of_tags
from orrery.model.events.entry import EventLogRecord, EventRecordsFilter
from orrery.model.events.event import EventType
from orrery.model.events.reuse import InputPart, Provenance
from orrery.model.events.user import AssetObservation
from orrery.plan.decide import LastMade, Retold
from orrery.runtime.engine.kept_entries import KeptEntries, Made, Version
from orrery.runtime.engine.refused import refused_values
from orrery.runtime.engine.unusable import REPLACED, trouble_of

__all__ = ["PresentValues", "made_of_unknown"]

_UNKNOWN: Version = ("never observed", None, None)
_NOTHING = Made(_UNKNOWN, None)
_TROUBLE = "trouble: "


class PresentValues:
    """
    Answer for one run.

    Args:
        instance: Whose event log is asked.
        entries: What is known of the entries of its log.
        named: Gives the assets that the run speaks of, each once; asked once.
        is_external: Tells whether an asset is one that the project does not make.
    """

    def __init__(
        self,
        instance: Any,
        entries: KeptEntries,
        named: Callable[[], Iterable[AssetKey]],
        is_external: Callable[[AssetKey], bool],
    ) -> None:
        self._instance = instance
        self._log = instance.event_log
        self._named = named
        self._is_external = is_external
        self._entries = entries
        self._found: dict[AssetKey, Made] | None = None
        self._found_partitions: dict[tuple[AssetKey, str], Made] = {}
        self._noted: dict[tuple[AssetKey, str | None], Version] = {}
        self._contents: dict[tuple[AssetKey, str | None], str] = {}
        self._seen_at: dict[AssetKey | tuple[AssetKey, str], float | None] = {}
        self._observed: set[AssetKey] = set()

    def note(
        self, key: AssetKey, partition: str | None, version: str, run_id: str | None, content: str | None = None
    ) -> None:
        """Note that the asset has this data version now; *run_id* made it so, if a run did, and stored it as *content*."""
        self._noted[key, partition] = (version, run_id, None)
        if content is not None:
            self._contents[key, partition] = content

    def content(self, key: AssetKey, partition: str | None) -> str | None:
        """Return the name of what is stored of an asset, as far as this run knows; None if nobody noted it."""
        if (key, partition) in self._noted:
            return self._contents.get((key, partition))
        last = self.last(key, partition)
        return None if last is None else last.content

    def note_trouble(self, key: AssetKey, partition: str | None, trouble: str, run_id: str) -> None:
        """Note that a run found the stored value missing or damaged."""
        if partition is None:
            known = self._of(key)
            assert self._found is not None
            self._found[key] = _troubled(known, trouble, run_id)
        else:
            self._found_partitions[key, partition] = _troubled(
                self._of_partitions(key, (partition,))[partition], trouble, run_id
            )

    def is_known_as(self, key: AssetKey, partition: str | None, content: str) -> bool:
        """Tell whether what is stored under another name is of the version that this run knows, as another run has recorded since."""
        partitions = None if partition is None else [partition]
        wanted = EventRecordsFilter(EventType.ASSET_MATERIALIZATION, asset_key=key, asset_partitions=partitions)
        known = self.version(key) if partition is None else self.versions(key, (partition,))[partition]
        for record in self._log.get_event_records(wanted, limit=1):
            last = _made(record).last
            return last is not None and last.content == content and last.data_version == known[0]
        return False

    def version(self, key: AssetKey) -> Version:
        """Return the present version of an asset."""
        noted = self._noted.get((key, None)) if self._noted else None
        if noted is not None:
            return noted
        found = self._found
        return (self._of(key) if found is None else found.get(key, _NOTHING)).version

    def seen_at(self, key: AssetKey, partition: str | None = None) -> float | None:
        """Return when the version of an asset outside was observed last, in seconds since 1970; None if never."""
        if partition is not None:
            self._of_partitions(key, (partition,))
            return self._seen_at.get((key, partition))
        self._of(key)
        return self._seen_at.get(key)

    def versions(self, key: AssetKey, partitions: Sequence[str]) -> Mapping[str | None, Version]:
        """Return the present version of each of these partitions."""
        found = self._of_partitions(key, partitions)
        noted = self._noted
        return {each: noted.get((key, each)) or found[each].version for each in partitions}

    def last(self, key: AssetKey, partition: str | None = None) -> LastMade | None:
        """Return how the value of an asset, or of a partition, was made last before this run; None if never."""
        if partition is not None:
            return self._of_partitions(key, (partition,))[partition].last
        found = self._found
        return (self._of(key) if found is None else found.get(key, _NOTHING)).last

    def last_of(self, key: AssetKey, partitions: Sequence[str]) -> Sequence[LastMade | None]:
        """Return how each of these partitions was made last before this run."""
        found = self._of_partitions(key, partitions)
        return [found[each].last for each in partitions]

    # -- assets --------------------------------------------------------------------------------

    def _of(self, key: AssetKey) -> Made:
        found = self._found
        if found is None:
            found = self._found = self._all()
        return found.get(key, _NOTHING)

    def _all(self) -> dict[AssetKey, Made]:
        wanted: dict[EventType, dict[int, tuple[AssetKey, float | None]]] = {}
        found: dict[AssetKey, Made] = {}
        observed: dict[AssetKey, Made] = {}
        for key, state in self._log.get_latest_of_assets(list(self._named())).items():
            made, seen = state.materialization, state.observation
            kind, number, at = EventType.ASSET_MATERIALIZATION, made, state.materialized_at
            version = state.data_version
            if seen is not None and (
                made is None or (seen > made and state.observed_version is not None and self._is_external(key))
            ):
                kind, number, at = EventType.ASSET_OBSERVATION, seen, state.observed_at
                version = state.observed_version
                if state.observed_version is not None:
                    self._seen_at[key] = at
            if number is None:
                continue
            if seen is not None and kind is EventType.ASSET_MATERIALIZATION:
                self._observed.add(key)
                if made is not None and seen > made:  # by people, or by a run that found the value damaged
                    known = self._entries.find(seen, state.observed_at, None)
                    if known is not None:
                        observed[key] = known
                    else:
                        wanted.setdefault(EventType.ASSET_OBSERVATION, {})[seen] = (key, state.observed_at)
            known = self._entries.find(number, at, version)
            if known is not None:
                found[key] = known
            else:
                wanted.setdefault(kind, {})[number] = (key, at)
        for kind, numbers in wanted.items():
            for record in self._log.get_event_records(EventRecordsFilter(kind, storage_ids=list(numbers))):
                key, at = numbers[record.storage_id]
                told = _made(record)
                (observed if kind is EventType.ASSET_OBSERVATION and key in self._observed else found)[key] = told
                self._entries.note(record.storage_id, at, told)
        for key, seen_last in observed.items():
            found[key] = _with_trouble(found.get(key, _NOTHING), seen_last)
        self._mark_refused(found, list(found))
        return found

    def _mark_refused(self, found: dict[Any, Made], keys: Iterable[Any]) -> None:
        """Mark those values whose steps failed after they had stored them."""
        made = {key: last for key in keys if (last := found[key].last) is not None and last.run_id}
        runs = {last.run_id for last in made.values()}
        refused = refused_values(self._instance, runs) if runs else ()
        for key, last in made.items() if refused else ():
            if last.storage_id in refused:
                found[key] = found[key]._replace(last=msgspec.structs.replace(last, is_refused=True))

    # -- partitions ----------------------------------------------------------------------------

    def _of_partitions(self, key: AssetKey, partitions: Sequence[str]) -> Mapping[str, Made]:
        found = self._found_partitions
        unknown = [each for each in partitions if (key, each) not in found]
        if unknown:
            for each in unknown:
                found[key, each] = _NOTHING
            for each, record in self._latest_by_partition(key, EventType.ASSET_MATERIALIZATION, unknown):
                found[key, each] = _made(record)
            if self._is_external(key):
                for each, record in self._latest_by_partition(key, EventType.ASSET_OBSERVATION, unknown):
                    before = found[key, each].version[2]
                    if _tells_version(record):
                        self._seen_at[key, each] = record.timestamp
                        if before is None or before < record.storage_id:
                            found[key, each] = _made(record)
            elif self._is_observed(key):
                for each, record in self._latest_by_partition(key, EventType.ASSET_OBSERVATION, unknown):
                    before = found[key, each].version[2]
                    if before is not None and before < record.storage_id:
                        found[key, each] = _with_trouble(found[key, each], _made(record))
            self._mark_refused(found, [(key, each) for each in unknown])
        return {each: found[key, each] for each in partitions}

    def _is_observed(self, key: AssetKey) -> bool:
        """Tell whether there are observations of an asset that the project makes."""
        self._of(key)
        return key in self._observed

    def _latest_by_partition(
        self, key: AssetKey, kind: EventType, partitions: Sequence[str]
    ) -> Iterator[tuple[str, EventLogRecord]]:
        ids = self._log.get_latest_storage_id_by_partition(key, kind, set(partitions))
        chosen = {ids[each]: each for each in partitions if each in ids}
        if chosen:
            wanted = EventRecordsFilter(kind, asset_key=key, storage_ids=sorted(chosen))
            for record in self._log.get_event_records(wanted):
                yield chosen[record.storage_id], record


def _tells_version(record: EventLogRecord) -> bool:
    event = record.asset_event
    return event is not None and data_version_of_tags(event.tags) is not None


def _made(record: EventLogRecord) -> Made:
    entry = record.event_log_entry
    event = entry.dagster_event
    data: Any = None if event is None else event.event_specific_data
    told = getattr(data, "materialization", None) or getattr(data, "asset_observation", None)
    version = told.data_version if told is not None else None
    trouble = trouble_of(told) if isinstance(told, AssetObservation) else None
    if trouble is not None:
        version = _TROUBLE + trouble
    if version is None:
        version = f"event {record.storage_id}"
    run_id = entry.run_id
    by: Version = (version, run_id or None, record.storage_id)
    if event is None or event.event_type_value != "ASSET_MATERIALIZATION":
        return Made(by, None)
    last = LastMade(
        provenance=getattr(data, "provenance", None),
        at=entry.timestamp,
        run_id=run_id,
        data_version=version,
        storage_id=record.storage_id,
        is_stored=getattr(data, "is_stored", True),
        content=getattr(data, "content", None),
        retold=_retold(told.tags) if not run_id and told is not None and told.tags else None,
    )
    return Made(by, last)


def _retold(tags: Mapping[str, str]) -> Retold | None:
    """Return what the tags of a materialization tell that no run recorded."""
    accepted = tags.get(ACCEPTED_TAG)
    made_by = tags.get(MADE_BY_RUN_TAG) or tags.get(PULLED_TAG) or ""
    if accepted is None and not made_by:
        return None  # reported by hand
    accepted_at = None
    if accepted is not None:
        accepted_at = 0.0 if accepted == "true" else datetime.fromisoformat(accepted).timestamp()  # so it was once
    return Retold(made_by=made_by, accepted_at=accepted_at, is_pulled=PULLED_TAG in tags)


def _with_trouble(made: Made, seen: Made) -> Made:
    """Return how a value was made, with what was seen of it since."""
    version, run_id, _ = seen.version
    return _troubled(made, version[len(_TROUBLE) :], run_id or "") if version.startswith(_TROUBLE) else made


def _troubled(made: Made, trouble: str, run_id: str) -> Made:
    if made.last is None:
        return made
    kind, _, names = trouble.partition(": ")
    if kind == REPLACED:
        if made.last.provenance is None:
            return made
        provenance = made_of_unknown(made.last.provenance, json.loads(names), run_id)
        return Made(made.version, msgspec.structs.replace(made.last, provenance=provenance))
    return Made(made.version, msgspec.structs.replace(made.last, trouble=trouble, found_by=run_id))


def made_of_unknown(made_from: Provenance, names: Iterable[str], run_id: str) -> Provenance:
    """
    Return what a value was made from, with versions that no run has recorded of inputs that were replaced meanwhile.

    Args:
        made_from: What was recorded, or is going to be.
        names: These inputs, as people write them.
        run_id: The run that took them.
    """
    inputs = made_from.inputs
    version = f"replaced in run {run_id[:8]}"
    unknown = {
        name: msgspec.structs.replace(inputs[name], version=version) if name in inputs else InputPart(version)
        for name in names
    }
    return msgspec.structs.replace(made_from, inputs={**inputs, **unknown})
