"""Questions and reports of the instance, in memory and on disk alike."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orrery.base.errors import (
    InvalidInvocationError,
    InvariantViolationError,
    RunAlreadyExistsError,
    RunNotFoundError,
)
from orrery.base.keys import AssetKey
from orrery.base.tags import CODE_VERSION_TAG
from orrery.model.events import build
from orrery.model.events.checks import AssetCheckEvaluation
from orrery.model.events.entry import AssetRecordsFilter, EventLogEntry, RunStatusChangeRecordsFilter
from orrery.model.events.event import EventType
from orrery.model.events.user import AssetMaterialization, AssetObservation
from orrery.model.records.run import Run, RunsFilter, RunStatus
from orrery.runtime.instance import AssetPartitionStatus, Instance, InstanceRef
from orrery.testing.conformance.samples import JOB, entry_of, failed_to_materialize, line, materialized, planned

A = AssetKey("a")


@pytest.fixture(params=["ephemeral", "persistent"])
def instance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Instance]:
    made = Instance.ephemeral() if request.param == "ephemeral" else Instance.local_temp(str(tmp_path))
    with made:
        yield made


def test_a_run_gets_an_id_and_is_found(instance: Instance) -> None:
    """A UUID, unless one is given."""
    run = instance.create_run(job_name=JOB, tags={"team": "data"})
    assert len(run.run_id) == 36
    assert instance.get_run_by_id(run.run_id) == run
    assert instance.has_run(run.run_id)
    assert instance.get_run_by_id("none") is None
    named = instance.create_run(job_name=JOB, run_id="mine", status="QUEUED")
    assert (named.run_id, named.status) == ("mine", RunStatus.QUEUED)
    assert instance.get_run_ids() == ["mine", run.run_id]
    assert instance.get_runs(limit=1) == [named]
    assert instance.get_runs_count(RunsFilter(tags={"team": "data"})) == 1


@pytest.mark.parametrize("order", ["id", "create_timestamp", "update_timestamp", "start_time", "end_time"])
def test_runs_have_these_orders(instance: Instance, order: str) -> None:
    run = instance.create_run(job_name=JOB)
    assert [record.dagster_run for record in instance.get_run_records(order_by=order)] == [run]


def test_an_order_that_runs_do_not_have_is_refused_with_the_nearest(instance: Instance) -> None:
    with pytest.raises(InvalidInvocationError, match="start_time"):
        instance.get_run_records(order_by="start_tme")


def test_a_run_ready_made_is_recorded_as_it_is(instance: Instance) -> None:
    """Once."""
    run = Run(job_name=JOB, run_id="run-1")
    assert instance.create_run(run) == run
    with pytest.raises(RunAlreadyExistsError):
        instance.add_run(run)


def test_a_run_without_a_job_is_refused(instance: Instance) -> None:
    """With what to give."""
    with pytest.raises(InvalidInvocationError, match="job_name="):
        instance.create_run()


def test_a_run_of_a_job_takes_its_name_and_tags(instance: Instance) -> None:
    """Over which those that are given count."""

    class Job:
        name = JOB
        tags = {"a": "1", "b": "2"}

    run = instance.create_run_for_job(Job(), tags={"b": "3"})
    assert (run.job_name, run.tags) == (JOB, {"a": "1", "b": "3"})
    with pytest.raises(InvalidInvocationError, match="job definition"):
        instance.create_run_for_job("nightly")


def test_reports_change_the_run(instance: Instance) -> None:
    """Started, asked to stop, canceled; each is an event."""
    run = instance.create_run(job_name=JOB)
    instance.report_dagster_event(build.run_started(JOB), run.run_id)
    instance.report_run_canceling(run)
    instance.report_run_canceled(run)
    ended = instance.get_run_by_id(run.run_id)
    assert ended is not None
    assert ended.status is RunStatus.CANCELED
    kinds = [entry.dagster_event_type for entry in instance.all_logs(run.run_id)]
    assert kinds == [EventType.RUN_START, EventType.RUN_CANCELING, EventType.RUN_CANCELED]
    assert instance.is_run_finished(run.run_id)


def test_a_run_that_failed_from_outside_says_why(instance: Instance) -> None:
    """In words of the caller."""
    run = instance.create_run(job_name=JOB)
    instance.report_run_failed(run, "its process is gone")
    (entry,) = instance.all_logs(run.run_id)
    assert "its process is gone" in entry.message
    assert entry.level == 40


def test_an_engine_event_belongs_to_a_run(instance: Instance) -> None:
    """With the name of who reports it."""
    run = instance.create_run(job_name=JOB)
    instance.report_engine_event("worker started", run, cls=Instance)
    assert instance.all_logs(run.run_id)[0].message == "[Instance] worker started"
    with pytest.raises(InvalidInvocationError, match="dagster_run="):
        instance.report_engine_event("worker started")


def test_pages_of_materializations_give_each_once(instance: Instance) -> None:
    """Newest first, following the cursor."""
    instance.store_entries([materialized("a", partition=str(number)) for number in range(5)])
    first = instance.fetch_materializations(A, limit=3)
    second = instance.fetch_materializations(A, limit=3, cursor=first.cursor)
    third = instance.fetch_materializations(A, limit=3, cursor=second.cursor)
    assert [record.partition_key for record in first.records] == ["4", "3", "2"]
    assert [record.partition_key for record in second.records] == ["1", "0"]
    assert (first.has_more, second.has_more, list(third.records)) == (True, False, [])
    old = instance.fetch_materializations(AssetRecordsFilter(A, asset_partitions=["0"]), limit=3, ascending=True)
    assert [record.partition_key for record in old.records] == ["0"]


def test_each_kind_about_an_asset_has_its_pages(instance: Instance) -> None:
    """Observed, planned and failed."""
    instance.store_entries([planned("a"), failed_to_materialize("a")])
    instance.report_runless_asset_event(AssetObservation("a"))
    assert len(instance.fetch_observations(A, 10).records) == 1
    assert len(instance.fetch_planned_materializations(A, 10).records) == 1
    assert len(instance.fetch_failed_materializations(A, 10).records) == 1


def test_changes_of_runs_are_fetched_by_kind_and_job(instance: Instance) -> None:
    """For sensors."""
    instance.store_entries([entry_of(build.run_succeeded("one"), "run-1")])
    instance.store_entries([entry_of(build.run_succeeded("two"), "run-2")])
    page = instance.fetch_run_status_changes(EventType.RUN_SUCCESS, limit=1)
    assert (page.records[0].run_id, page.has_more) == ("run-2", True)
    of_one = RunStatusChangeRecordsFilter(EventType.RUN_SUCCESS, job_names=["one"])
    assert [record.run_id for record in instance.fetch_run_status_changes(of_one, limit=5).records] == ["run-1"]


def test_events_outside_runs_are_about_assets(instance: Instance) -> None:
    """Made, observed or checked; nothing else."""
    instance.report_runless_asset_event(AssetMaterialization("a", partition="x"))
    instance.report_runless_asset_event(AssetCheckEvaluation(A, "unique", True))
    latest = instance.get_latest_materialization_event(A)
    assert latest is not None
    assert (latest.run_id, latest.asset_materialization) == ("", AssetMaterialization("a", partition="x"))
    assert instance.get_latest_materialization_event(AssetKey("none")) is None
    assert instance.get_materialized_partitions(A) == {"x"}
    with pytest.raises(InvalidInvocationError, match="no event about an asset"):
        instance.report_runless_asset_event("a")  # type: ignore[arg-type]  # wrong on purpose


def test_the_code_version_of_an_asset_is_that_of_its_latest_materialization(instance: Instance) -> None:
    """The run's id where the code declared none."""
    instance.store_entries([materialized("a", tags={CODE_VERSION_TAG: "v1"}), materialized("b", "run-7")])
    keys = [A, AssetKey("b"), AssetKey("c")]
    assert instance.get_latest_materialization_code_versions(keys) == {
        A: "v1",
        AssetKey("b"): "run-7",
        AssetKey("c"): None,
    }


