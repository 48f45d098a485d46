"""
The trace of a run: what was really called and created, with durations.

Measured from the run, never made up. Off, it costs a check for None here and there. A worker notes its own tree and
tells it (:meth:`Trace.told`) when its step has ended; the run hangs it below the step (:meth:`Trace.graft`).
"""

from __future__ import annotations

import json
import os
import platform
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

__all__ = ["Span", "SpanTold", "Trace", "TraceTold"]


_LEAST_SHOWN_SECONDS = 0.00005


class SpanTold(msgspec.Struct, frozen=True, gc=False):
    """
    One call in another process.

    Attributes:
        kind: What it was.
        name: Which one.
        started: Seconds since 1970 by the clock of that process.
        seconds: How long it took; None if it did not end.
        thread: The thread.
        details: What is worth telling beside, as text.
        children: What happened inside.
    """

    kind: str
    name: str
    started: float
    seconds: float | None
    thread: int
    details: Mapping[str, str]
    children: tuple[SpanTold, ...]


class TraceTold(msgspec.Struct, frozen=True, gc=False):
    """
    What a worker noted of one attempt at a step.

    Attributes:
        host: Its machine.
        process: Its process id.
        spans: What was called.
    """

    host: str
    process: int
    spans: tuple[SpanTold, ...]


class Span:
    """
    One call, or one thing that was made.

    Attributes:
        kind: What it was: ``job``, ``plan``, ``step``, ``load_input``, ``function``, ``handle_output``, ...
        name: Which one.
        details: What is worth telling beside.
        started: Seconds on the clock of :func:`time.perf_counter`.
        seconds: How long it took; None while it goes on, 0 for what was only made.
        children: What happened inside.
        process: Host and process id, where it happened in a worker; None in the process of the run.
    """

    __slots__ = ("children", "details", "kind", "name", "parent", "process", "seconds", "started", "thread")

    def __init__(self, kind: str, name: str, details: dict[str, Any], parent: Span | None) -> None:
        self.kind = kind
        self.name = name
        self.details = details
        self.parent = parent
        self.children: list[Span] = []
        self.started = time.perf_counter()
        self.seconds: float | None = None
        self.thread = threading.get_ident()
        self.process: tuple[str, int] | None = None


