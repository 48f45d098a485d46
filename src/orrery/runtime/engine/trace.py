"""
The trace of a run: what was really called and created, with durations.

Measured from the run, never made up. Off, it costs a check for None here and there.
"""

from __future__ import annotations

import json
import os
import threading
import time
from typing import Any

__all__ = ["Span", "Trace"]


_LEAST_SHOWN_SECONDS = 0.00005


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
    """

    __slots__ = ("children", "details", "kind", "name", "parent", "seconds", "started", "thread")

    def __init__(self, kind: str, name: str, details: dict[str, Any], parent: Span | None) -> None:
        self.kind = kind
        self.name = name
        self.details = details
        self.parent = parent
        self.children: list[Span] = []
        self.started = time.perf_counter()
        self.seconds: float | None = None
        self.thread = threading.get_ident()


class Trace:
    """Notes spans as a run calls things; see :meth:`to_text` and :meth:`to_chrome`."""

    def __init__(self) -> None:
        self.roots: list[Span] = []
        self._open: dict[Any, list[Span]] = {}
        self._main: list[Span] = []
        self._thread = threading.get_ident()
        self._origin = time.perf_counter()

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
        stack = self._stack()
        parent = stack[-1] if stack else None
        span = Span(kind, name, details, parent)
        (parent.children if parent is not None else self.roots).append(span)
        stack.append(span)
        return span

    def end(self, span: Span) -> None:
        """Note that a call ended."""
        span.seconds = time.perf_counter() - span.started
        stack = self._stack()
        while stack:
            if stack.pop() is span:
                break

    def note(self, kind: str, name: str, **details: Any) -> None:
        """Note that something was made."""
        stack = self._stack()
        parent = stack[-1] if stack else None
        span = Span(kind, name, details, parent)
        span.seconds = 0.0
        (parent.children if parent is not None else self.roots).append(span)

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
        """Return the trace in the Chrome trace event format (JSON), times in microseconds."""
        events: list[dict[str, Any]] = []
        pid = os.getpid()
        lanes: dict[int, int] = {}

        def add(span: Span) -> None:
            lane = lanes.setdefault(span.thread, len(lanes) + 1)
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
            for child in span.children:
                add(child)

        for root in self.roots:
            add(root)
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