def test_the_data_version_is_told_by_the_right_record(instance: Instance) -> None:
    """A materialization, or for a source its observation."""
    instance.store_entries([materialized("a", partition="x"), materialized("a", partition="y")])
    instance.report_runless_asset_event(AssetObservation("a"))
    made = instance.get_latest_data_version_record(A, partition_key="x")
    assert made is not None
    assert made.partition_key == "x"
    seen = instance.get_latest_data_version_record(A, is_source=True)
    assert seen is not None
    assert seen.asset_observation is not None
    assert instance.get_latest_data_version_record(AssetKey("none")) is None


def test_partitions_stand_as_their_runs_do(instance: Instance) -> None:
    """Made, on the way, failed, or unknown."""
    for run_id in ("done", "running", "broken"):
        instance.create_run(job_name=JOB, run_id=run_id)
        instance.report_dagster_event(build.run_started(JOB), run_id)
    instance.store_entries([planned("a", "done", partition="made"), materialized("a", "done", partition="made")])
    instance.store_entries([planned("a", "running", partition="running"), planned("a", "broken", partition="broken")])
    instance.store_entries([failed_to_materialize("a", "done", partition="failed")])
    instance.report_dagster_event(build.run_failed(JOB), "broken")
    keys = ["made", "running", "broken", "failed", "unknown"]
    assert instance.get_status_by_partition(A, keys, None) == {
        "made": AssetPartitionStatus.MATERIALIZED,
        "running": AssetPartitionStatus.IN_PROGRESS,
        "broken": AssetPartitionStatus.FAILED,
        "failed": AssetPartitionStatus.FAILED,
        "unknown": None,
    }


