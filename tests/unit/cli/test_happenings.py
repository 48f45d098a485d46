"""A run is read from its events: what is told, and how every step stands."""

from typing import Any

import pytest

from orrery.base.keys import AssetKey
from orrery.base.metadata import MetadataValue, normalize_metadata
from orrery.cli.happenings import RunView, rows_of
from orrery.model.events import build
from orrery.model.events.build import StepRef
from orrery.model.events.checks import AssetCheckEvaluation, AssetCheckSeverity
from orrery.model.events.entry import EventLogEntry
from orrery.model.events.error_info import error_info_from_exception
from orrery.model.events.event import Event
from orrery.model.events.payloads import RunFailureReason
from orrery.model.events.user import AssetMaterialization

A = StepRef("job", "a", "a")
B = StepRef("job", "b", "b")


class Feed:
    """Feeds a view with events, a second apart."""

    def __init__(self, *steps: str, templates: tuple[str, ...] = ()) -> None:
        self.view = RunView([(key, key) for key in steps], templates)
        self.now = 1_000.0

    def __call__(self, event: Event) -> Any:
        self.now += 1
        return self.view.feed(EventLogEntry(None, 10, "", "run-1", self.now, event.step_key, "job", event))


def test_a_step_goes_from_waiting_to_done() -> None:
    feed = Feed("a")
    states = [feed.view.steps["a"].state]
    for event in (build.run_started("job"), build.step_start(A), build.step_success(A, 250)):
        feed(event)
        states.append(feed.view.steps["a"].state)
    assert states == ["waiting", "waiting", "running", "done"]
    assert feed.view.steps["a"].seconds == 0.25


def test_the_time_of_a_run_is_that_from_its_start_to_its_end() -> None:
    """What its launcher told before, and what was recorded after, is no part of it."""
    feed = Feed("a")
    for event in (
        build.engine_event("job", "launched"),
        build.engine_event("job", "process started"),
        build.run_started("job"),
        build.step_start(A),
        build.step_success(A, 250),
        build.run_succeeded("job"),
        build.engine_event("job", "process ended"),
    ):
        feed(event)
    assert feed.view.totals.seconds == 3.0


def test_a_failure_is_told_by_what_the_user_raised() -> None:
    feed = Feed("a")
    feed(build.step_start(A))
    try:
        try:
            raise ValueError("bad\nsecond line")
        except ValueError as error:
            from orrery.base.errors import ExecutionStepExecutionError

            raise ExecutionStepExecutionError("around", user_exception=error) from error
    except ExecutionStepExecutionError as error:
        happening = feed(build.step_failed(A, error_info_from_exception(error)))
    assert happening.word == "step_failed"
    assert happening.text == "ValueError: bad"


def test_the_error_of_a_failed_run_is_told_once_by_its_step() -> None:
    """What ended the run by itself is told by the run."""
    error = error_info_from_exception(ValueError("bad"))
    for reason, told in ((RunFailureReason.STEP_FAILURE, None), (RunFailureReason.RUN_EXCEPTION, error)):
        feed = Feed("a")
        assert feed(build.run_failed("job", error, reason=reason)).error == told
        assert feed.view.error == told


def test_a_skipped_step_says_why() -> None:
    feed = Feed("a", "b")
    happening = feed(build.step_skipped(B, "upstream 'a' failed"))
    assert (happening.word, happening.text, feed.view.steps["b"].state) == (
        "step_skipped",
        "upstream 'a' failed",
        "skipped",
    )


def test_what_the_engine_says_of_a_step_is_told_and_what_it_says_of_itself_is_not() -> None:
    feed = Feed("a")
    told = feed(build.engine_event("job", "Step 'a' waits for pool 'db' (1 slot).", step_key="a"))
    assert (told.word, told.state, told.step.key) == ("log", "info", "a")
    assert told.text == "Step 'a' waits for pool 'db' (1 slot)."
    assert feed(build.engine_event("job", "Executing steps in process.")) is None


