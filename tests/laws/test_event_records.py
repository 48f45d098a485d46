"""Laws of events and what follows from them: stored forms give back what was stored; folds do not care for luck."""

import math
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orrery.base.keys import AssetKey
from orrery.base.metadata import MetadataValue, normalize_metadata
from orrery.model.events import build
from orrery.model.events.build import StepRef
from orrery.model.events.checks import AssetCheckEvaluation, AssetCheckSeverity
from orrery.model.events.compact import pack_entry, unpack_entry
from orrery.model.events.entry import EventLogEntry, EventLogRecord, decode_entry, encode_entry
from orrery.model.events.error_info import ErrorFrame, ErrorInfo, error_info_from_exception
from orrery.model.events.event import Event, EventType
from orrery.model.events.user import AssetMaterialization, AssetObservation
from orrery.model.records.asset import fold_all
from orrery.model.records.run import FINISHED_STATUSES, Run, RunStatus, decode_run, encode_run
from orrery.model.records.run_status import status_after

TEXT = st.text(st.characters(), max_size=20)  # with lone surrogates
KEYS = st.lists(TEXT, min_size=1, max_size=3).map(AssetKey)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
METADATA = st.dictionaries(
    TEXT,
    st.one_of(
        TEXT.map(MetadataValue.text),
        st.integers().map(MetadataValue.int),
        st.floats(allow_nan=False).map(MetadataValue.float),
        st.booleans().map(MetadataValue.bool),
        JSON.map(MetadataValue.json),
        KEYS.map(MetadataValue.asset),
        TEXT.map(MetadataValue.md),
        st.just(MetadataValue.null()),
    ),
    max_size=3,
)
PARTITIONS = st.none() | TEXT
STEPS = st.builds(StepRef, TEXT, TEXT, st.none() | TEXT)
FRAMES = st.builds(ErrorFrame, TEXT, st.integers(0, 10**6), TEXT, TEXT, st.booleans())
ERRORS = st.recursive(
    st.builds(ErrorInfo, TEXT, st.lists(FRAMES, max_size=2).map(tuple), TEXT),
    lambda inner: st.builds(ErrorInfo, TEXT, st.just(()), TEXT, cause=inner, members=st.lists(inner).map(tuple)),
    max_leaves=3,
)
EVALUATIONS = st.builds(
    AssetCheckEvaluation,
    KEYS,
    TEXT,
    st.booleans(),
    METADATA,
    st.none(),
    st.sampled_from(AssetCheckSeverity),
    st.none() | TEXT,
    st.booleans(),
    PARTITIONS,
)
EVENTS = st.one_of(
    st.builds(build.step_start, STEPS),
    st.builds(build.step_output, STEPS, TEXT, mapping_key=st.none() | TEXT, metadata=METADATA),
    st.builds(build.handled_output, STEPS, TEXT, TEXT, metadata=METADATA),
    st.builds(build.step_success, STEPS, st.floats(0, 1e9)),
    st.builds(build.step_failed, STEPS, ERRORS),
    st.builds(build.step_skipped, STEPS, st.none() | TEXT, st.lists(TEXT, max_size=2)),
    st.builds(
        build.asset_materialization,
        STEPS,
        st.builds(AssetMaterialization, KEYS, st.none() | TEXT, METADATA, PARTITIONS),
    ),
    st.builds(build.asset_observation, STEPS, st.builds(AssetObservation, KEYS, st.none() | TEXT, METADATA)),
    st.builds(build.asset_check_evaluation, STEPS, EVALUATIONS),
    st.builds(build.asset_materialization_planned, TEXT, TEXT, KEYS, PARTITIONS),
    st.builds(build.run_failed, TEXT, ERRORS, context_message=st.none() | TEXT),
    st.builds(build.engine_event, TEXT, TEXT),
)
ENTRIES = st.builds(
    EventLogEntry,
    st.none() | ERRORS,
    st.sampled_from([10, 20, 30, 40, 50]),
    TEXT,
    TEXT,
    st.floats(0, 1e11),
    st.none() | TEXT,
    st.none() | TEXT,
    st.none() | EVENTS,
)


@given(ENTRIES)
def test_an_entry_that_was_stored_is_read_back(entry: EventLogEntry) -> None:
    assert decode_entry(encode_entry(entry)) == entry


@given(ENTRIES)
def test_storing_what_was_read_back_gives_the_same_bytes(entry: EventLogEntry) -> None:
    data = encode_entry(entry)
    assert encode_entry(decode_entry(data)) == data


