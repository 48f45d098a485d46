"""The latest state of an asset, folded from its events."""

from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.model.events import build
from orrery.model.events.build import StepRef
from orrery.model.events.checks import AssetCheckEvaluation
from orrery.model.events.entry import EventLogEntry, EventLogRecord
from orrery.model.events.event import Event
from orrery.model.events.payloads import AssetFailedToMaterializeData
from orrery.model.events.user import AssetMaterialization, AssetObservation
from orrery.model.records.asset import AssetCheckExecutionRecordStatus, AssetEntry, asset_key_of, fold, fold_all

STEP = StepRef("j", "s")
KEY = AssetKey("k")


def record(row: int, event: Event | None, run_id: str = "r") -> EventLogRecord:
    return EventLogRecord(row, EventLogEntry(None, 10, "", run_id, float(row), dagster_event=event))


def made(row: int, run_id: str = "r", partition: str | None = None) -> EventLogRecord:
    return record(row, build.asset_materialization(STEP, AssetMaterialization(KEY, partition=partition)), run_id)


def state_of(*records: EventLogRecord) -> AssetEntry:
    return fold_all(records)[KEY]


def test_the_latest_materialization_counts() -> None:
    state = state_of(made(1, "q"), made(2, "r"))
    assert state.last_materialization_storage_id == 2
    assert state.last_run_id == "r"
    assert state.is_materialized
    assert state.materialization == AssetMaterialization(KEY)
    assert state.last_materialization is not None


def test_an_older_materialization_that_comes_late_does_not_count() -> None:
    assert state_of(made(2, "r"), made(1, "q")) == state_of(made(1, "q"), made(2, "r"))


def test_an_observation_is_no_materialization() -> None:
    state = state_of(record(1, build.asset_observation(STEP, AssetObservation(KEY))))
    assert not state.is_materialized
    assert state.last_observation_storage_id == 1
    assert state.observation == AssetObservation(KEY)


def test_a_plan_is_kept_beside_what_was_made() -> None:
    state = state_of(made(1, "q"), record(2, build.asset_materialization_planned("j", "s", KEY), "r"))
    assert (state.last_planned_materialization_storage_id, state.last_planned_materialization_run_id) == (2, "r")
    assert state.last_materialization_storage_id == 1
    assert state.last_run_id == "r"


def test_a_failure_is_kept_beside_what_was_made() -> None:
    failed = build.asset_failed_to_materialize("j", "s", AssetFailedToMaterializeData(asset_key=KEY))
    state = state_of(made(1), record(2, failed))
    assert state.last_failed_to_materialize_storage_id == 2
    assert state.last_materialization_storage_id == 1


def planned_check(row: int, name: str = "c") -> EventLogRecord:
    return record(row, build.asset_check_evaluation_planned("j", "s", KEY, name))


def checked(row: int, passed: bool, name: str = "c") -> EventLogRecord:
    return record(row, build.asset_check_evaluation(STEP, AssetCheckEvaluation(KEY, name, passed)))


def test_each_check_has_its_latest_execution() -> None:
    state = state_of(planned_check(1), checked(2, True), planned_check(3), checked(4, False, "d"))
    assert state.checks["c"].status is AssetCheckExecutionRecordStatus.PLANNED
    assert state.completed_checks["c"].status is AssetCheckExecutionRecordStatus.SUCCEEDED
    assert state.checks["d"].status is AssetCheckExecutionRecordStatus.FAILED
    assert state.checks["d"].key == AssetCheckKey("k", "d")
    assert state.checks["d"].evaluation == AssetCheckEvaluation(KEY, "d", False)


def test_a_check_is_about_its_asset() -> None:
    assert asset_key_of(checked(1, True).event_log_entry) == KEY


def test_what_is_about_no_asset_changes_nothing() -> None:
    state = state_of(made(1))
    for other in (record(2, None), record(2, build.step_start(STEP)), record(2, build.run_succeeded("j"))):
        assert asset_key_of(other.event_log_entry) is None
        assert fold(other, state) is state
        assert fold(other, None) is None


def test_a_wiped_asset_has_no_past() -> None:
    state = state_of(made(1), planned_check(2), checked(3, True), record(4, build.asset_wiped(KEY)))
    assert state == AssetEntry(KEY, wiped_storage_id=4)


def test_what_is_made_after_the_wipe_counts() -> None:
    state = state_of(made(1), record(2, build.asset_wiped(KEY)), made(3))
    assert state.last_materialization_storage_id == 3


def test_what_was_made_before_the_wipe_does_not_come_back() -> None:
    assert state_of(record(2, build.asset_wiped(KEY)), made(1)) == AssetEntry(KEY, wiped_storage_id=2)


def test_a_wipe_that_is_heard_of_late_leaves_what_is_later() -> None:
    before = [made(1), planned_check(2), checked(3, True, "d")]
    wipe, after = record(4, build.asset_wiped(KEY)), [checked(5, True), made(6)]
    assert state_of(*before, *after, wipe) == state_of(*before, wipe, *after)
    assert state_of(*before, *after, wipe).checks.keys() == {"c"}


def test_wiping_a_partition_leaves_what_is_of_another() -> None:
    other = state_of(made(1, partition="p"), record(2, build.asset_wiped(KEY, ["q"])))
    assert other.is_materialized
    same = state_of(made(1, partition="p"), record(2, build.asset_wiped(KEY, ["p"])))
    assert not same.is_materialized
