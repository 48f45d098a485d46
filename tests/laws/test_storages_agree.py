"""Memory, SQLite and PostgreSQL give one answer to every question, whatever was stored in whatever batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orrery.adapters.storage.memory import MemoryStorage
from orrery.adapters.storage.postgres import PostgresStorage
from orrery.adapters.storage.sql.storage import SqlStorage
from orrery.adapters.storage.sqlite import SqliteStorage
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.base.tags import DATA_VERSION_TAG
from orrery.model.events import build
from orrery.model.events.entry import EventLogEntry, EventRecordsFilter
from orrery.model.events.event import Event, EventType
from orrery.model.records.run import Run, RunsFilter, RunStatus
from orrery.testing.conformance.samples import (
    entry_of,
    evaluated,
    failed_to_materialize,
    line,
    materialized,
    observed,
    planned,
)
from orrery.testing.postgres import PostgresServer

ASSETS = ["a", "b/c", "A"]
PARTITIONS = [None, "x", "y\0\x1a0"]
RUNS = ["run-1", "run-2", "run-3"]
KINDS = [
    EventType.ASSET_MATERIALIZATION,
    EventType.ASSET_MATERIALIZATION_PLANNED,
    EventType.ASSET_OBSERVATION,
    EventType.ASSET_FAILED_TO_MATERIALIZE,
    EventType.RUN_SUCCESS,
]
CHECKS = [AssetCheckKey(key, name) for key in ASSETS for name in ("one", "two")]


def _succeeded(step: build.StepRef) -> Event:
    return build.step_success(step, 5.0)


def _restarted(step: build.StepRef) -> Event:
    return build.step_restarted(step, 1)


def _made(key: str, run_id: str, *, partition: str | None, at: float) -> EventLogEntry:
    tags = {DATA_VERSION_TAG: f"d{at}"} if at > 2 else None
    return materialized(key, run_id, partition=partition, at=at, tags=tags)


about_assets = st.builds(
    lambda make, key, run_id, partition, at: make(key, run_id, partition=partition, at=at),
    st.sampled_from([_made, observed, planned, failed_to_materialize]),
    st.sampled_from(ASSETS),
    st.sampled_from(RUNS),
    st.sampled_from(PARTITIONS),
    st.integers(1, 5).map(float),
)
about_runs = st.builds(
    lambda make, run_id, at: entry_of(make("job"), run_id, at),
    st.sampled_from([build.run_started, build.run_succeeded, build.run_canceling, build.run_canceled]),
    st.sampled_from(RUNS),
    st.integers(1, 5).map(float),
)
about_checks = st.builds(
    lambda key, name, run_id, passed: evaluated(key, name, run_id, passed=passed),
    st.sampled_from(ASSETS),
    st.sampled_from(["one", "two"]),
    st.sampled_from(RUNS),
    st.booleans(),
)
about_steps = st.builds(
    lambda make, step_key, run_id, at: entry_of(make(build.StepRef("job", step_key)), run_id, at),
    st.sampled_from([build.step_start, _restarted, build.step_skipped, _succeeded]),
    st.sampled_from(["one", "two"]),
    st.sampled_from(RUNS),
    st.integers(1, 5).map(float),
)
lines = st.builds(line, st.text(st.characters(codec="utf-8")), st.sampled_from(RUNS))
batches = st.lists(st.one_of(about_assets, about_runs, about_checks, about_steps, lines), max_size=6)
actions = st.lists(
    st.one_of(
        batches.map(lambda batch: ("store", batch)),
        st.sampled_from(RUNS).map(lambda run_id: ("delete", run_id)),
        st.sampled_from(ASSETS).map(lambda key: ("wipe", key)),
        st.sampled_from(ASSETS).map(lambda key: ("wipe partitions", key)),
        st.sampled_from(RUNS).map(lambda run_id: ("tag", run_id)),
    ),
    max_size=8,
)


def do(storage: Any, action: tuple[str, Any]) -> None:
    match action:
        case "store", batch:
            storage.store_entries(batch)
        case "delete", run_id:
            storage.delete_events(run_id)
        case "wipe", key:
            storage.wipe_asset(AssetKey(key))
        case "wipe partitions", key:
            storage.wipe_asset_partitions(AssetKey(key), ["x"])
        case "tag", run_id:
            storage.add_run_tags(run_id, {"k": "v"})


def answers(storage: Any) -> list[Any]:
    """Everything that can be asked, without what the clock says."""
    told: list[Any] = [storage.get_maximum_record_id(), storage.get_asset_keys()]
    for run_id in RUNS:
        told.append(storage.get_records_for_run(run_id, limit=5))
        told.append(storage.get_records_for_run(run_id, ascending=False, of_type=set(KINDS)))
    for kind in KINDS:
        told.append(storage.get_event_records(EventRecordsFilter(kind), limit=4))
        told.append(storage.get_event_records(EventRecordsFilter(kind, after_timestamp=2.0), ascending=True))
        for key in map(AssetKey, ASSETS):
            wanted = EventRecordsFilter(kind, asset_key=key, asset_partitions=["x"], before_cursor=40)
            told.append(storage.get_event_records(wanted))
            told.append(storage.get_latest_storage_id_by_partition(key, kind))
    for key in map(AssetKey, ASSETS):
        told += [storage.get_planned_partitions(key), storage.get_failed_partitions(key)]
        states = storage.get_partition_states(key)
        told.append({partition: flags for partition, flags in zip(states.keys, states.flags, strict=True) if flags})
        told += [storage.get_latest_of_partitions(key), storage.get_latest_of_partitions(key, {"x"})]
        told += [storage.has_asset_key(key), storage.get_materialized_partitions(key, after_cursor=30)]
    for state in storage.get_asset_states():
        told.append((state.asset_key, state.last_run_id, state.last_materialization, state.last_observation))
        told.append((state.last_planned, state.last_failed))
    told.append(storage.get_latest_of_assets([AssetKey(key) for key in ASSETS]))
    told += [list(storage.get_step_states(run_id)) for run_id in RUNS]
    told.append(storage.get_check_states(CHECKS))
    told.extend(storage.get_check_evaluations(check, 3) for check in CHECKS)
    for filters in (None, RunsFilter(statuses=[RunStatus.SUCCESS]), RunsFilter(tags={"k": "v"})):
        for record in storage.get_run_records(filters, order_by="start_time"):
            told.append((record.dagster_run, record.start_time, record.end_time))
    return told


class Pair(NamedTuple):
    model: MemoryStorage
    other: SqlStorage


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """One pair for all examples, wiped before each: storage ids go on in both."""
    storage = SqliteStorage(str(tmp_path_factory.mktemp("law") / "orrery.db"))
    yield Pair(MemoryStorage(), storage)
    storage.dispose()


@pytest.fixture(scope="module")
def postgres(postgres_server: PostgresServer) -> Iterator[Pair]:
    """The same with PostgreSQL."""
    url = postgres_server.new_database()
    storage = PostgresStorage(url)
    yield Pair(MemoryStorage(), storage)
    storage.dispose()
    postgres_server.drop_database(url)


def compare(pair: Pair, steps: list[tuple[str, Any]]) -> None:
    for storage in pair:
        storage.wipe()
        for run_id in RUNS:
            storage.add_run(Run(job_name="job", run_id=run_id))
        for step in steps:
            do(storage, step)
    assert answers(pair.model) == answers(pair.other)


@settings(max_examples=50, deadline=None)
@given(steps=actions)
def test_memory_and_sqlite_agree(sqlite: Pair, steps: list[tuple[str, Any]]) -> None:
    """The one is the model of the other."""
    compare(sqlite, steps)


@settings(max_examples=20, deadline=None)
@given(steps=actions)
def test_memory_and_postgresql_agree(postgres: Pair, steps: list[tuple[str, Any]]) -> None:
    """The same schema over another database."""
    compare(postgres, steps)


def test_an_answer_is_more_than_nothing() -> None:
    """The comparison would notice a difference."""
    storage = MemoryStorage()
    before = answers(storage)
    entry: EventLogEntry = materialized("a")
    storage.store_entries([entry])
    assert answers(storage) != before