@given(ENTRIES)
def test_an_entry_in_the_compact_form_is_read_back(entry: EventLogEntry) -> None:
    """With what stands beside it, and nothing else."""
    event = entry.dagster_event
    kind = None if event is None else event.event_type_value
    assert unpack_entry(pack_entry(entry), kind, entry.run_id, entry.timestamp) == entry
    assert unpack_entry(encode_entry(entry), kind, "", 0.0) == entry


@given(EVENTS)
def test_every_event_can_be_read_by_people(event: Event) -> None:
    assert isinstance(event.message, str)


@given(METADATA)
def test_metadata_is_normal_once_it_is_normal(metadata: dict[str, MetadataValue]) -> None:
    assert normalize_metadata(metadata) == metadata


@given(JSON)
def test_json_metadata_says_what_it_was_given(data: object) -> None:
    assert MetadataValue.json(data).data == data


@given(st.floats())
def test_no_number_is_lost(number: float) -> None:
    entry = EventLogEntry(None, 10, "", "r", 0.0)
    event = build.handled_output(StepRef("j", "s"), "o", "m", metadata=normalize_metadata({"n": number}))
    stored = decode_entry(encode_entry(msgspec.structs.replace(entry, dagster_event=event)))
    back = stored.get_dagster_event().handled_output_data.metadata["n"].value
    assert back == number or (math.isnan(back) and math.isnan(number))


@given(
    st.builds(
        Run,
        TEXT,
        TEXT,
        run_config=st.dictionaries(TEXT, JSON, max_size=2),
        asset_selection=st.none() | st.frozensets(KEYS, max_size=3),
        step_keys_to_execute=st.none() | st.lists(TEXT, max_size=3),
        status=st.sampled_from(RunStatus),
        tags=st.dictionaries(TEXT, TEXT, max_size=3),
    )
)
def test_a_run_that_was_stored_is_read_back(run: Run) -> None:
    assert decode_run(encode_run(run)) == run


@given(st.sampled_from(RunStatus), st.lists(st.sampled_from(EventType), max_size=10))
def test_a_run_ends_once(status: RunStatus, events: list[EventType]) -> None:
    ends = 0
    for event in events:
        after = status_after(status, event)
        if after is not None:
            assert after is not status
            ends += after in FINISHED_STATUSES
            status = after
    assert ends <= 1


def asset_records() -> st.SearchStrategy[list[EventLogRecord]]:
    step, keys = StepRef("j", "s"), st.sampled_from([AssetKey("a"), AssetKey("b")])
    events = st.one_of(
        st.builds(lambda key: build.asset_materialization(step, AssetMaterialization(key)), keys),
        st.builds(lambda key: build.asset_observation(step, AssetObservation(key)), keys),
        st.builds(lambda key: build.asset_materialization_planned("j", "s", key), keys),
        st.builds(
            lambda key, passed: build.asset_check_evaluation(step, AssetCheckEvaluation(key, "c", passed)),
            keys,
            st.booleans(),
        ),
        st.builds(lambda key: build.asset_check_evaluation_planned("j", "s", key, "c"), keys),
        st.builds(build.asset_wiped, keys),
    )
    return st.lists(events, max_size=8).map(
        lambda found: [
            EventLogRecord(row, EventLogEntry(None, 10, "", f"r{row}", float(row), dagster_event=event))
            for row, event in enumerate(found, 1)
        ]
    )


@given(asset_records(), st.randoms(use_true_random=False))
def test_the_state_of_an_asset_does_not_depend_on_the_order_in_which_events_come(
    records: list[EventLogRecord], chance: random.Random
) -> None:
    shuffled = list(records)
    chance.shuffle(shuffled)
    assert fold_all(shuffled) == fold_all(records)


@given(asset_records())
def test_folding_an_event_twice_is_folding_it_once(records: list[EventLogRecord]) -> None:
    assert fold_all([*records, *records]) == fold_all(records)


@pytest.mark.parametrize("depth", [0, 1, 5])
@given(text=st.text(alphabet=st.characters(), max_size=30))
def test_no_exception_is_too_odd_for_a_record(depth: int, text: str) -> None:
    error: BaseException = ValueError(text)
    for _ in range(depth):
        error = ExceptionGroup(text, [error]) if isinstance(error, Exception) else error
    entry = EventLogEntry(error_info_from_exception(error), 40, "", "r", 0.0)
    assert decode_entry(encode_entry(entry)).error_info is not None
