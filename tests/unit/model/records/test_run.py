"""Runs: how they stand, what they are about, and their stored form."""

import pickle
from types import SimpleNamespace
from typing import Any

import pytest

from orrery.base.errors import InvalidDefinitionError, InvariantViolationError, StorageError
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.model.records.run import Run, RunsFilter, RunStatus, decode_run, encode_run

FULL = Run(
    "j",
    "r",
    run_config={"ops": {"a": {"config": [1, None]}}},
    asset_selection=frozenset({AssetKey(["a", "b"])}),
    asset_check_selection=frozenset({AssetCheckKey("a", "c")}),
    op_selection=["a*"],
    resolved_op_selection=frozenset({"a"}),
    step_keys_to_execute=["a"],
    status=RunStatus.STARTED,
    tags={"team": "x"},
    root_run_id="q",
    parent_run_id="q",
)


def test_what_is_not_said_of_a_run() -> None:
    run = Run("j")
    assert (run.run_id, run.run_config, run.tags, run.status) == ("", {}, {}, RunStatus.NOT_STARTED)
    assert run.asset_selection is run.step_keys_to_execute is run.root_run_id is None


def test_none_means_not_said() -> None:
    assert Run("j", None, None, status=None, tags=None) == Run("j")


@pytest.mark.parametrize(
    ("status", "finished", "success", "failure", "failed_or_canceled", "cancelable"),
    [
        (RunStatus.NOT_STARTED, False, False, False, False, False),
        (RunStatus.QUEUED, False, False, False, False, True),
        (RunStatus.STARTED, False, False, False, False, True),
        (RunStatus.CANCELING, False, False, False, False, False),
        (RunStatus.SUCCESS, True, True, False, False, False),
        (RunStatus.FAILURE, True, False, True, True, False),
        (RunStatus.CANCELED, True, False, False, True, False),
    ],
)
def test_how_a_run_stands(
    status: RunStatus, finished: bool, success: bool, failure: bool, failed_or_canceled: bool, cancelable: bool
) -> None:
    run = Run("j").with_status(status)
    assert run.is_finished is finished
    assert run.is_success is success
    assert run.is_failure is failure
    assert run.is_failure_or_canceled is failed_or_canceled
    assert run.is_cancelable is cancelable


def test_a_repetition_names_both_its_parent_and_its_root() -> None:
    with pytest.raises(InvariantViolationError, match="not both"):
        Run("j", "r", root_run_id="q")


def test_selections_may_be_any_set() -> None:
    assert Run("j", asset_selection={AssetKey("a")}).asset_selection == frozenset({AssetKey("a")})
    assert Run("j", asset_selection=set()).asset_selection == frozenset()


def test_the_selection_of_assets_and_checks() -> None:
    assert Run("j").entity_selection is None
    assert FULL.entity_selection == {AssetKey(["a", "b"]), AssetCheckKey("a", "c")}


def test_tags_are_kept_under_our_names() -> None:
    run = Run("j", tags={"dagster/partition": "p", "team": "x"})
    assert run.tags == {"orrery/partition": "p", "team": "x"}
    assert run.is_partitioned
    assert run.with_tags({"dagster/is_resume_retry": "true"}).is_resume_retry


def test_a_failed_run_waits_for_its_repetition_until_that_is_there() -> None:
    run = Run("j", status=RunStatus.FAILURE, tags={"orrery/will_retry": "true"})
    assert run.is_complete_and_waiting_to_retry
    assert not run.with_tags({**run.tags, "orrery/auto_retry_run_id": "s"}).is_complete_and_waiting_to_retry


def test_the_stored_form_gives_the_run_back() -> None:
    assert decode_run(encode_run(FULL)) == FULL
    assert decode_run(encode_run(Run("j"))) == Run("j")


def test_config_that_json_cannot_say_survives() -> None:
    run = Run("j", "r", run_config={"limit": [float("inf")], "file": "a\udcff"})
    assert decode_run(encode_run(run)) == run


def test_fields_of_a_newer_release_are_ignored() -> None:
    assert decode_run(b'{"job_name":"j","mood":"good"}') == Run("j")


@pytest.mark.parametrize("damaged", [b"", b"{", b"[]", b'{"job_name":3}', b'{"job_name":"j","status":"HAPPY"}'])
def test_a_damaged_run_is_told(damaged: bytes) -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        decode_run(damaged)


def test_a_run_can_be_sent_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(FULL)) == FULL


def test_a_filter_that_asks_for_no_run_is_refused() -> None:
    with pytest.raises(InvariantViolationError, match="non-empty"):
        RunsFilter(run_ids=[])


def test_a_filter_asks_for_statuses_by_their_type() -> None:
    with pytest.raises(InvalidDefinitionError, match="RunStatus"):
        RunsFilter(statuses=["SUCCESS"])


@pytest.mark.parametrize("tags", [{"a": 5}, {"a": None}, {5: "a"}, {"a": [5]}, "a", ["a"]])
def test_a_filter_asks_for_tags_by_text(tags: Any) -> None:
    with pytest.raises(InvalidDefinitionError, match="RunsFilter"):
        RunsFilter(tags=tags)


def test_a_filter_keeps_several_values_of_a_tag() -> None:
    assert RunsFilter(tags={"dagster/partition": ["a", "b"]}).tags == {"orrery/partition": ["a", "b"]}


def test_filters_for_what_launched_a_run() -> None:
    nightly = SimpleNamespace(name="nightly")
    assert RunsFilter.for_schedule(nightly) == RunsFilter(tags=Run.tags_for_schedule(nightly))
    assert RunsFilter.for_sensor(nightly).tags == {"orrery/sensor_name": "nightly"}
    assert RunsFilter.for_backfill("b").tags == {"orrery/backfill": "b"}
    assert Run.tags_for_tick_id("3", has_evaluations=True) == {
        "orrery/tick": "3",
        "orrery/from_automation_condition": "true",
    }
