"""
The entry: an event or a line of a log, with its run and its instant; and how it is stored.

``encode_entry`` and ``decode_entry`` are the stored form: JSON with a version. Fields that a newer
release added are ignored; a payload or a metadata type that this release does not know is kept as
it is, so that nothing is lost by reading it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

import msgspec

from orrery.base.errors import InvalidDefinitionError, StorageError
from orrery.base.keys import AssetKey
from orrery.base.metadata import AnyMetadataValue
from orrery.base.records import Replaceable
from orrery.base.wire import Decoder, from_wire, to_wire
from orrery.model.events.checks import AssetCheckEvaluation
from orrery.model.events.error_info import ErrorInfo
from orrery.model.events.event import RUN_EVENTS, Event, EventType
from orrery.model.events.payloads import EventPayload
from orrery.model.events.user import AssetMaterialization, AssetObservation

__all__ = [
    "ENTRY_VERSION",
    "AssetRecordsFilter",
    "EventLogEntry",
    "EventLogRecord",
    "EventRecordsFilter",
    "EventRecordsResult",
    "RunShardedEventsCursor",
    "RunStatusChangeRecordsFilter",
    "as_known",
    "damaged",
    "decode_entry",
    "encode_entry",
    "given_text",
]

ENTRY_VERSION = 1


class _EntryRecord(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    # The fields alone. ``EventLogEntry`` puts a property over one of them, which a record cannot do itself.
    error_info: ErrorInfo | None
    level: int
    user_message: str
    run_id: str
    timestamp: float
    step_key: str | None = None
    job_name: str | None = None
    dagster_event: Event | None = None


given_text: Callable[[EventLogEntry], str] = _EntryRecord.__dict__["user_message"].__get__
"""Returns the text that an entry was made with: empty where it is to be rendered from the event."""


class EventLogEntry(_EntryRecord, frozen=True, omit_defaults=True, tag_field="v", tag=ENTRY_VERSION):
    """
    One entry of the event log of a run.

    Attributes:
        error_info: The error, where the entry is a log line about one.
        level: As in ``logging``: 10 debug, 20 info, 30 warning, 40 error, 50 critical.
        user_message: The text of a log line, or what people read of the event; rendered if it was given empty.
        run_id: The run.
        timestamp: When, in seconds since 1970 (UTC).
        step_key: The step, if one.
        job_name: The job, if known.
        dagster_event: The event; None for a log line.
    """

    @property  # type: ignore[misc]  # a property over a field: see _EntryRecord
    def user_message(self) -> str:
        """Return the text of a log line, or what people read of the event."""
        given = given_text(self)
        event = self.dagster_event
        return given if given or event is None else event.message

    @property
    def event(self) -> Event | None:
        """Return the event; None for a log line."""
        return self.dagster_event

    @property
    def is_dagster_event(self) -> bool:
        """Tell whether it is an event and not a log line."""
        return self.dagster_event is not None

    def get_dagster_event(self) -> Event:
        """
        Return the event.

        Raises:
            InvalidDefinitionError: It is a log line.
        """
        if self.dagster_event is None:
            raise InvalidDefinitionError(
                "This entry is a log line and holds no event.", mend="ask entry.is_dagster_event first."
            )
        return self.dagster_event

    @property
    def dagster_event_type(self) -> EventType | None:
        """Return the kind of the event; None for a log line."""
        return None if self.dagster_event is None else self.dagster_event.event_type

    @property
    def message(self) -> str:
        """Return what people read."""
        return self.user_message

    @property
    def asset_materialization(self) -> AssetMaterialization | None:
        """Return what was made, if the event says so."""
        event = self.dagster_event
        return event.materialization if event is not None and event.is_step_materialization else None

    @property
    def asset_observation(self) -> AssetObservation | None:
        """Return what was observed, if the event says so."""
        event = self.dagster_event
        if event is None or not event.is_asset_observation:
            return None
        return event.asset_observation_data.asset_observation

    @property
    def asset_check_evaluation(self) -> AssetCheckEvaluation | None:
        """Return what a check found, if the event says so."""
        event = self.dagster_event
        if event is None or not event.is_asset_check_evaluation:
            return None
        return event.asset_check_evaluation_data

    @property
    def tags(self) -> Mapping[str, str] | None:
        """Return the tags of what was made or observed, if the event says so."""
        made = self.asset_materialization or self.asset_observation
        return None if made is None else made.tags

    def to_json(self) -> str:
        """Return the stored form as text."""
        return encode_entry(self).decode()

    @staticmethod
    def from_json(json_str: str) -> EventLogEntry:
        """Return the entry that ``to_json`` wrote."""
        return decode_entry(json_str.encode())


class EventLogRecord(msgspec.Struct, frozen=True, gc=False):
    """
    A stored entry.

    Attributes:
        storage_id: Its row: grows with every entry, and is the cursor.
        event_log_entry: The entry.
    """

    storage_id: int
    event_log_entry: EventLogEntry

    @property
    def run_id(self) -> str:
        """Return the run."""
        return self.event_log_entry.run_id

    @property
    def timestamp(self) -> float:
        """Return when, in seconds since 1970 (UTC)."""
        return self.event_log_entry.timestamp

    @property
    def event_type(self) -> EventType | None:
        """Return the kind of the event; None for a log line."""
        return self.event_log_entry.dagster_event_type

    @property
    def asset_key(self) -> AssetKey | None:
        """Return the asset that the event is about, if one."""
        event = self.event_log_entry.dagster_event
        return None if event is None else event.asset_key

    @property
    def partition_key(self) -> str | None:
        """Return the partition that the event is about, if one."""
        event = self.event_log_entry.dagster_event
        return None if event is None else event.partition

    @property
    def asset_materialization(self) -> AssetMaterialization | None:
        """Return what was made, if the event says so."""
        return self.event_log_entry.asset_materialization

    @property
    def asset_observation(self) -> AssetObservation | None:
        """Return what was observed, if the event says so."""
        return self.event_log_entry.asset_observation

    @property
    def asset_event(self) -> AssetMaterialization | AssetObservation | None:
        """Return what was made or observed, if the event says so."""
        return self.asset_materialization or self.asset_observation


class EventRecordsResult(msgspec.Struct, frozen=True, gc=False):
    """
    One page of records.

    Attributes:
        records: The records.
        cursor: Where the next page begins.
        has_more: Whether there is one.
    """

    records: Sequence[EventLogRecord]
    cursor: str
    has_more: bool


class RunShardedEventsCursor(msgspec.Struct, frozen=True, gc=False):
    """
    A cursor for storages that keep each run's events apart.

    Attributes:
        id: The row within its run.
        run_updated_after: Only runs that changed after this instant.
    """

    id: int
    run_updated_after: Any


def _checked_type(value: object, noun: str) -> None:
    if not isinstance(value, EventType):
        raise InvalidDefinitionError(
            f"'event_type' of {noun} is an EventType, not {value!r} ({type(value).__name__}).",
            mend="write EventType.ASSET_MATERIALIZATION or another kind.",
        )


class EventRecordsFilter(Replaceable, msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """
    Which records of the event log are asked for.

    Attributes:
        event_type: Their kind.
        asset_key: Of this asset.
        asset_partitions: Of these partitions.
        after_cursor: After this row.
        before_cursor: Before this row.
        after_timestamp: After this instant, in seconds since 1970 (UTC).
        before_timestamp: Before this instant.
        storage_ids: Of these rows.
    """

    event_type: EventType
    asset_key: AssetKey | None = None
    asset_partitions: Sequence[str] | None = None
    after_cursor: int | RunShardedEventsCursor | None = None
    before_cursor: int | RunShardedEventsCursor | None = None
    after_timestamp: float | None = None
    before_timestamp: float | None = None
    storage_ids: Sequence[int] | None = None

    def __post_init__(self) -> None:
        _checked_type(self.event_type, "EventRecordsFilter")

    @property
    def tags(self) -> Mapping[str, str] | None:
        """Return the tags asked for: none can be."""
        return None

    @staticmethod
    def get_cursor_params(cursor: str | None = None, ascending: bool = False) -> tuple[int | None, int | None]:
        """
        Return the rows (before, after) between which the page lies that *cursor* tells.

        Args:
            cursor: As a page of records gave it.
            ascending: Whether the pages go from old to new.
        """
        if not cursor:
            return None, None
        storage_id = storage_id_of_cursor(cursor)
        return (None, storage_id) if ascending else (storage_id, None)


def storage_id_of_cursor(cursor: str) -> int:
    """
    Return the row that a page's cursor names.

    Raises:
        InvalidDefinitionError: It is no such cursor.
    """
    try:
        return int(json.loads(base64.b64decode(cursor, validate=True))["storage_id"])
    except (ValueError, KeyError, TypeError):
        raise InvalidDefinitionError(
            f"{cursor!r} is no cursor of a page of records.", mend="give the cursor that the last page gave."
        ) from None


def cursor_of_storage_id(storage_id: int) -> str:
    """Return the cursor that names a row."""
    return base64.b64encode(json.dumps({"storage_id": storage_id}).encode()).decode()


class AssetRecordsFilter(Replaceable, msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """
    Which records of one asset are asked for.

    Attributes:
        asset_key: The asset.
        asset_partitions: Of these partitions.
        after_timestamp: After this instant, in seconds since 1970 (UTC).
        before_timestamp: Before this instant.
        after_storage_id: After this row.
        before_storage_id: Before this row.
        storage_ids: Of these rows.
    """

    asset_key: AssetKey
    asset_partitions: Sequence[str] | None = None
    after_timestamp: float | None = None
    before_timestamp: float | None = None
    after_storage_id: int | None = None
    before_storage_id: int | None = None
    storage_ids: Sequence[int] | None = None

    @property
    def tags(self) -> Mapping[str, str] | None:
        """Return the tags asked for: none can be."""
        return None

    def to_event_records_filter(
        self, event_type: EventType, cursor: str | None = None, ascending: bool = False
    ) -> EventRecordsFilter:
        """Return the filter for records of one kind, from where *cursor* tells."""
        before, after = EventRecordsFilter.get_cursor_params(cursor, ascending)
        return EventRecordsFilter(
            event_type,
            asset_key=self.asset_key,
            asset_partitions=self.asset_partitions,
            after_cursor=_largest(self.after_storage_id, after),
            before_cursor=_smallest(self.before_storage_id, before),
            after_timestamp=self.after_timestamp,
            before_timestamp=self.before_timestamp,
            storage_ids=self.storage_ids,
        )


class RunStatusChangeRecordsFilter(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """
    Which changes of the status of runs are asked for.

    Attributes:
        event_type: The kind of change.
        after_timestamp: After this instant, in seconds since 1970 (UTC).
        before_timestamp: Before this instant.
        after_storage_id: After this row.
        before_storage_id: Before this row.
        storage_ids: Of these rows.
        job_names: Of runs of these jobs.
    """

    event_type: EventType
    after_timestamp: float | None = None
    before_timestamp: float | None = None
    after_storage_id: int | None = None
    before_storage_id: int | None = None
    storage_ids: Sequence[int] | None = None
    job_names: Sequence[str] | None = None

    def __post_init__(self) -> None:
        _checked_type(self.event_type, "RunStatusChangeRecordsFilter")
        if self.event_type.value not in RUN_EVENTS:
            raise InvalidDefinitionError(
                f"{self.event_type.name} does not change the status of a run.",
                mend="write EventType.RUN_SUCCESS, RUN_FAILURE or another kind of event about a run.",
            )

    def to_event_records_filter_without_job_names(
        self, cursor: str | None = None, ascending: bool = False
    ) -> EventRecordsFilter:
        """Return the filter for records of any job, from where *cursor* tells."""
        before, after = EventRecordsFilter.get_cursor_params(cursor, ascending)
        return EventRecordsFilter(
            self.event_type,
            after_cursor=_largest(self.after_storage_id, after),
            before_cursor=_smallest(self.before_storage_id, before),
            after_timestamp=self.after_timestamp,
            before_timestamp=self.before_timestamp,
            storage_ids=self.storage_ids,
        )


def _largest(*ids: int | None) -> int | None:
    return max((number for number in ids if number is not None), default=None)


def _smallest(*ids: int | None) -> int | None:
    return min((number for number in ids if number is not None), default=None)


# -- the stored form -----------------------------------------------------------------------------


_encoder = msgspec.json.Encoder(enc_hook=to_wire)
_decoder = Decoder(EventLogEntry)


def encode_entry(entry: EventLogEntry) -> bytes:
    """
    Return the stored form of *entry*: one line of JSON in UTF-8.

    Text that UTF-8 cannot say (lone surrogates, as in the names of some files) is escaped.
    """
    try:
        return _encoder.encode(entry)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(entry, enc_hook=to_wire), separators=(",", ":")).encode()


def decode_entry(data: bytes | str) -> EventLogEntry:
    """
    Return the entry that ``encode_entry`` wrote, in this release or another.

    Raises:
        StorageError: *data* is no such form.
    """
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_other(data)


def _decode_other(data: bytes | str) -> EventLogEntry:
    """Return the entry that a newer release wrote, or that holds text which UTF-8 cannot say."""
    try:
        return msgspec.convert(as_known(json.loads(data)), EventLogEntry, dec_hook=from_wire)
    except (ValueError, msgspec.ValidationError) as error:
        raise damaged(error) from error


def damaged(error: Exception) -> StorageError:
    """Return the error that tells of a stored entry which cannot be read."""
    return StorageError(
        f"A stored event cannot be read: {error}.",
        mend="restore the records from a copy, or wipe the run that holds it.",
    )


def _tags(union: Any) -> frozenset[str]:
    return frozenset(str(kind.__struct_config__.tag) for kind in get_args(union))


_METADATA_TAGS = _tags(AnyMetadataValue)
_PAYLOAD_TAGS = _tags(EventPayload)


def as_known(value: Any, name: str = "") -> Any:
    """Return a decoded entry of a newer release with what is unknown here wrapped in what is known."""
    if isinstance(value, list):
        return [as_known(item) for item in value]
    if not isinstance(value, dict):
        return value
    if name == "metadata":
        return {
            key: item
            if isinstance(item, dict) and item.get("type") in _METADATA_TAGS
            else {"type": "json", "data": item}
            for key, item in value.items()
        }
    if name == "event_specific_data" and value.get("type") not in _PAYLOAD_TAGS:
        kind = str(value.get("type"))
        return {"type": "unknown", "kind": kind, "data": {key: item for key, item in value.items() if key != "type"}}
    known = {key: as_known(item, key) for key, item in value.items()}
    if "v" in known and "run_id" in known:
        known["v"] = ENTRY_VERSION
    return known