def test_asset_records_hold_the_latest_of_each_kind(instance: Instance) -> None:
    """As the public API names it."""
    instance.store_entries([planned("a"), materialized("a")])
    (record,) = instance.get_asset_records([A, AssetKey("none")])
    assert record.asset_entry.asset_key == A
    assert record.asset_entry.last_materialization is not None
    assert record.asset_entry.last_planned_materialization_run_id == "run-1"
    assert [each.asset_entry.asset_key for each in instance.get_asset_records()] == [A]


def test_wiping_an_asset_is_an_event(instance: Instance) -> None:
    """And takes keys only."""
    instance.store_entries([materialized("a", partition="x"), materialized("b", partition="x")])
    instance.wipe_assets([A])
    assert instance.get_asset_keys() == [AssetKey("b")]
    assert [entry.dagster_event_type for entry in instance.all_logs("")] == [EventType.ASSET_WIPED]
    instance.wipe_asset_partitions(AssetKey("b"), ["x"])
    assert instance.get_materialized_partitions(AssetKey("b")) == set()
    with pytest.raises(InvalidInvocationError, match="AssetKey"):
        instance.wipe_assets(["b"])  # type: ignore[list-item]  # wrong on purpose


def test_dynamic_partitions_are_a_sequence_of_text(instance: Instance) -> None:
    """One text is no sequence of its letters."""
    instance.add_dynamic_partitions("colours", ["red", "blue"])
    assert list(instance.get_dynamic_partitions("colours")) == ["red", "blue"]
    assert instance.get_existing_dynamic_partitions("colours", ["red", "pink"]) == {"red"}
    instance.delete_dynamic_partition("colours", "red")
    assert not instance.has_dynamic_partition("colours", "red")
    with pytest.raises(InvalidInvocationError, match=r"\['red'\]"):
        instance.add_dynamic_partitions("colours", "red")


def test_a_deleted_run_takes_its_log_with_it(instance: Instance) -> None:
    """And nothing happens if it is not there."""
    run = instance.create_run(job_name=JOB)
    instance.store_entries([line("x", run.run_id)])
    instance.delete_run(run.run_id)
    instance.delete_run("none")
    assert instance.get_run_by_id(run.run_id) is None
    assert instance.all_logs(run.run_id) == []


def test_a_chain_of_repetitions_is_a_group(instance: Instance) -> None:
    """Named by its first run."""
    first = instance.create_run(job_name=JOB, run_id="one")
    instance.create_run(job_name=JOB, run_id="two", root_run_id="one", parent_run_id="one")
    instance.create_run(job_name=JOB, run_id="other")
    root, runs = instance.get_run_group(first.run_id)
    assert (root, [run.run_id for run in runs]) == ("one", ["one", "two"])
    with pytest.raises(RunNotFoundError, match="ghost"):
        instance.get_run_group("ghost")
    instance.delete_run("one")
    with pytest.raises(RunNotFoundError, match="'two' repeats run 'one', which is not recorded any more"):
        instance.get_run_group("two")


def test_numbers_of_a_run_follow_from_its_log(instance: Instance) -> None:
    """Steps and materializations."""
    step = build.StepRef(JOB, "a")
    events = [build.step_start(step), build.step_success(step, 12.0)]
    instance.store_entries([entry_of(events[0], at=1.0), materialized("a"), entry_of(events[1], at=2.0)])
    stats = instance.get_run_stats("run-1")
    assert (stats.steps_succeeded, stats.materializations) == (1, 1)
    (of_step,) = instance.get_run_step_stats("run-1", ["a"])
    assert (of_step.start_time, of_step.end_time) == (1.0, 2.0)
    assert instance.get_asset_keys_for_run("run-1") == {A}


