"""The numbers of a run and of its steps."""

from orrery.model.events import build
from orrery.model.events.build import StepRef
from orrery.model.events.entry import EventLogEntry
from orrery.model.events.event import Event
from orrery.model.events.user import AssetMaterialization, ExpectationResult
from orrery.model.records.stats import RunStats, StepMarker, StepStatus, run_stats, step_stats

A, B = StepRef("j", "a"), StepRef("j", "b")


def entries(*events: Event | None) -> list[EventLogEntry]:
    return [
        EventLogEntry(None, 10, "", "r", float(at), event.step_key if event else None, dagster_event=event)
        for at, event in enumerate(events, 1)
    ]


def test_a_run_counts_what_happened_in_it() -> None:
    stats = run_stats(
        "r",
        entries(
            build.run_enqueued("j"),
            build.run_starting("j"),
            build.run_started("j"),
            build.step_start(A),
            build.asset_materialization(A, AssetMaterialization("k")),
            build.expectation_result(A, ExpectationResult(True)),
            build.step_success(A, 1.0),
            build.step_failed(B, None),
            build.step_skipped(StepRef("j", "c")),
            None,
            build.run_failed("j"),
        ),
    )
    assert stats == RunStats(
        "r",
        steps_succeeded=1,
        steps_failed=1,
        materializations=1,
        expectations=1,
        enqueued_time=1.0,
        launch_time=2.0,
        start_time=3.0,
        end_time=11.0,
        steps_skipped=1,
    )


def test_a_run_that_goes_on_has_no_end() -> None:
    assert run_stats("r", entries(build.run_started("j"))).end_time is None


def test_a_step_has_its_span_and_status() -> None:
    stats = step_stats("r", entries(build.step_start(A), build.step_success(A, 1.0)))["a"]
    assert (stats.status, stats.start_time, stats.end_time, stats.attempts) == (StepStatus.SUCCESS, 1.0, 2.0, 1)
    assert stats.attempts_list == (StepMarker(1.0, 2.0),)


def test_a_step_that_goes_on_is_in_progress() -> None:
    stats = step_stats("r", entries(build.step_start(A)))["a"]
    assert (stats.status, stats.end_time, stats.partial_attempt_start) == (StepStatus.IN_PROGRESS, None, 1.0)


def test_each_attempt_is_counted() -> None:
    stats = step_stats(
        "r",
        entries(
            build.step_start(A),
            build.step_up_for_retry(A, None),
            build.step_restarted(A, 1),
            build.step_failed(A, None),
        ),
    )["a"]
    assert (stats.status, stats.attempts, stats.start_time, stats.end_time) == (StepStatus.FAILURE, 2, 1.0, 4.0)
    assert stats.attempts_list == (StepMarker(1.0, 2.0), StepMarker(3.0, 4.0))


def test_a_skipped_step_was_never_begun() -> None:
    stats = step_stats("r", entries(build.step_skipped(A)))["a"]
    assert (stats.status, stats.attempts, stats.attempts_list) == (StepStatus.SKIPPED, 0, ())


def test_steps_are_told_apart() -> None:
    stats = step_stats("r", entries(build.step_start(A), build.step_start(B), build.step_success(B, 1.0)))
    assert {key: found.status for key, found in stats.items()} == {"a": StepStatus.IN_PROGRESS, "b": StepStatus.SUCCESS}


def test_what_a_step_made_and_expected_is_kept() -> None:
    told = entries(
        build.step_start(A),
        build.asset_materialization(A, AssetMaterialization("k")),
        build.expectation_result(A, ExpectationResult(False, "rows")),
    )
    stats = step_stats("r", told)["a"]
    assert stats.materialization_events == (told[1],)
    assert stats.expectation_results == (ExpectationResult(False, "rows"),)


def test_spans_of_a_step_are_marked() -> None:
    stats = step_stats(
        "r",
        entries(
            build.resource_init_started("j", ["db"], step_key="a"),
            build.resource_init_success("j", ["db"], step_key="a"),
        ),
    )["a"]
    assert stats.markers == (StepMarker(1.0, 2.0, "resources"),)