class Trace:
    """
    Notes spans as a run calls things; see :meth:`to_text` and :meth:`to_chrome`.

    Args:
        is_of_worker: Whether a worker notes one attempt at a step: the run has a span for the step itself.
    """

    def __init__(self, *, is_of_worker: bool = False) -> None:
        self.is_of_worker = is_of_worker
        self.roots: list[Span] = []
        self._open: dict[Any, list[Span]] = {}
        self._main: list[Span] = []
        self._thread = threading.get_ident()
        self._origin = time.perf_counter()
        self._began = time.time()

    def _stack(self) -> list[Span]:
        key = _place(self._thread)
        if key is None:
            return self._main
        stack = self._open.get(key)
        if stack is None:
            stack = list(self._main[:1])
            for span in self._main:
                if span.kind == "execute" and span not in stack:
                    stack.append(span)
            self._open[key] = stack
        return stack

    def begin(self, kind: str, name: str, **details: Any) -> Span:
        """Note that a call begins."""
        span = self.begin_beside(kind, name, **details)
        self._stack().append(span)
        return span

    def begin_beside(self, kind: str, name: str, **details: Any) -> Span:
        """Note that something begins elsewhere: what is called here next is not inside it."""
        stack = self._stack()
        parent = stack[-1] if stack else None
        span = Span(kind, name, details, parent)
        (parent.children if parent is not None else self.roots).append(span)
        return span

    def end(self, span: Span) -> None:
        """Note that a call ended."""
        span.seconds = time.perf_counter() - span.started
        stack = self._stack()
        if span in stack:
            del stack[stack.index(span) :]

    def note(self, kind: str, name: str, **details: Any) -> None:
        """Note that something was made."""
        self.begin_beside(kind, name, **details).seconds = 0.0

    # -- between processes ---------------------------------------------------------------------

    def told(self) -> TraceTold:
        """Return what was noted, for the process of the run."""

        def tell(span: Span) -> SpanTold:
            details = {key: _short(value, 500) for key, value in span.details.items()}
            started = span.started - self._origin + self._began
            below = tuple(tell(child) for child in span.children)
            return SpanTold(span.kind, span.name, started, span.seconds, span.thread, details, below)

        return TraceTold(platform.node(), os.getpid(), tuple(tell(each) for each in self.roots))

    def graft(self, span: Span, told: TraceTold) -> None:
        """
        Hang what a worker noted below the span of its step, and name the process.

        The clock of another machine may be early or late: what was told is moved, no further than it takes, to lie
        between the begin of the span and now.
        """
        if not told.spans:
            return
        to_here = self._origin - self._began
        first = min(each.started for each in told.spans)
        last = max(each.started + (each.seconds or 0.0) for each in told.spans)
        to_here = min(to_here, time.perf_counter() - last)
        to_here = max(to_here, span.started - first)
        process = (told.host, told.process)

        def hang(each: SpanTold, parent: Span) -> None:
            made = Span(each.kind, each.name, dict(each.details), parent)
            made.started, made.seconds, made.thread = each.started + to_here, each.seconds, each.thread
            made.process = process
            parent.children.append(made)
            for child in each.children:
                hang(child, made)

        span.details["process"] = told.process
        if told.host != platform.node():
            span.details["host"] = told.host
        for each in told.spans:
            hang(each, span)

    # -- shown ---------------------------------------------------------------------------------

    def to_text(self) -> str:
        """Return the tree as text, a line a call."""
        lines: list[str] = []

        def show(span: Span, indent: str, last: bool, root: bool) -> None:
            branch = "" if root else ("└─ " if last else "├─ ")
            taken = f"  {_milliseconds(span.seconds)}" if span.seconds else ""
            details = (
                "  " + ", ".join(f"{key}={_short(value)}" for key, value in span.details.items())
                if span.details
                else ""
            )
            lines.append(f"{indent}{branch}{span.kind} {span.name}{details}{taken}")
            below = indent if root else indent + ("   " if last else "│  ")
            rest = _unaccounted(span)
            for index, child in enumerate(span.children):
                show(child, below, rest is None and index == len(span.children) - 1, False)
            if rest is not None:
                lines.append(f"{below}└─ other  {_milliseconds(rest)}")

        for root in self.roots:
            show(root, "", True, True)
        return "\n".join(lines)

    def to_chrome(self) -> str:
        """
        Return the trace in the Chrome trace event format (JSON), times in microseconds.

        Each process has its own pid and name; what overlaps in one thread, as steps that the run waits for, gets rows of
        its own.
        """
        events: list[dict[str, Any]] = []
        processes: dict[tuple[str, int] | None, int] = {None: os.getpid()}
        lanes: dict[tuple[int, Any], int] = {}

        def pid_of(process: tuple[str, int] | None) -> int:
            if process not in processes:
                number = process[1] if process is not None else 0
                while number in processes.values():  # another machine may use the same number
                    number += 1
                processes[process] = number
            return processes[process]

        def add(span: Span, row: tuple[int, ...]) -> None:
            pid = pid_of(span.process)
            lane = lanes.setdefault((pid, (span.thread, *row)), sum(each[0] == pid for each in lanes) + 1)
            event: dict[str, Any] = {
                "name": f"{span.kind} {span.name}",
                "cat": span.kind,
                "ph": "X",
                "ts": round((span.started - self._origin) * 1e6, 3),
                "dur": round((span.seconds or 0.0) * 1e6, 3),
                "pid": pid,
                "tid": lane,
            }
            if span.details:
                event["args"] = {key: _short(value, 500) for key, value in span.details.items()}
            events.append(event)
            add_all(span.children, row)

        def add_all(spans: Iterable[Span], row: tuple[int, ...]) -> None:
            ends: list[float] = []  # of what was put last into each row
            for span in sorted(spans, key=lambda each: each.started):
                place = next((at for at, end in enumerate(ends) if end <= span.started), len(ends))
                ends[place : place + 1] = [span.started + (span.seconds or 0.0)]
                add(span, (*row, place) if place else row)

        add_all(self.roots, ())
        for process, pid in processes.items():
            name = "the run" if process is None else f"worker {process[1]} on {process[0]}"
            events.append({"name": "process_name", "ph": "M", "pid": pid, "tid": 0, "args": {"name": name}})
        return json.dumps({"traceEvents": events, "displayTimeUnit": "ms"})


def _place(main: int) -> Any:
    """Return what tells overlapping calls apart: the task of the event loop, or the thread; None in thread *main*."""
    import sys

    asyncio = sys.modules.get("asyncio")
    task = None
    if asyncio is not None:
        try:
            task = asyncio.current_task()
        except RuntimeError:  # no loop runs in this thread
            task = None
    if task is not None:
        return task
    here = threading.get_ident()
    return None if here == main else here


def _unaccounted(span: Span) -> float | None:
    """Return how long a span took outside of what is told inside it: records, events, waiting; None if hardly at all."""
    if not span.seconds or not any(child.seconds for child in span.children):
        return None
    covered, until = 0.0, span.started
    for child in sorted(span.children, key=lambda each: each.started):  # children may overlap
        end = child.started + (child.seconds or 0.0)
        if end > until:
            covered += end - max(until, child.started)
            until = end
    rest = span.seconds - covered
    return rest if rest >= _LEAST_SHOWN_SECONDS else None


def _milliseconds(seconds: float | None) -> str:
    if seconds is None:
        return "(not ended)"
    return f"{seconds * 1000:.2f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _short(value: Any, limit: int = 60) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
