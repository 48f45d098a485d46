"""Entries: an event or a log line at its instant, and what a reader of another release makes of it."""

import json

import pytest

from orrery.base.errors import InvalidDefinitionError, StorageError
from orrery.base.keys import AssetKey
from orrery.base.metadata import JsonMetadataValue
from orrery.model.events import build
from orrery.model.events.build import StepRef
from orrery.model.events.checks import AssetCheckEvaluation
from orrery.model.events.entry import (
    AssetRecordsFilter,
    EventLogEntry,
    EventLogRecord,
    EventRecordsFilter,
    RunStatusChangeRecordsFilter,
    cursor_of_storage_id,
    decode_entry,
    encode_entry,
)
from orrery.model.events.event import Event, EventType
from orrery.model.events.payloads import UnknownData
from orrery.model.events.user import AssetMaterialization, AssetObservation

STEP = StepRef("j", "a", "a")
MADE = AssetMaterialization("k", metadata={"rows": 3}, partition="p", tags={"team": "x"})


def entry_of(event: Event | None, text: str = "") -> EventLogEntry:
    return EventLogEntry(None, 10, text, "r", 1.5, "a", "j", event)


def test_an_event_is_read_from_its_entry() -> None:
    entry = entry_of(build.asset_materialization(STEP, MADE))
    assert entry.is_dagster_event
    assert entry.dagster_event_type is EventType.ASSET_MATERIALIZATION
    assert entry.get_dagster_event() is entry.event is entry.dagster_event
    assert entry.asset_materialization == MADE
    assert entry.tags == {"team": "x"}
    assert entry.message == entry.user_message == "Materialized value k."


def test_a_log_line_holds_no_event() -> None:
    entry = entry_of(None, "hello")
    assert (entry.is_dagster_event, entry.dagster_event_type, entry.message) == (False, None, "hello")
    assert entry.asset_materialization is entry.asset_observation is entry.asset_check_evaluation is entry.tags is None
    with pytest.raises(InvalidDefinitionError, match="log line"):
        entry.get_dagster_event()


def test_observations_and_evaluations_are_read_from_their_entries() -> None:
    observation = AssetObservation("k")
    assert entry_of(build.asset_observation(STEP, observation)).asset_observation == observation
    evaluation = AssetCheckEvaluation(AssetKey("k"), "c", True)
    assert entry_of(build.asset_check_evaluation(STEP, evaluation)).asset_check_evaluation == evaluation


def test_a_record_knows_what_its_entry_is_about() -> None:
    record = EventLogRecord(7, entry_of(build.asset_materialization(STEP, MADE)))
    assert (record.run_id, record.timestamp, record.event_type) == ("r", 1.5, EventType.ASSET_MATERIALIZATION)
    assert (record.asset_key, record.partition_key) == (AssetKey("k"), "p")
    assert record.asset_event == record.asset_materialization == MADE


def test_the_stored_form_is_one_line_with_a_version() -> None:
    data = encode_entry(entry_of(build.step_start(STEP), "two\nlines"))
    assert data.startswith(b'{"v":1,')
    assert b"\n" not in data


def test_text_and_back() -> None:
    entry = entry_of(build.asset_materialization(STEP, MADE))
    assert EventLogEntry.from_json(entry.to_json()) == entry


def newer(change: object) -> bytes:
    """Return a stored entry as a later release might have written it."""
    plain = json.loads(encode_entry(entry_of(build.asset_materialization(STEP, MADE))))
    change(plain)
    return json.dumps(plain).encode()


def test_fields_of_a_newer_release_are_ignored() -> None:
    def change(plain: dict) -> None:
        plain["mood"] = "good"
        plain["dagster_event"]["mood"] = ["good"]
        plain["dagster_event"]["event_specific_data"]["mood"] = {"good": True}

    assert decode_entry(newer(change)) == entry_of(build.asset_materialization(STEP, MADE))


def test_an_entry_of_a_newer_version_is_read() -> None:
    assert decode_entry(newer(lambda plain: plain.update(v=2))) == entry_of(build.asset_materialization(STEP, MADE))


def test_an_entry_without_version_is_read() -> None:
    assert decode_entry(newer(lambda plain: plain.pop("v"))) == entry_of(build.asset_materialization(STEP, MADE))