def test_a_retried_step_counts_its_attempts() -> None:
    feed = Feed("a")
    feed(build.step_start(A))
    assert feed(build.step_up_for_retry(A, None)).word == "step_retrying"
    feed(build.step_restarted(A, 1))
    assert feed.view.steps["a"].attempt == 2
    assert feed.view.steps["a"].state == "running"


def test_what_did_not_end_is_stopped_with_the_run() -> None:
    feed = Feed("a", "b")
    feed(build.run_started("job"))
    feed(build.step_start(A))
    assert feed(build.run_canceled("job")).word == "run_canceled"
    assert (feed.view.steps["a"].state, feed.view.steps["b"].state) == ("canceled", "not run")
    assert feed.view.totals.not_run == 2


def test_a_copy_takes_the_place_of_the_step_it_is_a_copy_of() -> None:
    feed = Feed("a", "each", templates=("each",))
    assert [step.key for step in feed.view.visible_steps] == ["a", "each"]
    feed(build.step_start(StepRef("job", "each[x]", "each")))
    assert [step.key for step in feed.view.visible_steps] == ["a", "each[x]"]


def materialized(rows: int, path: str = "/home/a") -> Event:
    metadata = {"row_count": rows, "path": MetadataValue.path(path)}
    return build.asset_materialization(A, AssetMaterialization(AssetKey(["raw", "a"]), metadata=metadata))


def test_rows_and_place_come_from_the_metadata() -> None:
    feed = Feed("a")
    feed(build.step_start(A))
    feed(
        build.handled_output(
            A, "result", "io_manager", metadata=normalize_metadata({"path": MetadataValue.path("/home/a")})
        )
    )
    feed(materialized(7))
    assert feed.view.steps["a"].rows == 7
    assert feed.view.values == {"raw/a": "/home/a"}


def test_partitions_at_one_place_are_told_as_a_range_with_their_number() -> None:
    feed = Feed("a")
    place = {"path": MetadataValue.path("/home/a")}
    for day in ("01", "02", "03"):
        made = AssetMaterialization(AssetKey("a"), partition=f"2013-01-{day}", metadata=place)
        feed(build.asset_materialization(A, made))
    assert feed.view.values == {"a [2013-01-01...2013-01-03, 3 partitions]": "/home/a"}


def test_rows_are_counted_once_for_an_output_and_its_asset() -> None:
    feed = Feed("a")
    feed(build.step_output(A, "result", metadata=normalize_metadata({"row_count": 7})))
    feed(materialized(7))
    assert feed.view.totals.rows == 7


@pytest.mark.parametrize("name", ["row_count", "dagster/row_count", "orrery/row_count"])
def test_rows_are_known_by_several_names(name: str) -> None:
    assert rows_of(normalize_metadata({name: 3})) == 3


def test_text_and_truth_are_no_rows() -> None:
    assert rows_of(normalize_metadata({"row_count": "many"})) is None
    assert rows_of(normalize_metadata({"row_count": True})) is None


@pytest.mark.parametrize(
    ("passed", "severity", "state"),
    [
        (True, AssetCheckSeverity.ERROR, "passed"),
        (False, AssetCheckSeverity.ERROR, "failed"),
        (False, AssetCheckSeverity.WARN, "warned"),
    ],
)
def test_a_check_passes_fails_or_warns(passed: bool, severity: AssetCheckSeverity, state: str) -> None:
    evaluation = AssetCheckEvaluation(AssetKey("a"), "whole", passed, severity=severity)
    assert Feed("a")(build.asset_check_evaluation(A, evaluation)).state == state


def test_a_log_line_keeps_its_level() -> None:
    view = RunView([("a", "a")])
    happening = view.feed(EventLogEntry(None, 30, "careful", "run-1", 1.0, "a", "job", None))
    assert happening is not None
    assert (happening.state, happening.text) == ("warning", "careful")
