r"""
A run as plain lines: for files, pipes, and the logs of other programs.

A line begins with the time and a word of ours (``start``, ``done``, ``failed``, ...); what comes from users follows
on the same line, its newlines and control codes shown as ``\n`` and ``\x1b``. Lines that go on are indented.
"""

from __future__ import annotations

import contextlib
import os
import time

from orrery.cli.failure_text import failure_lines
from orrery.cli.happenings import Happening, RunView, StepView
from orrery.cli.paper import echo, styled
from orrery.cli.summary import summary_lines
from orrery.cli.text import block, count, duration, number, one_line

__all__ = ["PlainLines", "plain_line"]

_WORDS = {
    "step_started": "start",
    "step_done": "done",
    "step_failed": "failed",
    "step_skipped": "skipped",
    "step_retrying": "retry",
    "run_started": "run",
    "run_done": "run",
    "run_failed": "run",
    "run_canceled": "run",
    "check": "check",
}


class PlainLines:
    """
    Prints a run as plain lines.

    Args:
        level: Least level of log lines.
        every_frame: Fold nothing in errors.
    """

    def __init__(self, *, level: int = 20, every_frame: bool = False) -> None:
        self._level = level
        self._every_frame = every_frame
        self._view = RunView()

    def begin(self, view: RunView) -> None:
        """Remember the run."""
        self._view = view

    def show(self, happening: Happening) -> None:
        """Print one thing that happened."""
        if happening.word == "log" and happening.level < self._level:
            return
        if happening.word == "run_started":
            steps = count(len(self._view.visible_steps), "step")
            echo(f"{clock(happening.timestamp)} {'run':<8} {one_line(self._view.run_id)} of {steps}")
            return
        if happening.word in ("run_done", "run_failed", "run_canceled"):
            return  # the totals tell it
        echo(plain_line(happening, every_frame=self._every_frame))

    def interrupt(self, signal_name: str, errors: int | None) -> None:
        """Tell that the run is asked to stop."""
        tell_of_interrupt(signal_name, errors)

    def end(self) -> None:
        """Do nothing: every line is complete."""

    def finish(self, view: RunView) -> None:
        """Print totals, errors, and where the values lie."""
        for line in summary_lines(view, every_frame=self._every_frame):
            echo(line)


def plain_line(happening: Happening, *, every_frame: bool = False) -> str:
    """Return one thing that happened as a line; an error or a longer message goes on in indented lines."""
    step = happening.step
    name = one_line(step.label) if step is not None else ""
    word = _WORDS.get(happening.word, happening.state)
    head = f"{clock(happening.timestamp)} {word:<8}"
    if happening.word == "log":
        first, _, rest = happening.text.partition("\n")
        line = f"{head} {f'{name}: ' if name else ''}{one_line(first)}"
        if rest.strip():
            line += "\n" + block(rest, "    | ")
        if happening.error is not None:
            line += "\n" + "\n".join(failure_lines(happening.error, every_frame=every_frame, indent="    | "))
        return line
    if happening.word == "check":
        return f"{head} {one_line(happening.text)} {styled(happening.state)}"
    if happening.word in ("run_started", "run_done", "run_failed", "run_canceled"):
        return (
            f"{head} {happening.word.removeprefix('run_')}{f': {one_line(happening.text)}' if happening.text else ''}"
        )
    return "  ".join([f"{head} {name}", *_facts(happening, step)])


def _facts(happening: Happening, step: StepView | None) -> list[str]:
    facts: list[str] = []
    if step is None:
        return facts
    if happening.word in ("step_done", "step_failed") and step.seconds is not None:
        facts.append(duration(step.seconds))
    if happening.word == "step_done" and step.rows is not None:
        facts.append(f"{number(step.rows)} rows")
    if happening.word == "step_started" and step.attempt > 1:
        facts.append(f"attempt {step.attempt}")
    if happening.text:
        facts.append(one_line(happening.text))
    return facts


def tell_of_interrupt(signal_name: str, errors: int | None) -> None:
    """Tell on the descriptor *errors* that a run is asked to stop; a signal handler may call it."""
    if errors is None:
        return
    again = "Ctrl-C" if signal_name == "SIGINT" else signal_name
    with contextlib.suppress(OSError):  # whoever read it is gone
        os.write(errors, f"Interrupted: closing resources. {again} again stops at once.\n".encode())


def clock(timestamp: float) -> str:
    """Return the local time of day."""
    return time.strftime("%H:%M:%S", time.localtime(timestamp))
