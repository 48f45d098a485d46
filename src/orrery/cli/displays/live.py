"""
A run as a table that changes in place: for terminals.

While the run goes on, at most a screenful of steps is shown: what runs, what failed, what ended last, what comes
next. What users print and log appears above. At the end the table is printed once more and stays.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from orrery.cli.displays.above import LinesAbove
from orrery.cli.displays.plain import plain_line
from orrery.cli.happenings import Happening, RunView, StepView
from orrery.cli.paper import STATES, echo, fit, fit_start, width_of
from orrery.cli.summary import summary_lines
from orrery.cli.text import duration, number, one_line

__all__ = ["LiveTable"]

_MARKS = {
    "waiting": "·",
    "done": "✓",
    "failed": "✗",
    "skipped": "↷",
    "canceled": "■",
    "not run": "·",
    "retrying": "↻",
}
_PLAIN_MARKS = {
    "waiting": ".",
    "done": "+",
    "failed": "x",
    "skipped": "-",
    "canceled": "#",
    "not run": ".",
    "retrying": "~",
}
_DIM = ("waiting", "not run")
_STAYS = 60
_GAP = 2
_NAME_WIDTH = 48
_LEAST_NAME = 16
_LEAST_NOTE = 20
_URGENT = {"running": 0, "retrying": 0, "failed": 1, "canceled": 1, "waiting": 2, "done": 3, "skipped": 3}


def _terminal() -> TextIO:
    try:
        descriptor = os.dup(sys.stdout.fileno())
    except (OSError, ValueError):  # no file stands behind it
        return sys.stdout
    return os.fdopen(descriptor, "w", buffering=1, encoding=sys.stdout.encoding, errors=sys.stdout.errors)


class LiveTable:
    """
    Shows a run as a live table.

    Args:
        level: Least level of log lines.
        every_frame: Fold nothing in errors.
        console: Where to; standard output if None, on a descriptor of its own: that of the process is led elsewhere
            while steps run whose output is captured.
    """

    def __init__(self, *, level: int = 20, every_frame: bool = False, console: Console | None = None) -> None:
        self._level = level
        self._every_frame = every_frame
        self._console = console or Console(file=_terminal(), highlight=False, markup=False, emoji=False)
        self._ascii = not (self._console.encoding or "").lower().startswith("utf")
        self._view = RunView()
        self._live: Live | None = None
        self._above: tuple[LinesAbove, ...] = ()
        self._streams: tuple[TextIO, TextIO] = (sys.stdout, sys.stderr)
        self._is_interrupted = False
        self._again = "Ctrl-C"
        self._spinner = Spinner("line" if self._ascii else "dots")

    def begin(self, view: RunView) -> None:
        """Show the table."""
        self._view = view
        self._live = Live(
            console=self._console,
            get_renderable=self._screen,
            refresh_per_second=12,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()
        self._streams = (sys.stdout, sys.stderr)
        self._above = tuple(LinesAbove(self._console, stream) for stream in self._streams)
        sys.stdout, sys.stderr = self._above

    def show(self, happening: Happening) -> None:
        """Print log lines above the table; the table follows the view by itself."""
        if happening.word == "log" and happening.level >= self._level:
            line = self._plain(plain_line(happening, every_frame=self._every_frame))
            self._console.print(Text.from_ansi(line), soft_wrap=True)
        elif happening.word in ("run_done", "run_failed", "run_canceled"):
            self.end()

    def interrupt(self, signal_name: str, errors: int | None) -> None:
        """Tell that the run is asked to stop, below the table."""
        self._is_interrupted = True
        self._again = "Ctrl-C" if signal_name == "SIGINT" else signal_name

    def end(self) -> None:
        """Leave the table as it is in the end."""
        live, self._live = self._live, None
        if live is None:
            return
        for above in self._above:
            above.finish()
        sys.stdout, sys.stderr = self._streams
        live.stop()
        steps = self._view.visible_steps
        kept = steps if len(steps) <= _STAYS else _worth_keeping(steps)
        self._console.print(self._table(kept))
        if len(kept) < len(steps):
            self._console.print(Text(f"  and {number(len(steps) - len(kept))} more, done", style="dim"))

    def finish(self, view: RunView) -> None:
        """Print totals, errors, and where the values lie."""
        for line in summary_lines(view, every_frame=self._every_frame):
            echo(line)

    # -- the table -----------------------------------------------------------------------------

    def _screen(self) -> Group:
        steps = self._view.visible_steps
        room = max(3, self._console.size.height - 5)
        shown = steps if len(steps) <= room else _most_urgent(steps, room)
        parts: list[Table | Text] = [self._table(shown)]
        if len(shown) < len(steps):
            parts.append(Text(f"  and {number(len(steps) - len(shown))} more", style="dim"))
        parts += [
            Text(self._plain(fit_start(f"  {one_line(above.unfinished)}", self._console.width)))
            for above in self._above
            if above.unfinished
        ]
        parts.append(self._progress(steps))
        return Group(*parts)

    def _progress(self, steps: Sequence[StepView]) -> Text:
        ended = sum(step.state in ("done", "failed", "skipped") for step in steps)
        since = self._view.first
        passed = f", {duration(time.time() - since)}" if since is not None else ""
        if self._is_interrupted:
            return Text(f"  interrupted: closing resources; {self._again} again stops at once", style="magenta")
        return Text(f"  {number(ended)} of {number(len(steps))} steps{passed}", style="dim")

    def _table(self, steps: Sequence[StepView]) -> Table:
        with_rows = any(step.rows is not None for step in steps)
        now = time.time()
        texts = [
            (
                one_line(step.label),
                _state_text(step),
                _time_text(step, now),
                "" if step.rows is None else number(step.rows),
                one_line(step.note),
            )
            for step in steps
        ]
        names, states, times, rows, notes = zip(*texts, strict=True) if texts else ((),) * 5
        facts = [("state", states), ("time", times), *([("rows", rows)] if with_rows else [])]
        fixed = sum(_GAP + max(len(title), *map(len, column), 0) for title, column in facts)
        room = self._console.width - 1 - _GAP - fixed
        name_width, note_width = _shares(room, names, notes)
        table = Table(box=None, padding=(0, _GAP, 0, 0), show_edge=False, header_style="dim", pad_edge=False)
        table.add_column(" ", width=1)
        table.add_column("step", no_wrap=True, width=name_width)
        table.add_column("state", no_wrap=True)
        table.add_column("time", justify="right", no_wrap=True)
        if with_rows:
            table.add_column("rows", justify="right", no_wrap=True)
        if note_width:
            table.add_column("", no_wrap=True, width=note_width)
        for step, (name, state, passed, counted, note) in zip(steps, texts, strict=True):
            style = STATES.get(step.state, "dim")
            cells: list[Text | Spinner] = [
                self._mark(step, style),
                Text(self._plain(fit(name, name_width)), style="dim" if step.state in _DIM else ""),
                Text(state, style=style),
                Text(passed),
            ]
            if with_rows:
                cells.append(Text(counted))
            if note_width:
                cells.append(Text(self._plain(fit_start(note, note_width)), style="dim"))
            table.add_row(*cells)
        return table

    def _plain(self, text: str) -> str:
        """Return *text* in signs that the terminal can show."""
        return text.encode("ascii", "replace").decode() if self._ascii else text

    def _mark(self, step: StepView, style: str) -> Text | Spinner:
        if step.state == "running":
            self._spinner.style = style
            return self._spinner
        return Text((_PLAIN_MARKS if self._ascii else _MARKS).get(step.state, " "), style=style)


def _state_text(step: StepView) -> str:
    return f"{step.state} ({step.attempt})" if step.attempt > 1 else step.state


def _time_text(step: StepView, now: float) -> str:
    if step.seconds is not None:
        return duration(step.seconds)
    if step.started is not None and step.state in ("running", "retrying"):
        passed = now - step.started
        return duration(passed) if passed >= 1 else ""
    return ""


def _shares(room: int, names: Sequence[str], notes: Sequence[str]) -> tuple[int, int]:
    """
    Return how wide names and notes are shown in *room* columns: both are cut, so that no other column is.

    A note for which too little is left is not shown (0): errors and reasons are told in full below the table.
    """
    longest = max(len("step"), *map(width_of, names), 0)
    name = max(1, min(longest, _NAME_WIDTH, room))
    wanted = max(map(width_of, notes), default=0)
    if not wanted:
        return name, 0
    least = min(wanted, _LEAST_NOTE)
    if room - name - _GAP < least:
        name = max(min(name, _LEAST_NAME), room - _GAP - least)
    left = room - name - _GAP
    return (name, min(wanted, left)) if left >= least else (max(1, min(longest, _NAME_WIDTH, room)), 0)


def _most_urgent(steps: Sequence[StepView], room: int) -> list[StepView]:
    """Return what to show of more steps than there is room for, in their order."""
    ended = [step for step in steps if step.state in ("done", "skipped")]
    last_ended = set(map(id, sorted(ended, key=_end_of)[-max(1, room // 3) :]))
    ranked = sorted(
        range(len(steps)), key=lambda at: (1.5 if id(steps[at]) in last_ended else _URGENT.get(steps[at].state, 3), at)
    )
    return [steps[at] for at in sorted(ranked[:room])]


def _end_of(step: StepView) -> float:
    return (step.started or 0.0) + (step.seconds or 0.0)


def _worth_keeping(steps: Sequence[StepView]) -> list[StepView]:
    """Return what stays of a long table: what did not go well, and what took longest."""
    slow = set(map(id, sorted(steps, key=lambda step: step.seconds or 0.0)[-20:]))
    bad = [step for step in steps if step.state != "done"]
    kept = set(map(id, bad[:_STAYS])) | slow
    return [step for step in steps if id(step) in kept]