def test_a_payload_of_a_newer_release_is_kept_as_it_is() -> None:
    payload = {"type": "asset_polished", "asset_key": ["k"], "metadata": {"a": {"type": "int", "value": 1}}}
    entry = decode_entry(newer(lambda plain: plain["dagster_event"].update(event_specific_data=payload)))
    kept = entry.get_dagster_event().event_specific_data
    assert kept == UnknownData("asset_polished", {"asset_key": ["k"], "metadata": {"a": {"type": "int", "value": 1}}})


def test_an_event_kind_of_a_newer_release_is_kept() -> None:
    entry = decode_entry(newer(lambda plain: plain["dagster_event"].update(event_type_value="ASSET_POLISHED")))
    assert entry.get_dagster_event().event_type_value == "ASSET_POLISHED"
    assert decode_entry(encode_entry(entry)) == entry


def test_metadata_of_a_newer_release_is_kept_as_json() -> None:
    def change(plain: dict) -> None:
        made = plain["dagster_event"]["event_specific_data"]["materialization"]
        made["metadata"]["where"] = {"type": "map", "lat": 1.5}

    made = decode_entry(newer(change)).asset_materialization
    assert made is not None
    assert made.metadata["where"] == JsonMetadataValue({"type": "map", "lat": 1.5})
    assert made.metadata["rows"].value == 3


@pytest.mark.parametrize("damaged", [b"", b"{", b"[]", b"3", b'{"v":1}', b'{"v":1,"run_id":3}', b"\xff", b"null"])
def test_a_damaged_entry_is_told(damaged: bytes) -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        decode_entry(damaged)


def test_text_that_utf8_cannot_say_survives() -> None:
    """As the name of a file may be, or what a program printed."""
    entry = EventLogEntry(None, 10, "file \udcff", "r", 1.0, "a", "j", build.asset_materialization(STEP, MADE))
    assert decode_entry(encode_entry(entry)) == entry
    encode_entry(entry).decode("ascii")


def test_odd_keys_and_names_survive() -> None:
    made = AssetMaterialization(["a/b", "..", "\x00", "😀", "é"], metadata={"\n": "\u2028"})
    entry = entry_of(build.asset_materialization(StepRef("j", "a[\"'x"), made))
    assert decode_entry(encode_entry(entry)) == entry


def test_a_filter_asks_for_a_kind() -> None:
    with pytest.raises(InvalidDefinitionError, match="EventType"):
        EventRecordsFilter("ASSET_MATERIALIZATION")


def test_only_changes_of_a_status_are_changes_of_a_status() -> None:
    assert RunStatusChangeRecordsFilter(EventType.RUN_SUCCESS).event_type is EventType.RUN_SUCCESS
    with pytest.raises(InvalidDefinitionError, match="STEP_START"):
        RunStatusChangeRecordsFilter(EventType.STEP_START)


def test_a_cursor_bounds_the_page_in_its_direction() -> None:
    cursor = cursor_of_storage_id(7)
    assert EventRecordsFilter.get_cursor_params(cursor, ascending=True) == (None, 7)
    assert EventRecordsFilter.get_cursor_params(cursor, ascending=False) == (7, None)
    assert EventRecordsFilter.get_cursor_params() == (None, None)


@pytest.mark.parametrize("cursor", ["x", "7", "e30="])
def test_what_no_page_gave_is_no_cursor(cursor: str) -> None:
    with pytest.raises(InvalidDefinitionError, match="cursor"):
        EventRecordsFilter.get_cursor_params(cursor)


def test_the_nearer_bound_holds() -> None:
    asked = AssetRecordsFilter(AssetKey("k"), after_storage_id=3, before_storage_id=9, asset_partitions=["p"])
    kind = EventType.ASSET_MATERIALIZATION
    both = asked.to_event_records_filter(kind, cursor_of_storage_id(5), ascending=True)
    assert (both.after_cursor, both.before_cursor, both.asset_partitions) == (5, 9, ["p"])
    both = asked.to_event_records_filter(kind, cursor_of_storage_id(5), ascending=False)
    assert (both.after_cursor, both.before_cursor) == (3, 5)
    changes = RunStatusChangeRecordsFilter(EventType.RUN_SUCCESS, after_storage_id=3, job_names=["j"])
    both = changes.to_event_records_filter_without_job_names(cursor_of_storage_id(2), ascending=True)
    assert (both.after_cursor, both.before_cursor) == (3, None)
