"""
What every event log must do.
"""

from __future__ import annotations

import pytest

from orrery.base.errors import OrreryError
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.base.tags import CODE_VERSION_TAG, DATA_VERSION_TAG
from orrery.model.events import build
from orrery.model.events.entry import EventRecordsFilter
from orrery.model.events.event import Event, EventType
from orrery.model.events.payloads import AssetMaterializationPlannedData
from orrery.model.partitions.keys import MultiPartitionKey
from orrery.model.records.latest import FAILED, MADE, PLANNED, PartitionStates, StepState
from orrery.model.records.stats import StepStatus
from orrery.runtime.ports.event_log import EventLogStorage
from orrery.testing.conformance.samples import (
    JOB,
    entry_of,
    evaluated,
    failed_to_materialize,
    line,
    materialized,
    observed,
    planned,
)

__all__ = ["EventLogSuite"]

MATERIALIZED = EventType.ASSET_MATERIALIZATION


class EventLogSuite:
    """Subclass it with a fixture ``storage`` that gives an empty storage and disposes of it."""

    def test_entries_come_back_equal_and_in_order(self, storage: EventLogStorage) -> None:
        """Lines of the log and events alike, whatever text they hold."""
        entries = [
            line("begin \u2028 \U0001f600 'quoted' %s"),
            entry_of(build.run_started(JOB)),
            materialized(["a", "b/c"], partition="2024-01-01", tags={"k": "v"}),
            line("end"),
        ]
        storage.store_entries(entries)
        records = storage.get_records_for_run("run-1").records
        assert [record.event_log_entry for record in records] == entries
        assert [record.storage_id for record in records] == sorted(record.storage_id for record in records)

    def test_order_is_that_of_storing_and_not_of_the_clock(self, storage: EventLogStorage) -> None:
        """A clock that jumps back changes nothing."""
        storage.store_entries([line("first", at=2_000.0)])
        storage.store_entries([line("second", at=1_000.0)])
        log = storage.get_records_for_run("run-1").records
        assert [record.event_log_entry.user_message for record in log] == ["first", "second"]

    def test_an_empty_batch_is_nothing(self, storage: EventLogStorage) -> None:
        """Neither an entry nor an error."""
        storage.store_entries([])
        storage.flush()
        assert storage.get_maximum_record_id() is None

    def test_runs_do_not_see_each_other(self, storage: EventLogStorage) -> None:
        """The log of a run is its own, and that of an unknown run empty."""
        storage.store_entries([line("one", "run-1"), line("two", "run-2")])
        assert [r.run_id for r in storage.get_records_for_run("run-2").records] == ["run-2"]
        empty = storage.get_records_for_run("run-3")
        assert (list(empty.records), empty.has_more) == ([], False)

    @pytest.mark.parametrize("ascending", [True, False])
    def test_pages_give_each_entry_once(self, storage: EventLogStorage, ascending: bool) -> None:
        """Following the cursors walks the whole log, also while it grows."""
        storage.store_entries([line(str(number)) for number in range(7)])
        seen: list[str] = []
        cursor, more = None, True
        while more:
            page = storage.get_records_for_run("run-1", cursor, limit=3, ascending=ascending)
            seen += [record.event_log_entry.user_message for record in page.records]
            cursor, more = page.cursor, page.has_more
        numbers = [str(number) for number in range(7)]
        assert seen == (numbers if ascending else numbers[::-1])
        if ascending:
            storage.store_entries([line("late")])
            rest = storage.get_records_for_run("run-1", cursor).records
            assert [record.event_log_entry.user_message for record in rest] == ["late"]

    def test_a_cursor_that_is_none_is_refused(self, storage: EventLogStorage) -> None:
        """It is not taken for the beginning."""
        storage.store_entries([line("one")])
        with pytest.raises(OrreryError, match="no cursor"):
            storage.get_records_for_run("run-1", "nonsense")

    def test_a_log_is_read_by_kind(self, storage: EventLogStorage) -> None:
        """One kind or several."""
        storage.store_entries([line("x"), entry_of(build.run_started(JOB)), materialized("a"), observed("a")])
        of_one = storage.get_records_for_run("run-1", of_type=MATERIALIZED).records
        of_two = storage.get_records_for_run("run-1", of_type={MATERIALIZED, EventType.RUN_START}).records
        assert [record.event_type for record in of_one] == [MATERIALIZED]
        assert [record.event_type for record in of_two] == [EventType.RUN_START, MATERIALIZED]

    def test_records_are_filtered(self, storage: EventLogStorage) -> None:
        """By kind, asset, partition, place and time; newest first."""
        storage.store_entries(
            [
                materialized("a", at=10.0, partition="x"),
                materialized("a", at=20.0, partition="y"),
                materialized("b", at=30.0, partition="x"),
                observed("a", at=40.0),
                materialized("a", at=50.0),
            ]
        )
        first = storage.get_event_records(EventRecordsFilter(MATERIALIZED), limit=10)[-1].storage_id

        def ids(ascending: bool = False, limit: int | None = None, **fields: object) -> list[int]:
            wanted = EventRecordsFilter(MATERIALIZED, **fields)  # type: ignore[arg-type]  # the fields of the case
            return [record.storage_id - first for record in storage.get_event_records(wanted, limit, ascending)]

        a = AssetKey("a")
        assert ids() == [4, 2, 1, 0]
        assert ids(ascending=True, limit=2) == [0, 1]
        assert ids(asset_key=a) == [4, 1, 0]
        assert ids(asset_key=a, asset_partitions=["x", "z"]) == [0]
        assert ids(asset_key=a, after_cursor=first) == [4, 1]
        assert ids(before_cursor=first + 4) == [2, 1, 0]
        assert ids(after_timestamp=10.0, before_timestamp=50.0) == [2, 1]
        assert ids(storage_ids=[first, first + 3, first + 4]) == [4, 0]
        assert ids(asset_key=AssetKey("none")) == []

    def test_a_filter_may_name_more_than_a_statement_holds(self, storage: EventLogStorage) -> None:
        """Partitions by the ten thousand, most of them unknown."""
        storage.store_entries([materialized("a", partition=f"k{number}") for number in (5, 69_999, 40_000)])
        many = [f"k{number}" for number in range(70_000)]
        wanted = EventRecordsFilter(MATERIALIZED, asset_key=AssetKey("a"), asset_partitions=many)
        assert [record.partition_key for record in storage.get_event_records(wanted)] == ["k40000", "k69999", "k5"]
        oldest = storage.get_event_records(wanted, limit=2, ascending=True)
        assert [record.partition_key for record in oldest] == ["k5", "k69999"]
        ids = [record.storage_id for record in oldest]
        chosen = EventRecordsFilter(MATERIALIZED, storage_ids=[*range(1_000_000, 1_070_000), *ids])
        assert [record.storage_id for record in storage.get_event_records(chosen, ascending=True)] == ids
        assert set(storage.get_latest_of_partitions(AssetKey("a"), many)) == {"k5", "k40000", "k69999"}
        newest = storage.get_latest_storage_id_by_partition(AssetKey("a"), MATERIALIZED, partitions=set(many))
        assert set(newest) == {"k5", "k40000", "k69999"}

    def test_changes_of_runs_are_found_by_job(self, storage: EventLogStorage) -> None:
        """Sensors ask for the ends of the runs of some jobs."""
        storage.store_entries(
            [entry_of(build.run_succeeded("one"), "run-1"), entry_of(build.run_succeeded("two"), "run-2")]
        )
        wanted = EventRecordsFilter(EventType.RUN_SUCCESS)
        assert [r.run_id for r in storage.get_run_status_change_records(wanted)] == ["run-2", "run-1"]
        assert [r.run_id for r in storage.get_run_status_change_records(wanted, ["one"], limit=1)] == ["run-1"]

    def test_the_state_of_an_asset_is_the_latest_of_each_kind(self, storage: EventLogStorage) -> None:
        """Made, observed, planned and failed, each by its newest entry."""
        storage.store_entries([planned("a"), materialized("a"), observed("a"), line("x")])
        storage.store_entries([planned("a", "run-2"), failed_to_materialize("a", "run-2"), materialized("b")])
        a, b = storage.get_asset_states()
        assert (a.asset_key, b.asset_key) == (AssetKey("a"), AssetKey("b"))
        assert a.last_materialization is not None
        assert a.last_materialization.run_id == "run-1"
        assert a.last_observation is not None
        assert a.last_planned is not None
        assert a.last_planned.run_id == "run-2"
        assert a.last_failed is not None
        assert a.last_run_id == "run-2"
        assert b.last_planned is None
        assert [state.asset_key for state in storage.get_asset_states([AssetKey("b"), AssetKey("no")])] == [b.asset_key]

    def test_the_latest_materializations_of_many_assets_are_told_at_once(self, storage: EventLogStorage) -> None:
        """The newest of each; of those never made, unknown or wiped there is none."""
        storage.store_entries([materialized("a"), observed("b"), planned("c"), materialized("d")])
        storage.store_entries([materialized("a", "run-2"), observed("a"), materialized("e")])
        storage.wipe_asset(AssetKey("e"))
        keys = [AssetKey(name) for name in ("a", "b", "c", "e", "no", "d")]
        found = storage.get_latest_materializations(keys)
        assert {key: record.run_id for key, record in found.items()} == {AssetKey("a"): "run-2", AssetKey("d"): "run-1"}
        assert all(record.asset_key == key for key, record in found.items())
        assert storage.get_latest_materializations([]) == {}

    def test_assets_are_listed_by_prefix_and_page(self, storage: EventLogStorage) -> None:
        """A prefix is whole parts; a cursor is the stored form of a key."""
        keys = [["a"], ["a", "b"], ["ab"], ["A"], ["a/b"]]
        storage.store_entries([materialized(key) for key in keys])
        assert sorted(storage.get_asset_keys()) == sorted(AssetKey(key) for key in keys)
        assert list(storage.get_asset_keys(prefix=["a"])) == [AssetKey(["a", "b"]), AssetKey("a")]
        page = storage.get_asset_keys(limit=2)
        rest = storage.get_asset_keys(cursor=page[-1].to_db_string())
        assert [*page, *rest] == list(storage.get_asset_keys())
        assert storage.has_asset_key(AssetKey("A"))
        assert not storage.has_asset_key(AssetKey("B"))

    def test_a_wiped_asset_is_unknown_but_its_logs_stay(self, storage: EventLogStorage) -> None:
        """And it may be made again."""
        storage.store_entries([materialized("a", partition="x"), materialized("b"), evaluated("a", "check")])
        storage.wipe_asset(AssetKey("a"))
        assert list(storage.get_asset_keys()) == [AssetKey("b")]
        assert storage.get_event_records(EventRecordsFilter(MATERIALIZED, asset_key=AssetKey("a"))) == []
        assert storage.get_materialized_partitions(AssetKey("a")) == set()
        assert storage.get_check_states([AssetCheckKey("a", "check")]) == []
        assert len(storage.get_records_for_run("run-1").records) == 3
        storage.store_entries([materialized("a", "run-2")])
        (state,) = storage.get_asset_states([AssetKey("a")])
        assert state.last_materialization is not None
        assert state.last_materialization.run_id == "run-2"

    def test_partitions_have_a_state_of_their_own(self, storage: EventLogStorage) -> None:
        """The newest entry of each; wiped ones are forgotten."""
        a = AssetKey("a")
        storage.store_entries([materialized("a", partition="x"), materialized("a", partition="y"), materialized("a")])
        storage.store_entries([materialized("a", "run-2", partition="x")])
        newest = storage.get_latest_storage_id_by_partition(a, MATERIALIZED)
        assert set(newest) == storage.get_materialized_partitions(a) == {"x", "y"}
        assert newest["x"] > newest["y"]
        assert set(storage.get_latest_storage_id_by_partition(a, MATERIALIZED, partitions={"y"})) == {"y"}
        assert storage.get_materialized_partitions(a, after_cursor=newest["y"]) == {"x"}
        assert storage.get_materialized_partitions(a, before_cursor=newest["y"]) == {"x"}
        storage.wipe_asset_partitions(a, ["x"])
        assert storage.get_materialized_partitions(a) == {"y"}
        assert storage.has_asset_key(a)

    def test_partitions_are_planned_until_something_comes_of_it(self, storage: EventLogStorage) -> None:
        """Made or failed."""
        a = AssetKey("a")
        storage.store_entries([planned("a", partition=partition) for partition in ("x", "y", "z")])
        storage.store_entries([materialized("a", partition="x"), failed_to_materialize("a", partition="y")])
        assert storage.get_planned_partitions(a) == {"z": "run-1"}
        assert storage.get_failed_partitions(a) == {"y"}
        storage.store_entries([materialized("a", "run-2", partition="y")])
        assert storage.get_failed_partitions(a) == set()

    def test_the_latest_of_an_asset_is_told_without_its_entries(self, storage: EventLogStorage) -> None:
        """With the versions that the newest entries tell; one that tells none has none."""
        a, b = AssetKey("a"), AssetKey("b")
        versions = {DATA_VERSION_TAG: "d1", CODE_VERSION_TAG: "c1"}
        storage.store_entries([planned("a", "run-1"), materialized("a", "run-1", at=10.0, tags=versions)])
        storage.store_entries([observed("a", at=20.0), materialized("b", at=30.0, tags=versions)])
        storage.store_entries([materialized("b", "run-2", at=40.0), failed_to_materialize("b")])
        latest = storage.get_latest_of_assets([a, b, AssetKey("none")])
        assert set(latest) == {a, b}
        assert (latest[a].data_version, latest[a].code_version) == ("d1", "c1")
        assert (latest[a].materialized_at, latest[a].observed_at) == (10.0, 20.0)
        assert (latest[a].planned_run_id, latest[a].last_run_id) == ("run-1", "run-1")
        assert (latest[b].data_version, latest[b].code_version, latest[b].materialized_at) == (None, None, 40.0)
        assert latest[b].last_run_id == "run-2"
        assert (latest[b].failed or 0) > (latest[b].materialization or 0) > (latest[a].materialization or 0)
        storage.wipe_asset(a)
        assert set(storage.get_latest_of_assets([a, b])) == {b}

    def test_the_latest_of_partitions_is_told_without_their_entries(self, storage: EventLogStorage) -> None:
        """Each by itself; a wiped one is unknown, and known again when it is made again."""
        a = AssetKey("a")
        storage.store_entries([materialized("a", partition="x", tags={DATA_VERSION_TAG: "d1"}), planned("b")])
        storage.store_entries([planned("a", "run-2", partition="y"), observed("a", partition="z", at=7.0)])
        latest = storage.get_latest_of_partitions(a)
        assert set(latest) == {"x", "y", "z"}
        assert (latest["x"].data_version, latest["x"].last_run_id, latest["x"].flags) == ("d1", "run-1", MADE)
        assert (latest["y"].planned_run_id, latest["y"].flags) == ("run-2", PLANNED)
        assert (latest["z"].observed_at, latest["z"].flags) == (7.0, 0)
        assert set(storage.get_latest_of_partitions(a, ["y", "none"])) == {"y"}
        assert storage.get_latest_of_partitions(AssetKey("none")) == {}
        storage.wipe_asset_partitions(a, ["x"])
        assert set(storage.get_latest_of_partitions(a)) == {"y", "z"}
        storage.store_entries([materialized("a", "run-3", partition="x")])
        assert storage.get_latest_of_partitions(a, ["x"])["x"].data_version is None

    def test_many_partitions_are_told_in_columns(self, storage: EventLogStorage) -> None:
        """However many there are, in whatever batches they came, from whichever process."""
        a = AssetKey("a")
        keys = [f"k{number}" for number in range(1_300)]
        assert storage.get_partition_states(a) == PartitionStates((), b"")
        for start in range(0, 1_300, 130):
            storage.store_entries([planned("a", partition=key) for key in keys[start : start + 130]])
        storage.store_entries([materialized("a", partition=key) for key in keys[:700]])
        states = storage.get_partition_states(a)
        assert (states.count(MADE), states.count(PLANNED), states.count(FAILED)) == (700, 600, 0)
        assert set(states.keys_with(MADE)) == set(keys[:700])
        storage.store_entries([failed_to_materialize("a", partition=key) for key in keys[600:]])
        states = storage.get_partition_states(a)
        assert set(states.keys_with(FAILED)) == set(keys[600:])
        assert set(states.keys_with(MADE)) == set(keys[:700])
        assert states.count(PLANNED) == 0
        storage.wipe_asset(a)
        assert storage.get_partition_states(a).count(MADE | FAILED | PLANNED) == 0
        storage.store_entries([materialized("a", partition=keys[5])])
        assert storage.get_partition_states(a).keys_with(MADE) == [keys[5]]

    def test_a_plan_for_many_partitions_is_a_plan_for_each(self, storage: EventLogStorage) -> None:
        """One event says that a run is going to make a range."""
        a = AssetKey("a")
        data = AssetMaterializationPlannedData(asset_key=a, partitions_subset=("x", "y"))
        storage.store_entries([entry_of(Event("ASSET_MATERIALIZATION_PLANNED", JOB, event_specific_data=data))])
        storage.store_entries([materialized("a", partition="x")])
        assert storage.get_planned_partitions(a) == {"y": "run-1"}
        assert storage.get_partition_states(a).keys_with(PLANNED) == ["y"]

    def test_keys_of_several_dimensions_are_kept_as_text(self, storage: EventLogStorage) -> None:
        """Planned, made and failed alike."""
        a = AssetKey("a")
        keys = tuple(MultiPartitionKey({"day": day, "place": "x"}) for day in ("1", "2", "3"))
        data = AssetMaterializationPlannedData(asset_key=a, partitions_subset=keys)
        storage.store_entries([entry_of(Event("ASSET_MATERIALIZATION_PLANNED", JOB, event_specific_data=data))])
        storage.store_entries([materialized("a", partition=keys[0]), failed_to_materialize("a", partition=keys[1])])
        states = storage.get_partition_states(a)
        assert [states.keys_with(flag) for flag in (MADE, FAILED, PLANNED)] == [["1|x"], ["2|x"], ["3|x"]]
        assert {type(key) for key in states.keys} == {str}

    def test_steps_of_a_run_have_a_state(self, storage: EventLogStorage) -> None:
        """Begun, tried again, ended; in one batch or in several."""
        one, two = build.StepRef(JOB, "one"), build.StepRef(JOB, "two")
        storage.store_entries([entry_of(build.step_start(one), at=1.0), entry_of(build.step_start(two), at=2.0)])
        storage.store_entries(
            [entry_of(build.step_success(two, 5.0), at=3.0), entry_of(build.step_restarted(one, 1), at=4.0)]
        )
        storage.store_entries([line("x"), entry_of(build.step_start(two), "run-2", at=9.0)])
        first, second = storage.get_step_states("run-1")
        assert first == StepState(step_key="one", status=StepStatus.IN_PROGRESS, attempts=2, start_time=1.0)
        assert second == StepState(step_key="two", status=StepStatus.SUCCESS, attempts=1, start_time=2.0, end_time=3.0)
        assert list(storage.get_step_states("run-1", ["two", "none"])) == [second]
        assert list(storage.get_step_states("none")) == []
        storage.delete_events("run-1")
        assert list(storage.get_step_states("run-1")) == []
        assert [state.step_key for state in storage.get_step_states("run-2")] == ["two"]

    def test_very_many_steps_have_a_state_each(self, storage: EventLogStorage) -> None:
        """Also where they come in one batch, and change in another."""
        steps = [build.StepRef(JOB, f"s{number:03}") for number in range(130)]
        storage.store_entries([entry_of(build.step_start(step), at=float(at)) for at, step in enumerate(steps)])
        storage.store_entries([entry_of(build.step_success(step, 5.0), at=500.0) for step in steps[1:]])
        begun, *ended = storage.get_step_states("run-1")
        assert begun == StepState(step_key="s000", status=StepStatus.IN_PROGRESS, attempts=1, start_time=0.0)
        assert ended == [
            StepState(
                step_key=step.step_key, status=StepStatus.SUCCESS, attempts=1, start_time=float(at), end_time=500.0
            )
            for at, step in enumerate(steps)
            if at
        ]

    def test_checks_have_a_latest_evaluation(self, storage: EventLogStorage) -> None:
        """And a history, newest first."""
        key = AssetCheckKey("a", "unique")
        storage.store_entries([entry_of(build.asset_check_evaluation_planned(JOB, "a", key.asset_key, key.name))])
        storage.store_entries([evaluated("a", "unique", passed=False), evaluated("a", "other")])
        storage.store_entries([evaluated("a", "unique", "run-2")])
        (state,) = storage.get_check_states([key, AssetCheckKey("a", "none")])
        assert state.last_evaluation is not None
        assert state.last_evaluation.run_id == "run-2"
        assert state.last_planned is not None
        history = storage.get_check_evaluations(key, 10)
        assert [record.run_id for record in history] == ["run-2", "run-1"]
        assert [r.run_id for r in storage.get_check_evaluations(key, 10, history[0].storage_id)] == ["run-1"]

    def test_after_a_run_is_deleted_the_one_before_is_the_latest(self, storage: EventLogStorage) -> None:
        """States follow from what is left, and storage ids are not given again."""
        storage.store_entries([materialized("a", "run-1", partition="x"), evaluated("a", "check", "run-1")])
        storage.store_entries([materialized("a", "run-2", partition="y"), evaluated("a", "check", "run-2")])
        newest = storage.get_maximum_record_id()
        assert newest is not None
        storage.delete_events("run-2")
        storage.delete_events("unknown")
        (state,) = storage.get_asset_states()
        assert state.last_materialization is not None
        assert (state.last_materialization.run_id, state.last_run_id) == ("run-1", "run-1")
        assert storage.get_materialized_partitions(AssetKey("a")) == {"x"}
        (check,) = storage.get_check_states([AssetCheckKey("a", "check")])
        assert check.last_evaluation is not None
        assert check.last_evaluation.run_id == "run-1"
        storage.store_entries([line("next")])
        assert storage.get_records_for_run("run-1").records[-1].storage_id > newest

    def test_dynamic_partitions_keep_the_order_of_adding(self, storage: EventLogStorage) -> None:
        """Each once, by the name of its definition."""
        storage.add_dynamic_partitions("colours", ["red", "blue"])
        storage.add_dynamic_partitions("colours", ["blue", "green", "green"])
        storage.add_dynamic_partitions("shapes", ["red"])
        assert list(storage.get_dynamic_partitions("colours")) == ["red", "blue", "green"]
        storage.delete_dynamic_partition("colours", "red")
        storage.delete_dynamic_partition("colours", "nothing")
        assert list(storage.get_dynamic_partitions("colours")) == ["blue", "green"]
        assert not storage.has_dynamic_partition("colours", "red")
        assert storage.has_dynamic_partition("shapes", "red")
        assert list(storage.get_dynamic_partitions("none")) == []

    def test_what_comes_before_is_done_by_the_flush(self, storage: EventLogStorage) -> None:
        """Once, however many batches name it."""
        calls: list[str] = []

        def before() -> None:
            calls.append("before")

        storage.store_entries([line("one")], before)
        storage.store_entries([line("two")])
        storage.flush()
        assert calls == ["before"]

    def test_wiping_leaves_nothing(self, storage: EventLogStorage) -> None:
        """But storage ids go on."""
        storage.store_entries([materialized("a")])
        newest = storage.get_maximum_record_id()
        storage.add_dynamic_partitions("colours", ["red"])
        storage.wipe()
        assert list(storage.get_asset_keys()) == []
        assert list(storage.get_records_for_run("run-1").records) == []
        assert list(storage.get_dynamic_partitions("colours")) == []
        storage.store_entries([materialized("a")])
        assert newest is not None
        assert storage.get_records_for_run("run-1").records[0].storage_id > newest