def test_listeners_hear_their_run_only(instance: Instance) -> None:
    """What is stored while they listen; a watcher hears what was before, too."""
    heard: list[str] = []

    def hear(entry: EventLogEntry, _cursor: str) -> None:
        heard.append(entry.user_message)

    with instance.watching("run-1", hear):
        instance.store_entries([line("one"), line("other", "run-2")])
        instance.handle_new_event(line("two"))
    instance.store_event(line("three"))
    assert heard == ["one", "two"]
    heard.clear()
    instance.watch_event_logs("run-1", None, hear)
    instance.store_event(line("four"))
    instance.end_watch_event_logs("run-1", hear)
    assert heard == ["one", "two", "three", "four"]


def test_a_log_is_read_from_a_place(instance: Instance) -> None:
    """By the number of entries that were seen."""
    instance.store_entries([line("one"), line("two"), line("three")])
    assert [entry.user_message for entry in instance.logs_after("run-1", 0)] == ["two", "three"]
    assert [entry.user_message for entry in instance.logs_after("run-1", limit=1)] == ["one"]


def test_values_become_durable_before_their_events(instance: Instance) -> None:
    """The barrier is flushed with the entries that were stored after it."""
    barrier = instance.new_write_barrier()
    assert barrier is not None
    order: list[str] = []

    def before() -> None:
        barrier.flush()
        order.append("values")

    instance.store_entries([materialized("a")], before)
    instance.flush()
    assert order == ["values"]


def test_what_does_not_launch_says_so(instance: Instance) -> None:
    """An instance without launcher runs in this process; a run whose code nobody knows is not launched."""
    run = instance.create_run(job_name=JOB)
    with pytest.raises(InvariantViolationError, match=r"no launcher|Nothing says where the code of job 'nightly' is"):
        instance.submit_run(run.run_id, None)
    with pytest.raises(RunNotFoundError):
        instance.launch_run("ghost", None)


def test_dispose_may_be_called_twice(instance: Instance) -> None:
    """And lets go of everything."""
    instance.dispose()
    instance.dispose()


def test_an_ephemeral_instance_has_its_directory_when_it_is_asked_for() -> None:
    """And removes it at the end."""
    with Instance.ephemeral() as instance:
        assert instance.info_dict()["root_directory"] is None
        folder = instance.root_directory
        assert os.path.isdir(folder)
        assert instance.storage_directory() == os.path.join(folder, "storage")
        assert (instance.is_ephemeral, instance.is_persistent) == (True, False)
        with pytest.raises(InvariantViolationError, match="this process only"):
            instance.get_ref()
    assert not os.path.exists(folder)


def test_a_reference_opens_the_same_records(tmp_path: Path) -> None:
    """In another process, as text."""
    with Instance.local_temp(str(tmp_path)) as instance:
        instance.create_run(job_name=JOB, run_id="run-1")
        text = instance.get_ref().to_json()
    with Instance.from_ref(InstanceRef.from_json(text)) as again:
        assert again.has_run("run-1")
        assert again.root_directory == str(tmp_path)


def test_records_outlive_the_instance(tmp_path: Path) -> None:
    """Runs, events, states."""
    with Instance.local_temp(str(tmp_path)) as instance:
        instance.create_run(job_name=JOB, run_id="run-1")
        instance.store_entries([materialized("a")])
    with Instance.local_temp(str(tmp_path)) as again:
        assert again.has_run("run-1")
        assert again.get_latest_materialization_event(A) == materialized("a")


def test_a_temporary_instance_is_removed() -> None:
    """Unless its directory was given."""
    with Instance.local_temp() as instance:
        folder = instance.root_directory
        assert "orrery.db" in os.listdir(folder)
    assert not os.path.exists(folder)


def test_an_instance_cannot_be_changed() -> None:
    """It is a frozen bundle."""
    instance: Any = Instance.ephemeral()
    with pytest.raises(AttributeError):
        instance.runs = None


def test_preloaded_runs_are_there() -> None:
    """With their logs."""
    with Instance.ephemeral(preload=[(Run(job_name=JOB, run_id="run-1"), [line("x")])]) as instance:
        assert instance.has_run("run-1")
        assert len(instance.all_logs("run-1")) == 1


@pytest.mark.parametrize("method", ["handle_new_event", "store_event"])
def test_what_is_no_entry_is_refused_before_it_is_written(method: str) -> None:
    """The thread that writes would die of it, and whoever asks next would wait for ever."""
    with Instance.local_temp() as instance:
        with pytest.raises(InvalidInvocationError, match="EventLogEntry, not 'x'"):
            getattr(instance, method)("x")
        assert instance.get_runs_count() == 0
