"""The tree of a trace accounts for the whole of each call."""

from orrery.runtime.engine.trace import Span, Trace


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
