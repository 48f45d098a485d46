"""
The numbers of a run and of its steps, folded from its entries in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum

import msgspec

from orrery.model.events.entry import EventLogEntry
from orrery.model.events.payloads import EngineEventData, StepExpectationResultData
from orrery.model.events.user import ExpectationResult

__all__ = [
    "RunStats",
    "StepMarker",
    "StepStats",
    "StepStatus",
    "fold_run_stats",
    "fold_step_stats",
    "run_stats",
    "step_stats",
]


class RunStats(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    The numbers of a run.

    Attributes:
        run_id: The run.
        steps_succeeded: How many steps succeeded.
        steps_failed: How many steps failed.
        materializations: How often an asset was made.
        expectations: How many expectations were told.
        enqueued_time: When it was put into the queue, in seconds since 1970 (UTC).
        launch_time: When its process was asked for.
        start_time: When it started.
        end_time: When it ended.
        steps_skipped: How many steps were skipped.
    """

    run_id: str
    steps_succeeded: int = 0
    steps_failed: int = 0
    materializations: int = 0
    expectations: int = 0
    enqueued_time: float | None = None
    launch_time: float | None = None
    start_time: float | None = None
    end_time: float | None = None
    steps_skipped: int = 0


_COUNTED = {
    "STEP_SUCCESS": "steps_succeeded",
    "STEP_FAILURE": "steps_failed",
    "STEP_SKIPPED": "steps_skipped",
    "ASSET_MATERIALIZATION": "materializations",
    "STEP_EXPECTATION_RESULT": "expectations",
}
_TIMED = {
    "PIPELINE_ENQUEUED": "enqueued_time",
    "PIPELINE_STARTING": "launch_time",
    "PIPELINE_START": "start_time",
    "PIPELINE_SUCCESS": "end_time",
    "PIPELINE_FAILURE": "end_time",
    "PIPELINE_CANCELED": "end_time",
}


def fold_run_stats(entry: EventLogEntry, stats: RunStats) -> RunStats:
    """Return the numbers of a run after *entry*."""
    event = entry.dagster_event
    if event is None:
        return stats
    kind = event.event_type_value
    counted = _COUNTED.get(kind)
    if counted is not None:
        return msgspec.structs.replace(stats, **{counted: getattr(stats, counted) + 1})
    timed = _TIMED.get(kind)
    if timed is not None and (timed == "end_time" or getattr(stats, timed) is None):
        at = entry.timestamp
        if timed == "end_time" and stats.start_time is not None:
            at = max(at, stats.start_time)  # a clock may have been set back
        return msgspec.structs.replace(stats, **{timed: at})
    return stats


def run_stats(run_id: str, entries: Iterable[EventLogEntry]) -> RunStats:
    """Return the numbers of the run whose *entries* these are, oldest first."""
    stats = RunStats(run_id)
    for entry in entries:
        stats = fold_run_stats(entry, stats)
    return stats


class StepStatus(Enum):
    """How a step stands."""

    SKIPPED = "SKIPPED"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    IN_PROGRESS = "IN_PROGRESS"


class StepMarker(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    A span of a step.

    Attributes:
        start_time: When it began, in seconds since 1970 (UTC).
        end_time: When it ended; None while it goes on.
        key: What the span is, for instance ``resources``; None for an attempt.
    """

    start_time: float | None = None
    end_time: float | None = None
    key: str | None = None


class StepStats(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    The numbers of a step.

    Attributes:
        run_id: The run.
        step_key: The step.
        status: How it stands; None before it starts.
        start_time: When its first attempt began, in seconds since 1970 (UTC).
        end_time: When it ended.
        materialization_events: The entries that say an asset was made.
        expectation_results: The expectations it told.
        attempts: How often it was begun.
        attempts_list: The span of each attempt that ended.
        markers: Other spans, for instance the setting up of resources.
        partial_attempt_start: When the attempt that goes on began.
    """

    run_id: str
    step_key: str
    status: StepStatus | None = None
    start_time: float | None = None
    end_time: float | None = None
    materialization_events: Sequence[EventLogEntry] = ()
    expectation_results: Sequence[ExpectationResult] = ()
    attempts: int = 0
    attempts_list: Sequence[StepMarker] = ()
    markers: Sequence[StepMarker] = ()
    partial_attempt_start: float | None = None


_ENDS = {
    "STEP_SUCCESS": StepStatus.SUCCESS,
    "STEP_FAILURE": StepStatus.FAILURE,
    "STEP_SKIPPED": StepStatus.SKIPPED,
}


def fold_step_stats(entry: EventLogEntry, stats: StepStats) -> StepStats:
    """
    Return the numbers of a step after *entry*.

    An entry about another step, or about none, changes nothing.
    """
    event = entry.dagster_event
    if event is None or event.step_key != stats.step_key:
        return stats
    at, kind = entry.timestamp, event.event_type_value
    replace = msgspec.structs.replace
    if kind in ("STEP_START", "STEP_RESTARTED"):
        return replace(
            stats,
            status=StepStatus.IN_PROGRESS,
            start_time=at if stats.start_time is None else stats.start_time,
            end_time=None,
            attempts=stats.attempts + 1,
            partial_attempt_start=at,
        )
    if kind == "STEP_UP_FOR_RETRY":
        return replace(stats, attempts_list=_attempts(stats, at), partial_attempt_start=None)
    ended = _ENDS.get(kind)
    if ended is not None:
        return replace(
            stats,
            status=ended,
            start_time=at if stats.start_time is None else stats.start_time,
            end_time=at if stats.start_time is None else max(at, stats.start_time),
            attempts_list=_attempts(stats, at),
            partial_attempt_start=None,
        )
    if kind == "ASSET_MATERIALIZATION":
        return replace(stats, materialization_events=(*stats.materialization_events, entry))
    data = event.event_specific_data
    if isinstance(data, StepExpectationResultData):
        return replace(stats, expectation_results=(*stats.expectation_results, data.expectation_result))
    if isinstance(data, EngineEventData) and (data.marker_start or data.marker_end):
        return replace(stats, markers=_marked(stats.markers, data, at))
    return stats


def step_stats(run_id: str, entries: Iterable[EventLogEntry]) -> dict[str, StepStats]:
    """Return the numbers of each step in *entries* of one run, oldest first, by step key."""
    found: dict[str, StepStats] = {}
    for entry in entries:
        event = entry.dagster_event
        if event is None or event.step_key is None:
            continue
        key = event.step_key
        before = found.get(key) or StepStats(run_id, key)
        after = fold_step_stats(entry, before)
        if after is not before:
            found[key] = after
    return found


def _attempts(stats: StepStats, at: float) -> tuple[StepMarker, ...]:
    if stats.partial_attempt_start is None:
        return tuple(stats.attempts_list)
    return (*stats.attempts_list, StepMarker(stats.partial_attempt_start, max(at, stats.partial_attempt_start)))


def _marked(markers: Sequence[StepMarker], data: EngineEventData, at: float) -> tuple[StepMarker, ...]:
    found = list(markers)
    if data.marker_end:
        for index, marker in enumerate(found):
            if marker.key == data.marker_end and marker.end_time is None:
                found[index] = StepMarker(
                    marker.start_time, at if marker.start_time is None else max(at, marker.start_time), marker.key
                )
                break
        else:
            found.append(StepMarker(None, at, data.marker_end))
    if data.marker_start:
        found.append(StepMarker(at, None, data.marker_start))
    return tuple(found)
