"""
What every storage of runs must do, together with its event log.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

import msgspec
import pytest

from orrery.base.errors import InvalidDefinitionError, RunAlreadyExistsError, RunNotFoundError
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.base.tags import BACKFILL_ID_TAG
from orrery.model.events import build
from orrery.model.records.run import Run, RunsFilter, RunStatus
from orrery.runtime.ports.event_log import EventLogStorage
from orrery.runtime.ports.runs import RunStorage
from orrery.runtime.ports.schedules import InstigatorRow, ScheduleStorage, TickRow
from orrery.testing.conformance.samples import JOB, entry_of

__all__ = ["RunsSuite", "SchedulesSuite"]


class Records(EventLogStorage, RunStorage, Protocol):
    """An event log and runs in one, as they are stored together."""


def _add(storage: Records, *run_ids: str, **fields: object) -> None:
    for run_id in run_ids:
        storage.add_run(msgspec.convert({"job_name": JOB, "run_id": run_id, **fields}, Run))


def _ids(storage: Records, *, ascending: bool = False, limit: int | None = None, **fields: object) -> list[str]:
    wanted = RunsFilter(**fields)  # type: ignore[arg-type]  # the fields of the case
    return [record.dagster_run.run_id for record in storage.get_run_records(wanted, limit, ascending=ascending)]


class RunsSuite:
    """Subclass it with a fixture ``storage`` that gives an empty storage and disposes of it."""

    def test_a_run_comes_back_equal(self, storage: Records) -> None:
        """With everything that was asked for."""
        run = Run(
            job_name=JOB,
            run_id="run-1",
            run_config={"ops": {"a": {"config": [1, 2.5, None, "x"]}}},
            tags={"team": "data", "orrery/priority": "1"},
            asset_selection=frozenset({AssetKey(["a", "b"])}),
            asset_check_selection=frozenset({AssetCheckKey("a", "unique")}),
            step_keys_to_execute=["a", "b"],
            root_run_id="run-0",
            parent_run_id="run-0",
        )
        storage.add_run(run)
        (record,) = storage.get_run_records()
        assert record.dagster_run == run
        assert record.create_timestamp.tzinfo is not None
        assert (record.start_time, record.end_time) == (None, None)

    def test_a_run_that_ended_is_told_as_it_stood(self, storage: Records) -> None:
        """With the tags that it got meanwhile; also when others have ended since, or when it has not ended."""
        _add(storage, "run-1", "run-2", "run-3")
        storage.add_run_tags("run-1", {"team": "data"})
        storage.store_entries([entry_of(build.run_started(JOB), f"run-{number}") for number in (1, 2)])
        storage.store_entries([entry_of(build.run_succeeded(JOB), "run-1")])
        ended = storage.get_ended_run("run-1")
        assert ended == storage.get_run_records(RunsFilter(run_ids=["run-1"]))[0].dagster_run
        assert ended is not None
        assert (ended.status, ended.tags) == (RunStatus.SUCCESS, {"team": "data"})
        storage.store_entries([entry_of(build.run_failed(JOB), f"run-{number}") for number in (2, 3)])
        for run_id in ("run-1", "run-2", "run-3"):
            assert storage.get_ended_run(run_id) == storage.get_run_records(RunsFilter(run_ids=[run_id]))[0].dagster_run
        _add(storage, "run-4")
        fresh = storage.get_ended_run("run-4")
        assert fresh is not None
        assert fresh.status is RunStatus.NOT_STARTED
        assert storage.get_ended_run("run-5") is None

    def test_one_id_is_one_run(self, storage: Records) -> None:
        """A second is refused and the first stays."""
        _add(storage, "run-1")
        with pytest.raises(RunAlreadyExistsError, match="run-1"):
            _add(storage, "run-1", tags={"a": "b"})
        assert storage.has_run("run-1")
        assert not storage.has_run("run-2")
        assert storage.get_run_records()[0].dagster_run.tags == {}

    def test_the_status_follows_the_events(self, storage: Records) -> None:
        """With the instants of start and end; what comes late changes nothing."""
        _add(storage, "run-1", "run-2")
        storage.store_entries([entry_of(build.run_started(JOB), at=10.0)])
        (record,) = storage.get_run_records(RunsFilter(run_ids=["run-1"]))
        assert (record.dagster_run.status, record.start_time, record.end_time) == (RunStatus.STARTED, 10.0, None)
        storage.store_entries([entry_of(build.run_succeeded(JOB), at=20.0), entry_of(build.run_started(JOB), at=30.0)])
        (record,) = storage.get_run_records(RunsFilter(run_ids=["run-1"]))
        assert (record.dagster_run.status, record.start_time, record.end_time) == (RunStatus.SUCCESS, 10.0, 20.0)
        (other,) = storage.get_run_records(RunsFilter(run_ids=["run-2"]))
        assert other.dagster_run.status is RunStatus.NOT_STARTED

    def test_a_clock_that_is_set_back_makes_no_run_end_before_it_began(self, storage: Records) -> None:
        """Nor a step; the order is that of storing."""
        _add(storage, "run-1")
        step = build.StepRef(JOB, "one")
        storage.store_entries(
            [entry_of(build.run_started(JOB), at=10_000.0), entry_of(build.step_start(step), at=10_000.0)]
        )
        storage.store_entries([entry_of(build.step_success(step, 5.0), at=6_400.0)])
        storage.store_entries([entry_of(build.run_succeeded(JOB), at=6_400.0)])
        (record,) = storage.get_run_records()
        assert (record.start_time, record.end_time) == (10_000.0, 10_000.0)
        (state,) = storage.get_step_states("run-1")
        assert (state.start_time, state.end_time) == (10_000.0, 10_000.0)
        kinds = [entry.event_log_entry.timestamp for entry in storage.get_records_for_run("run-1").records]
        assert kinds == [10_000.0, 10_000.0, 6_400.0, 6_400.0]

    def test_events_of_an_unknown_run_are_kept(self, storage: Records) -> None:
        """They change no run."""
        storage.store_entries([entry_of(build.run_started(JOB), "ghost")])
        assert len(storage.get_records_for_run("ghost").records) == 1
        assert storage.get_runs_count() == 0

    def test_runs_are_listed_newest_first_and_by_page(self, storage: Records) -> None:
        """The cursor is the id of a run."""
        _add(storage, "run-1", "run-2", "run-3")
        assert _ids(storage) == ["run-3", "run-2", "run-1"]
        assert _ids(storage, ascending=True, limit=2) == ["run-1", "run-2"]
        after = storage.get_run_records(cursor="run-2")
        assert [record.dagster_run.run_id for record in after] == ["run-1"]

    def test_nothing_follows_a_run_that_is_not_there(self, storage: Records) -> None:
        """As one that was deleted since the last page: the list does not begin anew."""
        _add(storage, "run-1", "run-2", "run-3")
        storage.delete_run("run-2")
        assert not storage.get_run_records(cursor="run-2")
        assert not storage.get_run_records(cursor="run-2", order_by="start_time", ascending=True)

    def test_runs_are_ordered_by_an_instant(self, storage: Records) -> None:
        """Those without it stand at the beginning."""
        _add(storage, "run-1", "run-2", "run-3")
        storage.store_entries([entry_of(build.run_started(JOB), "run-2", at=20.0)])
        storage.store_entries([entry_of(build.run_started(JOB), "run-1", at=30.0)])
        by_start = storage.get_run_records(order_by="start_time", ascending=True)
        assert [record.dagster_run.run_id for record in by_start] == ["run-3", "run-2", "run-1"]
        page = storage.get_run_records(order_by="start_time", cursor="run-1")
        assert [record.dagster_run.run_id for record in page] == ["run-2", "run-3"]

    def test_runs_are_filtered(self, storage: Records) -> None:
        """By id, job, status, tags and instants, all together."""
        _add(storage, "run-1", tags={"team": "data", "kind": "x"})
        _add(storage, "run-2", tags={"team": "web"}, job_name="other")
        _add(storage, "run-3", tags={"team": "data", BACKFILL_ID_TAG: "b"})
        storage.store_entries([entry_of(build.run_started(JOB), "run-3")])
        assert _ids(storage, run_ids=["run-1", "run-2", "none"]) == ["run-2", "run-1"]
        assert _ids(storage, job_name="other") == ["run-2"]
        assert _ids(storage, statuses=[RunStatus.STARTED, RunStatus.FAILURE]) == ["run-3"]
        assert _ids(storage, tags={"team": "data"}) == ["run-3", "run-1"]
        assert _ids(storage, tags={"team": ["data", "web"], "kind": "x"}) == ["run-1"]
        assert _ids(storage, tags={"team": "data"}, statuses=[RunStatus.NOT_STARTED]) == ["run-1"]
        assert _ids(storage, exclude_subruns=True) == ["run-2", "run-1"]
        created = storage.get_run_records(RunsFilter(run_ids=["run-2"]))[0].create_timestamp
        assert "run-2" not in _ids(storage, created_after=created)
        assert "run-2" in _ids(storage, created_before=created + timedelta(seconds=1))
        assert storage.get_runs_count(RunsFilter(tags={"team": "data"})) == 2

    def test_a_filter_may_name_more_runs_than_a_statement_holds(self, storage: Records) -> None:
        """By the ten thousand, most of them unknown."""
        odd = "run '\u2028\U0001f600\\"
        _add(storage, "run-1", odd, "run-3")
        many = [f"none-{number}" for number in range(70_000)]
        assert _ids(storage, run_ids=[*many, odd, "run-1"]) == [odd, "run-1"]
        assert storage.get_runs_count(RunsFilter(run_ids=[*many, "run-3"])) == 1

    def test_tags_are_added_and_found(self, storage: Records) -> None:
        """Over those of the run; by key and by value."""
        _add(storage, "run-1", tags={"a": "1", "b": "2"})
        _add(storage, "run-2", tags={"a": "3"})
        storage.add_run_tags("run-1", {"b": "9", "c": "d"})
        assert _ids(storage, tags={"b": "9"}) == ["run-1"]
        assert _ids(storage, tags={"b": "2"}) == []
        (record,) = storage.get_run_records(RunsFilter(run_ids=["run-1"]))
        assert record.dagster_run.tags == {"a": "1", "b": "9", "c": "d"}
        assert list(storage.get_run_tag_keys()) == ["a", "b", "c"]
        assert list(storage.get_run_tags(["a", "none"])) == [("a", {"1", "3"})]
        assert list(storage.get_run_tags(["a"], value_prefix="3")) == [("a", {"3"})]
        with pytest.raises(RunNotFoundError, match="ghost"):
            storage.add_run_tags("ghost", {"a": "b"})

    def test_tags_are_kept_as_text(self, storage: Records) -> None:
        """What JSON can say becomes text, so that the run can be read again; what it cannot is refused."""
        storage.add_run(Run(job_name=JOB, run_id="run-1", tags={"tries": 3}))  # type: ignore[dict-item]  # no text
        storage.add_run_tags("run-1", {"is_late": True})  # type: ignore[dict-item]  # no text
        with pytest.raises(InvalidDefinitionError, match="object"):
            storage.add_run_tags("run-1", {"what": object()})  # type: ignore[dict-item]  # no text
        with pytest.raises(InvalidDefinitionError, match="mapping"):
            storage.add_run_tags("run-1", ["tries"])  # type: ignore[arg-type]  # what is refused
        (record,) = storage.get_run_records(RunsFilter(tags={"tries": "3"}))
        assert record.dagster_run.tags == {"tries": "3", "is_late": "true"}

    def test_added_tags_do_not_undo_the_status(self, storage: Records) -> None:
        """Tags and status are written by different hands."""
        _add(storage, "run-1")
        storage.store_entries([entry_of(build.run_started(JOB))])
        storage.add_run_tags("run-1", {"a": "b"})
        storage.store_entries([entry_of(build.run_succeeded(JOB))])
        (record,) = storage.get_run_records()
        assert (record.dagster_run.status, record.dagster_run.tags) == (RunStatus.SUCCESS, {"a": "b"})

    def test_a_deleted_run_is_gone(self, storage: Records) -> None:
        """With its tags; one that never was may be deleted too."""
        _add(storage, "run-1", "run-2", tags={"a": "b"})
        storage.delete_run("run-1")
        storage.delete_run("ghost")
        assert _ids(storage) == ["run-2"]
        assert _ids(storage, tags={"a": "b"}) == ["run-2"]

    def test_snapshots_and_small_values_are_kept(self, storage: Records) -> None:
        """A snapshot once, a value as it was last set."""
        storage.add_snapshot("s", "job", b"body")
        storage.add_snapshot("s", "job", b"body")
        assert storage.get_snapshot("s") == b"body"
        assert storage.get_snapshot("none") is None
        storage.set_cursor_values({"a": "1", "b": "2"})
        storage.set_cursor_values({"a": "3"})
        assert storage.get_cursor_values({"a", "b", "c"}) == {"a": "3", "b": "2"}

    def test_text_of_users_is_data(self, storage: Records) -> None:
        """Whatever stands in it, also SQL."""
        nasty = "x'; DROP TABLE runs; --\u0000%_\\\U0001f600"
        _add(storage, "run-1", tags={nasty: nasty}, job_name=nasty)
        assert _ids(storage, tags={nasty: nasty}, job_name=nasty) == ["run-1"]
        assert _ids(storage, tags={nasty: "%"}) == []


class SchedulesSuite:
    """Subclass it with a fixture ``storage`` that gives an empty storage and disposes of it."""

    def test_states_are_replaced_and_deleted(self, storage: ScheduleStorage) -> None:
        """One for each schedule or sensor."""
        row = InstigatorRow(
            selector_id="s",
            origin_id="o",
            repository_selector_id="r",
            kind="SENSOR",
            status="RUNNING",
            body=b"{}",
        )
        storage.put_instigator(row)
        stopped = msgspec.structs.replace(row, status="STOPPED")
        storage.put_instigator(stopped)
        assert storage.get_instigator("s") == stopped
        assert list(storage.get_instigators(kind="SENSOR", statuses=["STOPPED"])) == [stopped]
        assert list(storage.get_instigators(repository_selector_id="other")) == []
        storage.delete_instigator("s")
        assert storage.get_instigator("s") is None

    def test_ticks_are_kept_newest_first(self, storage: ScheduleStorage) -> None:
        """By time and status; old ones are purged."""
        stored = [
            storage.add_tick(TickRow(selector_id="s", origin_id="o", status="STARTED", timestamp=at, body=b"{}"))
            for at in (1.0, 2.0, 3.0)
        ]
        assert len({row.tick_id for row in stored}) == 3
        storage.update_tick(msgspec.structs.replace(stored[0], status="SUCCESS"))
        assert [row.timestamp for row in storage.get_ticks("s")] == [3.0, 2.0, 1.0]
        assert [row.timestamp for row in storage.get_ticks("s", before=3.0, limit=1)] == [2.0]
        assert [row.timestamp for row in storage.get_ticks("s", after=1.0, statuses=["STARTED"])] == [3.0, 2.0]
        assert storage.purge_ticks("s", 3.0, ["SUCCESS"]) == 1
        assert storage.get_ticks("other") == []
        assert [row.timestamp for row in storage.get_ticks("s")] == [3.0, 2.0]
