"""The tree of a trace accounts for the whole of each call."""

import json
import os
import time

import pytest

from orrery.runtime.engine.trace import Span, SpanTold, Trace, TraceTold


def span(kind: str, started: float, seconds: float, parent: Span | None = None) -> Span:
    made = Span(kind, "x", {}, parent)
    made.started, made.seconds = started, seconds
    if parent is not None:
        parent.children.append(made)
    return made


def tree(root: Span) -> list[str]:
    trace = Trace()
    trace.roots.append(root)
    return trace.to_text().splitlines()


def test_what_no_call_inside_accounts_for_is_told_as_other() -> None:
    job = span("job", 0.0, 0.100)
    span("plan", 0.0, 0.010, job)
    span("execute", 0.020, 0.030, job)
    assert tree(job) == ["job x  100.00 ms", "├─ plan x  10.00 ms", "├─ execute x  30.00 ms", "└─ other  60.00 ms"]


def test_calls_that_overlap_count_once() -> None:
    job = span("job", 0.0, 0.050)
    span("step", 0.0, 0.040, job)
    span("step", 0.010, 0.040, job)
    assert tree(job) == ["job x  50.00 ms", "├─ step x  40.00 ms", "└─ step x  40.00 ms"]


def test_a_call_that_nothing_is_told_of_has_no_other() -> None:
    function = span("function", 0.0, 0.050)
    assert tree(function) == ["function x  50.00 ms"]


def told(started: float, thread: int = 1) -> TraceTold:
    inside = SpanTold("function", "a", started + 0.25, 0.5, thread, {}, ())
    return TraceTold("elsewhere", 77, (SpanTold("resources", "db", started, 1.0, thread, {"mode": "'r'"}, (inside,)),))


@pytest.mark.parametrize("off_seconds", [0.0, -3600.0, 3600.0])
def test_what_a_worker_noted_lies_within_the_step_whatever_its_clock_says(off_seconds: float) -> None:
    trace = Trace()
    step = trace.begin_beside("step", "a")
    step.started = time.perf_counter() - 2.0
    trace.graft(step, told(time.time() - 1.5 + off_seconds))
    trace.end(step)
    (resources,) = step.children
    (function,) = resources.children
    assert step.started <= resources.started + 1e-6
    assert resources.started + resources.seconds <= step.started + step.seconds + 1e-6
    assert (resources.seconds, function.seconds, resources.process) == (1.0, 0.5, ("elsewhere", 77))
    assert function.started - resources.started == pytest.approx(0.25, abs=1e-5)
    if not off_seconds:
        assert resources.started - step.started == pytest.approx(0.5, abs=0.1)
    assert trace.to_text().splitlines()[0].startswith("step a  process=77, host=elsewhere  ")


def test_each_process_has_its_pid_and_name_in_a_chrome_trace_and_what_overlaps_its_row() -> None:
    trace = Trace()
    execute = trace.begin("execute", "job")
    steps = [trace.begin_beside("step", name) for name in "ab"]
    for each in steps:
        trace.graft(each, told(time.time()))
        trace.end(each)
    trace.end(execute)
    events = json.loads(trace.to_chrome())["traceEvents"]
    names = {each["pid"]: each["args"]["name"] for each in events if each["ph"] == "M"}
    assert names == {os.getpid(): "the run", 77: "worker 77 on elsewhere"}
    rows = {(each["name"], each["pid"]): each["tid"] for each in events if each["ph"] == "X"}
    assert rows["step a", os.getpid()] != rows["step b", os.getpid()]
    assert rows["step a", os.getpid()] == rows["execute job", os.getpid()]
    assert ("function a", 77) in rows


def test_what_goes_on_elsewhere_does_not_take_in_what_is_called_here() -> None:
    trace = Trace()
    execute = trace.begin("execute", "job")
    step = trace.begin_beside("step", "a")
    trace.note("made", "here")
    trace.end(step)
    trace.note("made", "later")
    trace.end(execute)
    assert [each.name for each in execute.children] == ["a", "here", "later"]
    assert step.children == []
